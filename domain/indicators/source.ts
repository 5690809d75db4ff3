import type { BarColumns } from '../bar-columns';

/** What of a bar an indicator reads: a column, `median` = (high + low) / 2, or `typical` = (high + low + close) / 3. */
export const PriceSource = {
  Open: 'open',
  High: 'high',
  Low: 'low',
  Close: 'close',
  Volume: 'volume',
  Median: 'median',
  Typical: 'typical',
} as const;
export type PriceSource = (typeof PriceSource)[keyof typeof PriceSource];

/** The source of every bar. A column of the bars is handed out as it is, not copied: read it only. */
export function sourceColumn(columns: BarColumns, source: PriceSource): Float64Array {
  if (source === 'median') return medianPrices(columns.high, columns.low);
  if (source === 'typical') return typicalPrices(columns.high, columns.low, columns.close);
  return columns[source];
}

export const medianPrice = (high: number, low: number): number => (high + low) / 2;

export const typicalPrice = (high: number, low: number, close: number): number => (high + low + close) / 3;

function medianPrices(highs: Float64Array, lows: Float64Array): Float64Array {
  const out = new Float64Array(highs.length);
  for (let i = 0; i < out.length; i += 1) out[i] = medianPrice(highs[i] ?? NaN, lows[i] ?? NaN);
  return out;
}

function typicalPrices(highs: Float64Array, lows: Float64Array, closes: Float64Array): Float64Array {
  const out = new Float64Array(highs.length);
  for (let i = 0; i < out.length; i += 1) {
    out[i] = typicalPrice(highs[i] ?? NaN, lows[i] ?? NaN, closes[i] ?? NaN);
  }
  return out;
}
