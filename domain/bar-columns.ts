import type { Bar } from './bar';

/**
 * Bars as columns: the newest last, every array `length` long, prices in quote and volumes in base units. Whoever holds
 * them only reads.
 */
export interface BarColumns {
  readonly length: number;
  readonly openTimeMs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/** The columns of a list of bars, oldest first. */
export function columnsOf(bars: readonly Bar[]): BarColumns {
  const column = (name: keyof Bar): Float64Array => Float64Array.from(bars, (bar) => bar[name]);
  return {
    length: bars.length,
    openTimeMs: column('openTimeMs'),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: column('volume'),
  };
}
