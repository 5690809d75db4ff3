/** One figure of a run. */
export interface Measurement {
  readonly value: number;
  /** Of value and baseline. */
  readonly unit: string;
  /** What a bare version of the same took in the same run, interleaved; null where there is nothing to compare with. */
  readonly baseline: number | null;
  /** Value over baseline: the only claim of speed. */
  readonly ratio: number | null;
}

/** What a figure is held against. */
export interface Goal {
  readonly of: 'value' | 'ratio';
  readonly atMost: number;
}

/** A measurement by its name, with what people need to judge it. */
export interface NamedMeasurement extends Measurement {
  readonly name: string;
  readonly goal: Goal | null;
  /** One line: what was measured, how often, and against what. */
  readonly how: string;
}

/** Whether the goal is met; null when there is none. */
export function meetsGoal({ goal, value, ratio }: NamedMeasurement): boolean | null {
  if (goal === null) return null;
  const figure = goal.of === 'value' ? value : ratio;
  return figure !== null && figure <= goal.atMost;
}

/** What a JSON file holds of a run. */
export const toRecord = (measurements: readonly NamedMeasurement[]): Readonly<Record<string, Measurement>> =>
  Object.fromEntries(
    measurements.map(({ name, value, unit, baseline, ratio }) => [name, { value, unit, baseline, ratio }]),
  );
