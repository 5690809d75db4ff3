/** Examples as columns: one array per feature, a value for each row, NaN where there is none. */
export interface FeatureMatrix {
  readonly rows: number;
  readonly names: readonly string[];
  readonly columns: readonly Float64Array[];
}

/** Writes a row of the matrix into `into`, which has a place for every feature. */
export function readRow({ columns }: FeatureMatrix, row: number, into: Float64Array): Float64Array {
  for (let feature = 0; feature < columns.length; feature += 1)
    into[feature] = columns[feature]?.[row] ?? NaN;
  return into;
}

/** The whole numbers from `from` to just before `to`. */
export const rowsFrom = (from: number, to: number): Int32Array =>
  Int32Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
