import type { Trainings } from '../../activities/training';
import { UserError } from '../../domain/errors';

/** A training of numbers, in memory: step `n` learns `n²`, and the model is their sum. */
export class MemoryTrainings implements Trainings {
  /** How many steps there are, by training. */
  readonly plans = new Map<string, number>();
  readonly kept = new Map<string, Map<number, number>>();
  readonly models = new Map<string, string>();
  /** How often a step was made. */
  made = 0;
  /** Called before and after a step is kept; whoever throws here has died then. */
  onStep: (step: number, isKept: boolean) => void = () => undefined;

  plan(trainingId: string): Promise<readonly string[]> {
    const steps = this.plans.get(trainingId);
    if (steps === undefined)
      return Promise.reject(new UserError(`There is no training ${trainingId}.`, 'Begin one.'));
    return Promise.resolve(Array.from({ length: steps }, (_, index) => `fold ${index + 1}`));
  }

  make(trainingId: string, step: number): Promise<void> {
    const kept = this.kept.get(trainingId) ?? new Map<number, number>();
    this.kept.set(trainingId, kept);
    if (kept.has(step)) return Promise.resolve();
    this.onStep(step, false);
    kept.set(step, step * step);
    this.made += 1;
    this.onStep(step, true);
    return Promise.resolve();
  }

  conclude(trainingId: string, steps: number): Promise<string> {
    const kept = this.kept.get(trainingId) ?? new Map<number, number>();
    if (kept.size !== steps) throw new Error(`Only ${kept.size} of ${steps} steps have been made.`);
    const sum = [...kept.values()].reduce((total, value) => total + value, 0);
    this.models.set(trainingId, `signal-${sum}`);
    return Promise.resolve(`signal-${sum}`);
  }
}
