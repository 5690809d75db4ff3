import { NEWS_ORIGIN } from '../../adapters/history/origins';
import type { NewsStore, StoredMood, StoredStory } from '../../adapters/store/stories';
import type { ProposedEntry } from '../../backtest/counsel';
import type { MarketData } from '../../backtest/market';
import { timeframeMs, type Bar } from '../../domain/bar';
import { firstAtOrAfter, type BarColumns } from '../../domain/bar-columns';
import { fromNumber, type DecimalString } from '../../domain/decimal';
import { BRIEF_BARS, HEADLINES, MOOD_MAX_AGE_MS, type PanelBrief } from '../../domain/deliberation/brief';
import {
  predictTrend,
  TREND_TIMEFRAMES,
  type TrendSummary,
  type TrendTimeframe,
} from '../../domain/deliberation/trend';
import { dailyLossFraction, drawdownFraction } from '../../domain/equity';
import type { SituationMood } from '../../domain/memory/situation';
import { assetOf, ObservedKind, type ObservationColumns } from '../../domain/observations';
import { findBars, type BarSources } from '../backtest-source';

/** What a panel may be told, all of it with the time at which it was known. */
export interface BriefData {
  readonly markets: readonly MarketData[];
  readonly trends: ReadonlyMap<string, ReadonlyMap<TrendTimeframe, BarColumns>>;
  /** By asset, the newest first. */
  readonly moods: ReadonlyMap<string, readonly StoredMood[]>;
  /** The same, imported: without their trend, and without what was missing. */
  readonly imported: ReadonlyMap<string, ObservationColumns>;
  readonly stories: ReadonlyMap<string, readonly StoredStory[]>;
}

/** More than there are. */
const ALL = 1_000_000;

/**
 * Reads what briefs are made of, once for all bars.
 * @param news null where no news of the real world count
 */
export async function loadBriefData(
  source: BarSources,
  markets: readonly MarketData[],
  request: {
    readonly symbols: readonly string[];
    readonly fromMs: number;
    readonly venue: string | undefined;
  },
  news: { readonly store: Pick<NewsStore, 'moods' | 'stories'>; readonly scorer: string } | null,
): Promise<BriefData> {
  const { symbols, fromMs, venue } = request;
  const assets = [...new Set(symbols.map(assetOf))];
  const byAsset = async <T>(read: (asset: string) => Promise<T>): Promise<ReadonlyMap<string, T>> =>
    new Map(await Promise.all(assets.map(async (asset) => [asset, await read(asset)] as const)));
  const [trends, moods, imported, stories] = await Promise.all([
    Promise.all(symbols.map(async (symbol) => [symbol, await trendBars(source, symbol, venue)] as const)),
    byAsset((asset) => news?.store.moods(NEWS_ORIGIN, asset, ALL) ?? Promise.resolve([])),
    byAsset((asset) => source.observations({ kind: ObservedKind.Mood, subject: asset }, venue)),
    byAsset((asset) => {
      const range = { sinceMs: fromMs - HEADLINES.maxAgeMs, limit: ALL, asset };
      return news?.store.stories(NEWS_ORIGIN, news.scorer, range) ?? Promise.resolve([]);
    }),
  ]);
  const known = [...imported].flatMap(([asset, columns]) =>
    columns === undefined ? [] : [[asset, columns] as const],
  );
  return { markets, trends: new Map(trends), moods, imported: new Map(known), stories };
}

