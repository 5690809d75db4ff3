import type { Bar, Timeframe } from '../bar';
import type { DecimalString } from '../decimal';
import { percent, span } from '../display';
import { moodText, type SituationMood } from '../memory/situation';
import type { Proposal } from '../risk';
import type { Reason } from '../strategy';
import { SEAT_TITLES } from './seats';
import type { TimeframeTrend, TrendPrediction, TrendSummary } from './trend';
import type { Statement } from './verdict';

/** What a position of the account is, as the panel hears it. Money in quote units. */
export interface BriefPosition {
  readonly strategy: string;
  readonly symbol: string;
  readonly heldQuantity: DecimalString;
  readonly averageEntry: DecimalString | null;
  readonly stopPrice: DecimalString;
}

/** The account as the journal knows it. Null where it does not. */
export interface BriefAccount {
  readonly mode: string;
  readonly equity: DecimalString | null;
  readonly drawdownFraction: number | null;
  readonly dailyLossFraction: number | null;
  readonly positions: readonly BriefPosition[];
}

/** Everything that the panel is told about a proposal. Nothing of it was known only after the close that is decided on. */
export interface PanelBrief {
  readonly strategy: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** UTC milliseconds of market time. */
  readonly barCloseMs: number;
  readonly proposal: Proposal;
  /** The strategy's own. */
  readonly reasons: readonly Reason[];
  /** The newest closed bars of its timeframe, oldest first. */
  readonly bars: readonly Bar[];
  readonly trend: TrendSummary;
  /** Null when nobody had an opinion that was known by then. */
  readonly mood: SituationMood | null;
  /** Of other people, the newest first. */
  readonly headlines: readonly string[];
  readonly account: BriefAccount;
  /** Past trades in similar situations, told in words. */
  readonly memories: readonly string[];
}

/** Bars that are told. */
export const BRIEF_BARS = 24;
/** Headlines that are told, and how long they have been known at most. */
export const HEADLINES = { limit: 5, maxAgeMs: 24 * 3_600_000 } as const;
/** An older mood is none. */
export const MOOD_MAX_AGE_MS = 48 * 3_600_000;
/** Characters of one block of data; what is longer is cut. */
const LONGEST_BLOCK = 4_000;

/** The variables of a panel's prompt. */
export type BriefValues = Readonly<
  Record<'proposal' | 'bars' | 'trend' | 'mood' | 'headlines' | 'account' | 'memories' | 'statements', string>
>;

/** A brief and what was said so far, as the values of a prompt: data, nothing of which can close the block that it stands in. */
export const briefValues = (brief: PanelBrief, heard: readonly Statement[]): BriefValues => ({
  proposal: asData(proposalText(brief)),
  bars: asData(barsText(brief.bars)),
  trend: asData(trendText(brief.trend)),
  mood: asData(brief.mood === null ? 'Unknown: no source has an opinion.' : moodText(brief.mood)),
  headlines: asData(listOr(brief.headlines, 'None is known.')),
  account: asData(accountText(brief.account)),
  memories: asData(listOr(brief.memories, 'None is known.')),
  statements: asData(statementsText(heard)),
});

/**
 * Text of others as data: the brackets of a markup become ones that close nothing, what is not printed is left out, and it is cut at
 * {@link LONGEST_BLOCK} characters.
 */
export const asData = (text: string): string =>
  text
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, (control) => (control === '\n' ? control : ' '))
    .slice(0, LONGEST_BLOCK);

function proposalText({ strategy, symbol, timeframe, barCloseMs, proposal, reasons }: PanelBrief): string {
  const { referencePrice, stopPrice, targetPrice, trailDistance } = proposal;
  return [
    `The strategy ${strategy} wants to buy ${symbol} (spot) on its ${timeframe} bar that closed at ${new Date(barCloseMs).toISOString()}.`,
    `Reference price ${referencePrice}, stop ${stopPrice}, target ${targetPrice}${trailDistance === null ? '' : `, trailing by ${trailDistance}`}.`,
    ...reasons.map(({ text }) => `- ${text}`),
  ].join('\n');
}

function barsText(bars: readonly Bar[]): string {
  if (bars.length === 0) return 'None is known.';
  const row = ({ openTimeMs, open, high, low, close, volume }: Bar): string =>
    [new Date(openTimeMs).toISOString().slice(0, 16), ...[open, high, low, close, volume].map(short)].join(
      ' ',
    );
  return ['opened open high low close volume', ...bars.slice(-BRIEF_BARS).map(row)].join('\n');
}

const short = (value: number): string => String(Number(value.toPrecision(7)));

/** What the predictor says, for models and for people. */
export const trendText = ({ prediction, timeframes }: TrendSummary): string =>
  [
    prediction === null ? 'No timeframe is known.' : predictionText(prediction),
    ...timeframes.map(timeframeText),
  ].join('\n');

/** `up (score 0.42), confidence 0.37, may hold for 5d, ...` */
export function predictionText({
  direction,
  score,
  confidence,
  coverage,
  horizonMs,
}: TrendPrediction): string {
  const horizon = horizonMs === null ? 'no horizon' : `may hold for ${span(horizonMs)}`;
  const missing =
    coverage === 1 ? 'every timeframe is known' : `${percent(1 - coverage, 0)} of the weight is missing`;
  return `Overall: ${direction} (score ${score.toFixed(2)}), confidence ${confidence.toFixed(2)}, ${horizon}, ${missing}.`;
}

const timeframeText = (trend: TimeframeTrend): string =>
  trend.known
    ? `${trend.timeframe}: ${trend.direction} (score ${trend.score.toFixed(2)}): ${trend.reasons.join('; ')}.`
    : `${trend.timeframe}: missing, ${trend.missing}.`;

function accountText({ mode, equity, drawdownFraction, dailyLossFraction, positions }: BriefAccount): string {
  const part = (fraction: number | null): string => (fraction === null ? 'unknown' : percent(fraction));
  return [
    `Mode ${mode}, equity ${equity ?? 'unknown'}, drawdown ${part(drawdownFraction)}, loss today ${part(dailyLossFraction)}.`,
    positions.length === 0 ? 'No position is open.' : `${positions.length} positions are open:`,
    ...positions.map(
      ({ strategy, symbol, heldQuantity, averageEntry, stopPrice }) =>
        `- ${symbol} of ${strategy}: ${heldQuantity} held, entered at ${averageEntry ?? 'no price yet'}, stop ${stopPrice}`,
    ),
  ].join('\n');
}

function statementsText(heard: readonly Statement[]): string {
  const told = heard.map(({ seat, round, answer }) => {
    const said = answer === null ? 'gave no answer' : JSON.stringify(answer);
    return `${SEAT_TITLES[seat]}, round ${round}: ${said}`;
  });
  return told.length === 0 ? 'Nobody has spoken yet.' : told.join('\n');
}

const listOr = (lines: readonly string[], none: string): string =>
  lines.length === 0 ? none : lines.map((line) => `- ${line.replaceAll(/\s+/g, ' ')}`).join('\n');
