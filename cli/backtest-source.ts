import { join } from 'node:path';
import { openBarFolder } from '../adapters/history/files/bar-folder';
import { isOfVenue, originsOf } from '../adapters/history/origins';
import { HistoryKind, type Points } from '../adapters/history/port';
import { processEnvironment } from '../config/environment';
import { timeframeMs, type Timeframe } from '../domain/bar';
import { columnsOf, type BarColumns } from '../domain/bar-columns';
import { UserError } from '../domain/errors';
import type { ObservationColumns, ObservedSource } from '../domain/observations';
import { PriceKind, type CandleSeriesKey } from '../domain/series';
import { canResample, resample } from '../domain/timeframes';
import { openSimulator, SIMULATION_START_MS } from '../emulator/market/simulator';
import { findSpec, scaleOf } from '../emulator/market/symbols';
import { candleSeries } from './candle-filter';
import type { MarketData } from './market-data';

/** Bars of one timeframe. */
export interface SourcedBars {
  readonly timeframe: Timeframe;
  readonly bars: BarColumns;
}

/** Where a backtest has its bars from. */
export interface BarSources {
  /** One line for people. */
  readonly description: string;
  /** Every series there is. */
  readonly series: readonly CandleSeriesKey[];
  load(key: CandleSeriesKey): Promise<BarColumns>;
  /** @param venue whose; of files that do not tell theirs, as of any */
  funding(symbol: string, venue: string): Promise<Points | undefined>;
  /** Files of recorded order books that are known. @param venue whose, where several have some */
  recordings(symbol: string, venue: string | undefined): Promise<readonly string[]>;
  /** What is known of a source; undefined when there is nothing. @param venue whose, where several tell */
  observations(source: ObservedSource, venue?: string): Promise<ObservationColumns | undefined>;
}

/** The files below a folder; what has been read once is kept as columns in the state folder. */
export function folderSource(folder: string, stateDir: string): BarSources {
  const opened = openBarFolder(folder, join(stateDir, 'cache', 'files'));
  const { files } = opened;
  return {
    description: `the files of ${folder}`,
    series: files,
    load: (key) => {
      const file = files.find(
        (one) =>
          one.venue === key.venue &&
          one.symbol === key.symbol &&
          one.timeframe === key.timeframe &&
          one.price === key.price,
      );
      if (file === undefined) throw new Error('A series that was listed is not there.');
      return opened.load(file);
    },
    funding: (symbol, venue) => opened.funding(symbol, venue),
    recordings: (symbol) => opened.recordings(symbol),
    observations: (source, venue) => opened.observations(source, venue),
  };
}

/** What `ballast data import` has stored. */
export async function historySource({
  history,
  candles,
}: Pick<MarketData, 'history' | 'candles'>): Promise<BarSources> {
  const all = await history.series();
  return {
    description: 'the market history',
    series: candleSeries(all, {}),
    load: async (key) => {
      const bars = await candles.load(key);
      if (bars === undefined) throw new Error('A series that was listed is not there.');
      return bars;
    },
    funding: async (symbol, venue) => {
      const key = all.find(
        (info) => info.kind === HistoryKind.Funding && info.symbol === symbol && info.venue === venue,
      );
      return key === undefined ? undefined : history.readPoints(key);
    },
    recordings: async (symbol, venue) =>
      (await history.recordings())
        .filter((one) => one.symbol === symbol && (venue === undefined || one.venue === venue))
        .map(({ path }) => path),
    observations: async ({ kind, subject }, wanted) => {
      const told = all.filter((info) => info.kind === kind && info.symbol === subject);
      const venue = isOfVenue(kind) ? (wanted ?? told[0]?.venue ?? '') : '';
      const origins = originsOf(kind, { venue, session: null });
      const known = await history.observations({ kind, subject, origins });
      return known.length === 0 ? undefined : known;
    },
  };
}

