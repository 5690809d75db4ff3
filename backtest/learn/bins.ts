import { firstAbove } from './search';
import type { FeatureMatrix } from './matrix';

/** The bin of a value that is not there. Values have the bins below it. */
export const MISSING_BIN = 255;
export const MAX_BINS = 255;

/** A matrix with every value replaced by its bin: what histograms are made of. */
export interface BinnedMatrix {
  readonly columns: readonly Uint8Array[];
  /** For each feature the values that part its bins, ascending: a value below `cuts[b]` is in bin `b` or a lower one. */
  readonly cuts: readonly Float64Array[];
}

/**
 * Puts every feature into at most `maxBins` bins. Where a feature has no more distinct values than that each has a bin of its
 * own; else bins hold about equally many rows. Cuts lie in the middle between two neighbouring values.
 * @param rows the rows that cuts are learnt from; all rows are put into bins
 * @throws RangeError for a number of bins that a byte cannot hold
 */
export function binMatrix(matrix: FeatureMatrix, rows: Int32Array, maxBins: number): BinnedMatrix {
  if (!Number.isInteger(maxBins) || maxBins < 2 || maxBins > MAX_BINS)
    throw new RangeError(`There can be 2 to ${MAX_BINS} bins, not ${maxBins}.`);
  const cuts = matrix.columns.map((column) => cutsOf(column, rows, maxBins));
  const columns = matrix.columns.map((column, feature) =>
    binsOf(column, cuts[feature] ?? new Float64Array(0)),
  );
  return { columns, cuts };
}

function cutsOf(column: Float64Array, rows: Int32Array, maxBins: number): Float64Array {
  const known = Float64Array.from(rows, (row) => column[row] ?? NaN)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const distinct = known.filter((value, index) => index === 0 || value !== known[index - 1]);
  if (distinct.length <= maxBins)
    return distinct.subarray(1).map((value, index) => between(distinct[index] ?? value, value));
  const cuts: number[] = [];
  for (let bin = 1; bin < maxBins; bin += 1) {
    const at = Math.floor((bin * known.length) / maxBins);
    const [below, above] = [known[at - 1] ?? NaN, known[at] ?? NaN];
    if (below < above) cuts.push(between(below, above));
    else {
      // The quantile lies inside a run of equal values: the run is parted from what is above it.
      const next = known[firstAbove(known, above)];
      if (next !== undefined) cuts.push(between(above, next));
    }
  }
  return Float64Array.from(new Set(cuts)).sort();
}

/** The middle, which must be above the lower value even where there is no number between them. */
function between(below: number, above: number): number {
  const middle = below + (above - below) / 2;
  return middle > below ? middle : above;
}

function binsOf(column: Float64Array, cuts: Float64Array): Uint8Array {
  const bins = new Uint8Array(column.length);
  for (let row = 0; row < column.length; row += 1) {
    const value = column[row] ?? NaN;
    bins[row] = Number.isNaN(value) ? MISSING_BIN : firstAbove(cuts, value);
  }
  return bins;
}
