/** A training in steps of which none needs another: each can be made anywhere, in any order and again, and comes to the same. */
export interface TrainingSteps<Part, Result> {
  /** What each is, for people. */
  readonly names: readonly string[];
  /** @throws UserError when there is too little to learn from, RangeError when there is no such step */
  readonly make: (step: number) => Part;
  /** Puts together what all of them have given, in their order. */
  readonly conclude: (parts: readonly Part[]) => Result;
}

/** Makes all steps here, one after the other. */
export function makeAll<Part, Result>(
  { names, make, conclude }: TrainingSteps<Part, Result>,
  onProgress?: (done: number, all: number, what: string) => void,
): Result {
  const all = names.length + 1;
  const parts = names.map((name, step) => {
    onProgress?.(step, all, name);
    return make(step);
  });
  onProgress?.(names.length, all, 'everything');
  return conclude(parts);
}

/** The one of this number. @throws RangeError when there is none */
export function stepOf<T>(steps: readonly T[], step: number): T {
  const found = steps[step];
  if (found === undefined) throw new RangeError(`There is no step ${step} among ${steps.length}.`);
  return found;
}
