import {
  adx as libraryAdx,
  atr as libraryAtr,
  ema as libraryEma,
  rsi as libraryRsi,
} from 'technicalindicators';
import type { Bar } from './bar';

/**
 * Indicators by `technicalindicators`. Each returns its values oldest first, the last one belonging to the newest input;
 * the array is shorter than the input by the indicator's own warm-up, and empty when that is not reached. They are
 * statistics: plain numbers, never money.
 */

interface SeriesInput {
  readonly period: number;
  readonly values: number[];
}

interface BarsInput {
  readonly period: number;
  readonly high: number[];
  readonly low: number[];
  readonly close: number[];
}

/** The library declares its inputs as classes but reads plain objects of these shapes. */
const library: {
  readonly ema: (input: SeriesInput) => number[];
  readonly rsi: (input: SeriesInput) => number[];
  readonly atr: (input: BarsInput) => number[];
  readonly adx: (input: BarsInput) => readonly { readonly adx: number }[];
} = { ema: libraryEma, rsi: libraryRsi, atr: libraryAtr, adx: libraryAdx };

/** Exponential moving average, `alpha = 2 / (period + 1)`, seeded with the simple mean of the first `period` values. */
export const ema = (values: readonly number[], period: number): readonly number[] =>
  library.ema({ period, values: [...values] });

/**
 * Wilder's relative strength index, 0–100, rounded by the library to two decimals. While no value has changed yet the
 * library says 100; nothing has gained on anything, so here it is 50.
 */
export function rsi(values: readonly number[], period: number): readonly number[] {
  const change = values.findIndex((value) => value !== values[0]);
  const firstChange = change === -1 ? values.length : change;
  return library
    .rsi({ period, values: [...values] })
    .map((value, index) => (index + period < firstChange ? 50 : value));
}

/** Wilder's average true range, in price units. */
export const atr = (bars: readonly Bar[], period: number): readonly number[] =>
  library.atr({ period, ...columns(bars) });

/**
 * Wilder's average directional index, 0–100: how strongly price trends, whichever way. It begins at the first bar with
 * a directional move: without any, the library divides zero by zero and never recovers.
 */
export function adx(bars: readonly Bar[], period: number): readonly number[] {
  const firstMove = bars.findIndex((bar, index) => movesDirectionally(bar, bars[index - 1]));
  if (firstMove === -1) return [];
  return library.adx({ period, ...columns(bars.slice(firstMove - 1)) }).map((value) => value.adx);
}

/** True when Wilder's +DM or −DM of the bar is above zero. */
function movesDirectionally(bar: Bar, previous: Bar | undefined): boolean {
  if (previous === undefined) return false;
  const up = bar.high - previous.high;
  const down = previous.low - bar.low;
  return up !== down && Math.max(up, down) > 0;
}

const columns = (bars: readonly Bar[]): Omit<BarsInput, 'period'> => ({
  high: bars.map((bar) => bar.high),
  low: bars.map((bar) => bar.low),
  close: bars.map((bar) => bar.close),
});

/** With fewer bars than this no strategy decides, however short its periods. */
const MIN_WARMUP_BARS = 250;

/**
 * How many bars an exponential average of this period needs until its seed weighs less than 1e-7: `(1 − 2/(p+1))^(9p)`
 * is below 2e-8.
 */
export const emaWarmupBars = (period: number): number => Math.max(MIN_WARMUP_BARS, 10 * period);

/** The same for Wilder's smoothing, `alpha = 1 / period`, which forgets half as fast; ADX smooths twice. */
export const wilderWarmupBars = (period: number): number => Math.max(MIN_WARMUP_BARS, 20 * period);
