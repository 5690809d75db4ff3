import { timeframeMs } from '../bar';
import { sortedQuantile } from '../statistics';
import type { Series } from '../timeframes';
import { MAD_TO_DEVIATION, QUALITY_LIMITS } from './limits';

/** A return that is far out of what the bars before it were like. */
export interface Outlier {
  readonly index: number;
  /** Relative change of the close. */
  readonly move: number;
  /** Robust z-score; infinite after bars that did not move at all. */
  readonly deviations: number;
}

/**
 * Robust z-scores of log returns: |r − median| ÷ (1.4826 × MAD) over the returns before it, its own excluded (Iglewicz and
 * Hoaglin 1993). A return across missing bars is scaled by the root of its length in bars.
 */
export function findOutliers({ timeframe, bars }: Series): readonly Outlier[] {
  const { outlierDeviations, outlierMove, minReturns, returnWindowBars } = QUALITY_LIMITS;
  const length = timeframeMs(timeframe);
  const found: Outlier[] = [];
  const returnAt = (index: number): number => {
    const apart = ((bars.openTimeMs[index] ?? NaN) - (bars.openTimeMs[index - 1] ?? NaN)) / length;
    return Math.log((bars.close[index] ?? NaN) / (bars.close[index - 1] ?? NaN)) / Math.sqrt(apart);
  };
  for (let index = minReturns + 1; index < bars.length; index += 1) {
    const move = (bars.close[index] ?? NaN) / (bars.close[index - 1] ?? NaN) - 1;
    // Almost every bar ends here, which spares it the sorting.
    if (Math.abs(move) < outlierMove) continue;
    const before = new Float64Array(Math.min(index - 1, returnWindowBars));
    for (let back = 0; back < before.length; back += 1) before[back] = returnAt(index - 1 - back);
    const deviations = robustDeviations(returnAt(index), before);
    if (deviations > outlierDeviations) found.push({ index, move, deviations });
  }
  return found;
}

/** How many robust deviations `value` is from the sample's median; the sample is sorted in place. */
export function robustDeviations(value: number, sample: Float64Array): number {
  const middle = medianInPlace(sample);
  const deviation = medianInPlace(sample.map((one) => Math.abs(one - middle))) * MAD_TO_DEVIATION;
  const distance = Math.abs(value - middle);
  return distance === 0 ? 0 : distance / deviation;
}

const medianInPlace = (sample: Float64Array): number => sortedQuantile(sample.sort(), 0.5);