/** A timeframe that cannot be had is missing: the predictor says so. */
async function trendBars(
  source: BarSources,
  symbol: string,
  venue: string | undefined,
): Promise<ReadonlyMap<TrendTimeframe, BarColumns>> {
  const found = await Promise.allSettled(
    TREND_TIMEFRAMES.map(
      async (timeframe) => [timeframe, (await findBars(source, { symbol, timeframe, venue })).bars] as const,
    ),
  );
  return new Map(found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
}

const PRICE_PLACES = 8;

/** Makes briefs: of what was known at an entry's close, and of nothing else. Memories of trades are in none. */
export class BriefMaker {
  private readonly trends = new Map<string, TrendSummary>();

  constructor(private readonly data: BriefData) {}

  of(entry: ProposedEntry): PanelBrief {
    const { strategy, symbol, closeMs, plan, reasons, account } = entry;
    const market = this.data.markets.find(({ instrument }) => instrument.symbol === symbol);
    if (market === undefined) throw new Error(`There is no market of ${symbol}.`);
    const price = (value: number): DecimalString => fromNumber(value, PRICE_PLACES);
    return {
      ...{ strategy, symbol, timeframe: market.timeframe, barCloseMs: closeMs, reasons },
      proposal: {
        symbol,
        referencePrice: price(plan.referencePrice),
        stopPrice: price(plan.stopPrice),
        targetPrice: price(plan.targetPrice),
        trailDistance: plan.trailDistance === null ? null : price(plan.trailDistance),
      },
      bars: newestBars(market, closeMs),
      trend: this.trendOf(symbol, closeMs),
      mood: this.moodOf(assetOf(symbol), closeMs),
      headlines: this.headlinesOf(assetOf(symbol), closeMs),
      account: {
        mode: 'ACTIVE',
        equity: account.equity.equity,
        drawdownFraction: drawdownFraction(account.equity),
        dailyLossFraction: dailyLossFraction(account.equity),
        positions: account.positions,
      },
      memories: [],
    };
  }

  /** The same however often the backtest comes by. */
  private trendOf(symbol: string, closeMs: number): TrendSummary {
    const key = `${symbol} ${closeMs}`;
    const bars = this.data.trends.get(symbol);
    const trend = this.trends.get(key) ?? predictTrend((timeframe) => bars?.get(timeframe), closeMs);
    this.trends.set(key, trend);
    return trend;
  }

  private moodOf(asset: string, closeMs: number): SituationMood | null {
    const known = this.data.moods.get(asset)?.find(({ knownMs }) => knownMs <= closeMs);
    const mood = known ?? importedMood(this.data.imported.get(asset), closeMs);
    if (mood === undefined || closeMs - mood.timeMs > MOOD_MAX_AGE_MS) return null;
    const { score, trend, missing, timeMs } = mood;
    return { score, trend, missing, ageMs: closeMs - timeMs };
  }

  private headlinesOf(asset: string, closeMs: number): readonly string[] {
    const stories = this.data.stories.get(asset) ?? [];
    return stories
      .filter(({ knownMs }) => knownMs <= closeMs && knownMs >= closeMs - HEADLINES.maxAgeMs)
      .slice(0, HEADLINES.limit)
      .map(({ title }) => title);
  }
}

function importedMood(
  columns: ObservationColumns | undefined,
  closeMs: number,
): Pick<StoredMood, 'score' | 'trend' | 'missing' | 'timeMs'> | undefined {
  if (columns === undefined) return undefined;
  const newest = firstAtOrAfter(columns.knownMs, closeMs + 1) - 1;
  const [score, timeMs] = [columns.outputs.score?.[newest], columns.timeMs[newest]];
  return score === undefined || timeMs === undefined ? undefined : { score, timeMs, trend: null, missing: 0 };
}

function newestBars({ bars, timeframe }: MarketData, closeMs: number): readonly Bar[] {
  const end = firstAtOrAfter(bars.openTimeMs, closeMs - timeframeMs(timeframe) + 1);
  const first = Math.max(0, end - BRIEF_BARS);
  return Array.from({ length: end - first }, (_, index): Bar => {
    const at = first + index;
    const value = (column: Float64Array): number => column[at] ?? NaN;
    const { openTimeMs, open, high, low, close, volume } = bars;
    return {
      ...{ openTimeMs: value(openTimeMs), open: value(open), high: value(high) },
      ...{ low: value(low), close: value(close), volume: value(volume) },
    };
  });
}
