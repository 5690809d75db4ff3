import type { BestTrial, Sweeps, TrialRange } from '../../activities/optimisation';
import { createAsk, type Asked, type SearchPlan, type Tried } from '../../backtest/optimise/search';
import type { Point } from '../../backtest/optimise/space';
import { UserError } from '../../domain/errors';

/** A sweep of a function, in memory. */
export class MemorySweeps implements Sweeps {
  readonly plans = new Map<string, SearchPlan>();
  readonly asked = new Map<string, Asked[]>();
  /** By number. */
  readonly scores = new Map<string, Map<number, number | null>>();
  readonly finished: string[] = [];
  /** How often a trial was made. */
  tried = 0;
  score: (point: Point) => number | null = () => 0;
  /** Called after every trial; whoever throws here has died after it was recorded. */
  afterTrial: (number: number) => void = () => undefined;

  propose(sweepId: string): Promise<TrialRange> {
    const plan = this.plans.get(sweepId);
    if (plan === undefined)
      return Promise.reject(new UserError(`There is no sweep ${sweepId}.`, 'Begin one.'));
    const { asked, scores } = this.of(sweepId);
    const waiting = asked.findIndex((_, number) => !scores.has(number));
    if (waiting >= 0) return Promise.resolve({ from: waiting, to: asked.length });
    const from = asked.length;
    asked.push(...createAsk(plan, () => true)(this.triedOf(sweepId)));
    return Promise.resolve({ from, to: asked.length });
  }

  run(sweepId: string, { from, to }: TrialRange): Promise<BestTrial> {
    const { asked, scores } = this.of(sweepId);
    let best: BestTrial = null;
    for (let number = from; number < to; number += 1) {
      if (!scores.has(number)) {
        scores.set(number, this.score(asked[number]?.point ?? {}));
        this.tried += 1;
        this.afterTrial(number);
      }
      const score = scores.get(number) ?? null;
      if (score !== null && score > (best?.score ?? -Infinity)) best = { number, score };
    }
    return Promise.resolve(best);
  }

  finish(sweepId: string): Promise<void> {
    this.finished.push(sweepId);
    return Promise.resolve();
  }

  triedOf(sweepId: string): readonly Tried[] {
    const { asked, scores } = this.of(sweepId);
    return asked.map((one, number) => ({ ...one, score: scores.get(number) ?? null }));
  }

  private of(sweepId: string) {
    const asked = this.asked.get(sweepId) ?? [];
    const scores = this.scores.get(sweepId) ?? new Map<number, number | null>();
    this.asked.set(sweepId, asked);
    this.scores.set(sweepId, scores);
    return { asked, scores };
  }
}
