import { percent, thousands } from '../../domain/display';

/** Fewer trades, or decisions, say nothing, whatever the numbers are: a convention, and no more. */
export const LEAST_CASES = 30;
/** A quarter of a year. */
const LEAST_DAYS = 90;

/** What is to be said of a sample of so many days; nothing when there are enough. */
export const tooFewDays = (days: number): readonly string[] =>
  days < LEAST_DAYS
    ? [`It covers ${days.toFixed(0)} days; below ${LEAST_DAYS} it is one mood of the market.`]
    : [];

/** How often chance did as well, to go into a sentence. */
export const didAsWell = ({ pValue, runs }: { readonly pValue: number; readonly runs: number }): string =>
  `did as well in ${percent(pValue, 1)} of ${thousands(runs, 0)} runs`;
