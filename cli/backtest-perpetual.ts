import { NO_VENUE } from '../adapters/history/files/bar-folder';
import type { FinerData, MarketData } from '../backtest/market';
import { accountLimitsSchema, type BacktestRules, type PerpetualTerms } from '../backtest/rules';
import { timeframeMs, type Timeframe } from '../domain/bar';
import { barsBetween, type BarColumns } from '../domain/bar-columns';
import { PriceKind } from '../domain/series';
import { resample } from '../domain/timeframes';
import { bestSeries, type BarSources, type SourcedBars } from './backtest-source';

/** The bars of a perpetual, and whose they are. */
interface PerpetualBars {
  readonly symbol: string;
  readonly venue: string;
  readonly timeframe: Timeframe;
  readonly bars: BarColumns;
  readonly finer: SourcedBars | undefined;
}

export interface PerpetualParts {
  readonly market: Pick<MarketData, 'perpetual' | 'funding' | 'mark'>;
  readonly finer: Pick<FinerData, 'mark'>;
  /** What a reader must know, in sentences. */
  readonly notes: readonly string[];
}

/** What a perpetual has beside its bars: funding, and mark prices as fine as they are known, of the venue of the bars alone. */
export async function perpetualParts(
  source: BarSources,
  of: PerpetualBars,
  perpetual: PerpetualTerms,
): Promise<PerpetualParts> {
  const { symbol, venue, timeframe, bars, finer } = of;
  const funding = await source.funding(symbol, venue);
  const mark = await marksFor(source, of, { timeframe, bars });
  const finerMark = mark && finer && (await marksFor(source, of, finer));
  const notes = [
    ...(funding === undefined ? [`There are no funding rates of ${symbol}: none is paid.`] : []),
    ...(mark === undefined
      ? [`There are no mark prices for every bar of ${symbol}: its last prices liquidate.`]
      : []),
    ...(mark !== undefined && finer !== undefined && finerMark === undefined
      ? [
          `There are no mark prices of ${symbol} as fine as ${finer.timeframe}: those of ${timeframe} liquidate.`,
        ]
      : []),
  ];
  return {
    market: {
      perpetual,
      ...(funding && { funding: { timeMs: funding.timeMs, rate: funding.value } }),
      ...(mark && { mark }),
    },
    finer: { ...(finerMark && { mark: finerMark }) },
    notes,
  };
}

/** Mark prices, one for each of these bars, put together from finer ones if need be; undefined where some are missing. */
async function marksFor(
  source: BarSources,
  { symbol, venue, finer }: PerpetualBars,
  { timeframe, bars }: SourcedBars,
): Promise<BarColumns | undefined> {
  const whose = venue === NO_VENUE ? [undefined] : [venue, NO_VENUE];
  const [key] = whose.flatMap(
    (one) => bestSeries(source, { symbol, timeframe, venue: one, price: PriceKind.Mark }) ?? [],
  );
  if (key === undefined) return undefined;
  const marks: SourcedBars = { timeframe: key.timeframe, bars: await source.load(key) };
  const made = aligned(resample(marks, timeframe).bars, bars);
  return isWhole(marks, { timeframe, bars }, finer) ? made : undefined;
}

/** None of the prices is missing that the bars were put together from, or could have been. */
function isWhole(
  marks: SourcedBars,
  { timeframe, bars }: SourcedBars,
  finer: SourcedBars | undefined,
): boolean {
  if (marks.timeframe === timeframe) return true;
  if (finer?.timeframe === marks.timeframe && aligned(marks.bars, finer.bars) !== undefined) return true;
  const parts = timeframeMs(timeframe) / timeframeMs(marks.timeframe);
  const end = (bars.openTimeMs.at(-1) ?? 0) + timeframeMs(timeframe);
  return barsBetween(marks.bars, bars.openTimeMs[0] ?? 0, end).length === bars.length * parts;
}

/** The marks that open at the same times as the bars; undefined when one is missing. */
function aligned(marks: BarColumns, bars: BarColumns): BarColumns | undefined {
  const [first, last] = [bars.openTimeMs[0] ?? 0, bars.openTimeMs.at(-1) ?? 0];
  const span = barsBetween(marks, first, last + 1);
  return span.length === bars.length &&
    span.openTimeMs.every((timeMs, index) => timeMs === bars.openTimeMs[index])
    ? span
    : undefined;
}

/**
 * An account of perpetuals has limits, as one of spot has, unless its rules say otherwise: limits of its own, or null for none.
 */
export function withAccountLimits(rules: BacktestRules, symbols: readonly string[]): BacktestRules {
  const { sizing } = rules;
  if (sizing.kind !== 'cash-fraction' || sizing.limits !== undefined) return rules;
  if (!symbols.some((symbol) => symbol.includes(':'))) return rules;
  return { ...rules, sizing: { ...sizing, limits: accountLimitsSchema.parse({}) } };
}