/** The seeded market of the emulator, minute by minute, from its beginning. */
export function simulatedSource(seed: number, untilMs: number, symbols: readonly string[]): BarSources {
  const idOf = (symbol: string): string => symbol.replace('/', '');
  const unknown = symbols.find((symbol) => findSpec(idOf(symbol)) === undefined);
  if (unknown !== undefined) throw new UserError(`The simulated market has no ${unknown}.`);
  const market = openSimulator({ seed, symbols: symbols.map(idOf) });
  const venue = 'simulated';
  return {
    description: `the simulated market, seed ${seed}`,
    series: symbols.map((symbol) => ({ venue, symbol, timeframe: '1m', price: PriceKind.Last })),
    load: ({ symbol }) => {
      const spec = findSpec(idOf(symbol));
      if (spec === undefined) throw new Error(`There is no ${symbol}.`);
      const { ticksPerOne, lotsPerOne } = scaleOf(spec);
      const bars = market.bars(idOf(symbol), SIMULATION_START_MS, untilMs).map((bar) => ({
        openTimeMs: bar.openTimeMs,
        ...{ open: bar.open / ticksPerOne, high: bar.high / ticksPerOne },
        ...{ low: bar.low / ticksPerOne, close: bar.close / ticksPerOne },
        volume: bar.volumeLots / lotsPerOne,
      }));
      return Promise.resolve(columnsOf(bars));
    },
    funding: () => Promise.resolve(undefined),
    recordings: () => Promise.resolve([]),
    // Nobody has observed it.
    observations: () => Promise.resolve(undefined),
  };
}

/** Which bars are looked for. */
interface WantedBars {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  /** Undefined: of whichever venue has them, as long as it is one. */
  readonly venue?: string | undefined;
}

/** The bars of a market, whose they are and, where they have been put together from finer ones, those too. */
export interface FoundBars {
  readonly venue: string;
  readonly bars: BarColumns;
  readonly finer: SourcedBars | undefined;
}

/**
 * Bars of a symbol in a timeframe: stored as they are, else put together from the coarsest finer ones.
 * @throws UserError when there are none, or several venues have some
 */
export async function findBars(source: BarSources, wanted: WantedBars): Promise<FoundBars> {
  const { symbol, timeframe } = wanted;
  const best = bestSeries(source, { ...wanted, price: PriceKind.Last });
  if (best === undefined) {
    const known = [...new Set(source.series.map((one) => `${one.symbol} ${one.timeframe}`))].sort();
    throw new UserError(
      `There are no bars for ${symbol} ${timeframe} in ${source.description}.`,
      `There are: ${known.join(', ') || 'none'}.`,
    );
  }
  const { venue } = best;
  const bars = await source.load(best);
  if (best.timeframe === timeframe) return { venue, bars, finer: undefined };
  const finer: SourcedBars = { timeframe: best.timeframe, bars };
  return { venue, bars: resample(finer, timeframe).bars, finer };
}

/**
 * The coarsest series that such bars are, or can be put together from; undefined where there is none.
 * @throws UserError when several venues have it
 */
export function bestSeries(
  source: BarSources,
  { symbol, timeframe, venue, price }: WantedBars & { readonly price: PriceKind },
): CandleSeriesKey | undefined {
  const [best, next] = source.series
    .filter((one) => one.symbol === symbol && one.price === price)
    .filter((one) => venue === undefined || one.venue === venue)
    .filter((one) => canResample(one.timeframe, timeframe))
    .sort((a, b) => timeframeMs(b.timeframe) - timeframeMs(a.timeframe));
  if (best !== undefined && next?.timeframe === best.timeframe && next.venue !== best.venue)
    throw new UserError(
      `Several venues have ${symbol} ${best.timeframe}: ${best.venue}, ${next.venue}.`,
      'Say which with --venue.',
    );
  return best;
}

/** The folder where a path on the command line begins. */
export const workingFolder = (): string => processEnvironment().cwd;
