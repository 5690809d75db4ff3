/** One goal of a run, and whether the run met it. */
export interface Goal {
  readonly goal: string;
  /** The most that meets it: a count, or seconds of wall time. */
  readonly limit: number;
  /** Null when there was nothing to measure. */
  readonly measured: number | null;
  /** A goal that nothing was measured for is not met. */
  readonly isMet: boolean;
}

/** The figures that goals are about. */
interface Measured {
  readonly duplicates: number;
  readonly lost: number;
  readonly orphaned: number;
  readonly unprotectedAnsweredSecondsMax: number | null;
  readonly resumeSecondsMax: number | null;
}

/** What each goal is called, which figure it is about, and its limit. */
const GOALS: readonly (readonly [goal: string, figure: keyof Measured, limit: number])[] = [
  ['duplicate', 'duplicates', 0],
  ['lost', 'lost', 0],
  ['orphaned', 'orphaned', 0],
  ['longest without a stop while the exchange answered', 'unprotectedAnsweredSecondsMax', 5],
  ['slowest to resume', 'resumeSecondsMax', 10],
];

/** Every goal, in the order in which they are told. */
export const goalsOf = (figures: Measured): readonly Goal[] =>
  GOALS.map(([goal, figure, limit]) => {
    const measured = figures[figure];
    return { goal, limit, measured, isMet: measured !== null && measured <= limit };
  });

/** One line for people. */
export function describeGoal({ goal, limit, measured, isMet }: Goal): string {
  const unit = limit === 0 ? '' : ' s';
  const found = measured === null ? 'nothing was measured' : `${measured}${unit}`;
  return `${isMet ? 'met' : 'MISSED'}: ${goal}: ${found} (goal: ${limit === 0 ? '0' : `≤ ${limit}${unit}`})`;
}
