import { lastCloseMs, Timeframe, timeframeMs } from '../bar';
import { sliceColumns, type BarColumns } from '../bar-columns';
import { compute } from '../indicators/registry';
import type { IndicatorSpec } from '../indicators/spec';

/**
 * The trend of one market over several timeframes, by a rule that anybody can recompute.
 *
 * Each timeframe f whose newest {@link BARS_NEEDED} bars are there, closed and without a gap, scores s = q · d:
 *
 * - d = 0.4·a + 0.3·p + 0.2·m + 0.1·r, each from −1 to 1, where |x| is cut off at 1 and ATR is of 14 bars:
 *   - a, the averages: (EMA 20 − EMA 50) / (2·ATR)
 *   - p, the place of the price: (close − EMA 20) / (2·ATR)
 *   - m, the momentum: MACD 12/26/9 histogram / (0.5·ATR)
 *   - r, the strength of rises against falls: (RSI 14 − 50) / 25
 * - q = 0.5 + 0.5·min(1, ADX 14 / 25): without a trend the same picture says half as much.
 *
 * With the weights W of {@link TREND_WEIGHTS}, over the timeframes that are known:
 *
 * - score S = Σ W·s / Σ W; direction up from {@link TREND_THRESHOLD} on, down at its negative or below, else sideways
 * - agreement: the share of Σ W whose s has the sign of S
 * - coverage: Σ W of the known over Σ W of all
 * - confidence = |S| · agreement · coverage
 * - horizon: {@link HORIZON_BARS} bars of the longest timeframe that by itself (|s| at the threshold or above) points the way of the
 *   whole; null when the whole is sideways
 *
 * A timeframe that is missing is missing: it lowers the coverage, and is never taken for a neutral one. Without any there is no trend.
 * The constants are round numbers chosen beforehand; nothing here was fitted to prices.
 */
export const TREND_WEIGHTS: Readonly<Record<TrendTimeframe, number>> = { '1h': 1, '4h': 2, '1d': 3, '1w': 2 };
export const TREND_THRESHOLD = 0.15;
export const HORIZON_BARS = 5;
/** Closed bars of a timeframe without which it is missing: those of the slowest average and as many again as its ATR. */
export const BARS_NEEDED = 64;
/** Bars that are worth having: with them no smoothing depends on where the data begins any more. */
export const BARS_WANTED = 200;

export const TREND_TIMEFRAMES = [Timeframe.H1, Timeframe.H4, Timeframe.D1, Timeframe.W1] as const;
export type TrendTimeframe = (typeof TREND_TIMEFRAMES)[number];

export const TrendDirection = { Up: 'up', Down: 'down', Sideways: 'sideways' } as const;
export type TrendDirection = (typeof TrendDirection)[keyof typeof TrendDirection];

/** What one timeframe says. */
export type TimeframeTrend =
  | {
      readonly timeframe: TrendTimeframe;
      readonly known: true;
      readonly direction: TrendDirection;
      /** From −1 to 1. */
      readonly score: number;
      /** Sentences for people and for models. */
      readonly reasons: readonly string[];
      readonly values: TrendValues;
    }
  | { readonly timeframe: TrendTimeframe; readonly known: false; readonly missing: string };

/** The indicators at the newest closed bar. Prices in quote units. */
export interface TrendValues {
  readonly close: number;
  readonly emaFast: number;
  readonly emaSlow: number;
  readonly atr: number;
  readonly histogram: number;
  readonly rsi: number;
  readonly adx: number;
}

export interface TrendPrediction {
  readonly direction: TrendDirection;
  /** From −1 to 1. */
  readonly score: number;
  /** From 0 to 1: how far the timeframes say the same, strongly, and are there. */
  readonly confidence: number;
  readonly agreement: number;
  readonly coverage: number;
  /** How long it may hold, in market milliseconds; null while the market goes sideways. */
  readonly horizonMs: number | null;
}

/** What is known of the trend, with what every timeframe says. */
export interface TrendSummary {
  /** Null when no timeframe is known: no trend is not a trend of zero. */
  readonly prediction: TrendPrediction | null;
  readonly timeframes: readonly TimeframeTrend[];
}

const SPECS = {
  emaFast: { kind: 'ema', period: 20 },
  emaSlow: { kind: 'ema', period: 50 },
  atr: { kind: 'atr', period: 14 },
  macd: { kind: 'macd', fastPeriod: 12, slowPeriod: 26, signalPeriod: 9 },
  rsi: { kind: 'rsi', period: 14, flatValue: 50 },
  adx: { kind: 'adx', period: 14 },
} as const satisfies Record<string, IndicatorSpec>;
/** Of MACD's outputs: macd, signal, histogram. */
const HISTOGRAM = 2;

/**
 * The trend as it is known at a close. Bars that close later are not looked at, whatever is handed in.
 * @param barsOf bars of a timeframe, oldest first; undefined when nobody has any
 * @param nowMs market time in UTC milliseconds: the close that is decided on
 */
export function predictTrend(
  barsOf: (timeframe: TrendTimeframe) => BarColumns | undefined,
  nowMs: number,
): TrendSummary {
  const timeframes = TREND_TIMEFRAMES.map((timeframe) => trendOf(timeframe, barsOf(timeframe), nowMs));
  return { prediction: aggregateTrends(timeframes), timeframes };
}

