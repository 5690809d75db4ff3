import type { MarketStep } from '../source';

/** Steps are dropped in batches, so that dropping costs next to nothing. */
const DROP_BATCH = 4096;

/** The steps of the recent past, in the order they came; their times never fall. */
export class Timeline {
  private steps: MarketStep[] = [];
  private readonly newest = new Map<string, MarketStep>();

  constructor(private readonly keepMs: number) {}

  push(step: MarketStep): void {
    this.steps.push(step);
    this.newest.set(step.symbol, step);
    if (this.steps.length % DROP_BATCH === 0)
      this.steps = this.steps.slice(this.indexAfter(step.timeMs - this.keepMs));
  }

  /** Steps with `fromMs < timeMs <= toMs` that are still kept. */
  *between(fromMs: number, toMs: number): Generator<MarketStep> {
    for (let index = this.indexAfter(fromMs); index < this.steps.length; index += 1) {
      const step = this.steps[index];
      if (step === undefined || step.timeMs > toMs) return;
      yield step;
    }
  }

  /** The symbol's newest step at `timeMs`. */
  at(symbol: string, timeMs: number): MarketStep | undefined {
    const newest = this.newest.get(symbol);
    if (newest === undefined || newest.timeMs <= timeMs) return newest;
    for (let index = this.indexAfter(timeMs) - 1; index >= 0; index -= 1) {
      const step = this.steps[index];
      if (step?.symbol === symbol) return step;
    }
    return undefined;
  }

  private indexAfter(timeMs: number): number {
    let low = 0;
    let high = this.steps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.steps[middle]?.timeMs ?? Infinity) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
