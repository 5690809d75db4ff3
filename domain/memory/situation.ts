import type { Timeframe } from '../bar';
import type { TrendSummary } from '../deliberation/trend';
import { percent, span } from '../display';
import type { Reason } from '../strategy';

/** The mood about an asset, as it was known at the close that was decided on. */
export interface SituationMood {
  /** From −1, bearish, to 1, bullish. */
  readonly score: number;
  /** From its newest story to the close, in market milliseconds. */
  readonly ageMs: number;
  /** Against the scores before it; null when there were none. */
  readonly trend: number | null;
  /** Share of the sources' weight that did not answer, from 0 to 1. */
  readonly missing: number;
}

/** What a trend predictor said at the close that was decided on. */
export interface SituationTrend {
  readonly direction: string;
  /** From 0 to 1. */
  readonly confidence: number;
  readonly reasons: readonly string[];
}

/** What a decision rested on: nothing in it was known only later. */
export interface Situation {
  readonly strategy: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** The strategy's own, with its numbers. */
  readonly reasons: readonly Reason[];
  /** Null when nobody had an opinion, or none young enough was known. */
  readonly mood: SituationMood | null;
  /** Null when no predictor was asked, or it had no answer. */
  readonly trend: SituationTrend | null;
}

/** Characters of a situation that are kept and embedded: small embedding models take 512 tokens. */
export const LONGEST_SITUATION = 1_500;

/**
 * A situation in words, the same for the same situation: what is embedded when a trade is remembered, and when the memory is asked. It
 * names no date and says nothing of what came of it.
 */
export function situationText({ strategy, symbol, timeframe, reasons, mood, trend }: Situation): string {
  const lines = [
    `${strategy} on ${symbol}, ${timeframe} bars.`,
    ...reasons.map(({ code, text }) => `${code}: ${text}.`),
    mood === null ? 'Mood: none.' : `Mood: ${moodText(mood)}.`,
    trend === null ? 'Trend: none.' : `Trend: ${trendText(trend)}.`,
  ];
  return lines.join('\n').slice(0, LONGEST_SITUATION);
}

/** `bullish (+0.42), 3h 5m old, rising by 0.10, 25 % of the sources' weight missing` */
export function moodText({ score, ageMs, trend, missing }: SituationMood): string {
  const tone = score > NEUTRAL_WITHIN ? 'bullish' : score < -NEUTRAL_WITHIN ? 'bearish' : 'neutral';
  const moves =
    trend === null
      ? 'nothing to compare it with'
      : `${trend < 0 ? 'falling' : 'rising'} by ${Math.abs(trend).toFixed(2)}`;
  return [
    `${tone} (${signed(score)})`,
    `${span(ageMs)} old`,
    moves,
    missing === 0 ? 'every source has answered' : `${percent(missing, 0)} of the sources' weight missing`,
  ].join(', ');
}

/** What a summary says, as far as a situation keeps it; null when no timeframe is known. */
export function situationTrend({ prediction, timeframes }: TrendSummary): SituationTrend | null {
  if (prediction === null) return null;
  const { direction, confidence } = prediction;
  const reasons = timeframes.flatMap((one) => (one.known ? [`${one.timeframe} ${one.direction}`] : []));
  return { direction, confidence, reasons };
}

const trendText = ({ direction, confidence, reasons }: SituationTrend): string =>
  `${direction} with confidence ${confidence.toFixed(2)}${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}`;

/** Where VADER's authors draw the line; it says nothing of markets, and only chooses a word. */
const NEUTRAL_WITHIN = 0.05;

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