/** What one timeframe says at `nowMs`, by the formula above. */
function trendOf(timeframe: TrendTimeframe, bars: BarColumns | undefined, nowMs: number): TimeframeTrend {
  const missing = (why: string): TimeframeTrend => ({ timeframe, known: false, missing: why });
  const closed = bars === undefined ? undefined : closedAt(bars, timeframe, nowMs);
  const count = closed?.length ?? 0;
  if (closed === undefined || count < BARS_NEEDED)
    return missing(`${count} closed bars are known, and ${BARS_NEEDED} are needed`);
  const length = timeframeMs(timeframe);
  const newestMs = closed.openTimeMs[count - 1] ?? NaN;
  if (newestMs + length !== lastCloseMs(nowMs, timeframe))
    return missing('its newest closed bar is not known');
  if (newestMs - (closed.openTimeMs[count - BARS_NEEDED] ?? NaN) !== (BARS_NEEDED - 1) * length)
    return missing(`bars are missing among its newest ${BARS_NEEDED}`);
  const values = valuesOf(closed);
  if (!Object.values(values).every(Number.isFinite)) return missing('its indicators are not defined');
  const score = scoreOf(values);
  return { timeframe, known: true, direction: directionOf(score), score, reasons: reasonsOf(values), values };
}

/** The whole of what the timeframes say; null when none is known. */
export function aggregateTrends(timeframes: readonly TimeframeTrend[]): TrendPrediction | null {
  const known = timeframes.filter((trend) => trend.known);
  const weightOf = (some: readonly { readonly timeframe: TrendTimeframe }[]): number =>
    some.reduce((sum, { timeframe }) => sum + TREND_WEIGHTS[timeframe], 0);
  const weight = weightOf(known);
  if (weight === 0) return null;
  const score =
    known.reduce((sum, { timeframe, score: own }) => sum + TREND_WEIGHTS[timeframe] * own, 0) / weight;
  const direction = directionOf(score);
  const agreement = weightOf(known.filter(({ score: own }) => Math.sign(own) === Math.sign(score))) / weight;
  const coverage = weight / weightOf(TREND_TIMEFRAMES.map((timeframe) => ({ timeframe })));
  const lasting = known
    .filter((trend) => trend.direction === direction)
    .map(({ timeframe }) => timeframeMs(timeframe));
  const horizonMs =
    direction === TrendDirection.Sideways || lasting.length === 0
      ? null
      : HORIZON_BARS * Math.max(...lasting);
  return {
    direction,
    score,
    confidence: Math.abs(score) * agreement * coverage,
    agreement,
    coverage,
    horizonMs,
  };
}

const directionOf = (score: number): TrendDirection =>
  score >= TREND_THRESHOLD
    ? TrendDirection.Up
    : score <= -TREND_THRESHOLD
      ? TrendDirection.Down
      : TrendDirection.Sideways;

/** The bars that have closed by `nowMs`, at most as many as are wanted. */
function closedAt(bars: BarColumns, timeframe: TrendTimeframe, nowMs: number): BarColumns {
  const length = timeframeMs(timeframe);
  let end = bars.length;
  while (end > 0 && !((bars.openTimeMs[end - 1] ?? NaN) + length <= nowMs)) end -= 1;
  return sliceColumns(bars, Math.max(0, end - BARS_WANTED), end);
}

function valuesOf(bars: BarColumns): TrendValues {
  const newest = (spec: IndicatorSpec, output = 0): number => compute(bars, spec)[output]?.at(-1) ?? NaN;
  return {
    close: bars.close.at(-1) ?? NaN,
    emaFast: newest(SPECS.emaFast),
    emaSlow: newest(SPECS.emaSlow),
    atr: newest(SPECS.atr),
    histogram: newest(SPECS.macd, HISTOGRAM),
    rsi: newest(SPECS.rsi),
    adx: newest(SPECS.adx),
  };
}

const within = (value: number): number => Math.min(1, Math.max(-1, value));

function scoreOf({ close, emaFast, emaSlow, atr, histogram, rsi, adx }: TrendValues): number {
  // A market without any range has no trend either: nothing is divided by zero.
  const perAtr = (distance: number, ranges: number): number =>
    atr > 0 ? within(distance / (ranges * atr)) : 0;
  const picture =
    0.4 * perAtr(emaFast - emaSlow, 2) +
    0.3 * perAtr(close - emaFast, 2) +
    0.2 * perAtr(histogram, 0.5) +
    0.1 * within((rsi - 50) / 25);
  return (0.5 + 0.5 * Math.min(1, adx / 25)) * picture;
}

function reasonsOf({ close, emaFast, emaSlow, atr, histogram, rsi, adx }: TrendValues): readonly string[] {
  const text = (value: number): string => String(Number(value.toPrecision(6)));
  const side = (value: number, other: number): string =>
    value > other ? 'above' : value < other ? 'below' : 'at';
  return [
    `EMA(20) ${text(emaFast)} is ${side(emaFast, emaSlow)} EMA(50) ${text(emaSlow)}, ATR(14) ${text(atr)}`,
    `the close ${text(close)} is ${side(close, emaFast)} EMA(20)`,
    `MACD's histogram is ${text(histogram)}`,
    `RSI(14) is ${rsi.toFixed(1)}`,
    `ADX(14) is ${adx.toFixed(1)}: ${adx >= 25 ? 'a trend' : 'little of a trend'}`,
  ];
}
