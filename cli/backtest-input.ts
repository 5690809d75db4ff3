import { resolve } from 'node:path';
import type { SweepStore } from '../adapters/store/sweeps';
import type { BacktestInput, StrategyRun } from '../backtest/backtest';
import { untoldBars } from '../backtest/finer-bars';
import { modelsThatHaveSeen } from '../backtest/in-sample';
import type { MarketData } from '../backtest/market';
import type { BacktestRules, PerpetualTerms } from '../backtest/rules';
import { timeframeMs, type Timeframe } from '../domain/bar';
import { barsBetween, sliceColumns, type BarColumns } from '../domain/bar-columns';
import type { DecimalString } from '../domain/decimal';
import { utcTime } from '../domain/display';
import { UserError } from '../domain/errors';
import type { PreparedStrategy } from '../domain/strategies/prepare';
import type { BarNeed, BarSource } from '../domain/strategy-columns';
import { SIMULATION_START_MS } from '../emulator/market/simulator';
import { loadDepth } from './backtest-depth';
import { instrumentOf } from './backtest-instrument';
import { loadObservations } from './backtest-observations';
import { perpetualParts } from './backtest-perpetual';
import {
  findBars,
  folderSource,
  historySource,
  simulatedSource,
  workingFolder,
  type BarSources,
} from './backtest-source';
import { locateConfig, type GlobalOptions } from './locate-config';
import { withMarketData } from './market-data';

/** A strategy under a name of its own; what it does not say is as the request says for all. */
export interface RequestedRun {
  readonly name: string;
  readonly strategy: PreparedStrategy;
  readonly symbols?: readonly string[];
  readonly timeframe?: Timeframe;
  readonly maxHoldingBars?: number | null;
}

/** Which strategies on which bars, under which rules: what the command line asks for. */
export interface InputRequest {
  readonly runs: readonly RequestedRun[];
  readonly inSample?: boolean;
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly source: { readonly data: string | undefined; readonly simulate: boolean; readonly seed: number };
  readonly venue: string | undefined;
  readonly finer: Timeframe | undefined;
  readonly startingBalance: DecimalString;
  readonly fees: { readonly maker: DecimalString; readonly taker: DecimalString };
  readonly maxHoldingBars: number | null;
  readonly perpetual: PerpetualTerms;
  readonly rules: BacktestRules;
  /** Files of recorded books, or {@link STORED}; for slippage by the book, which without any takes the stored ones. */
  readonly l2: readonly string[];
  /** What a reader must know about what is asked, in sentences. */
  readonly notes?: readonly string[];
  readonly config: string | undefined;
  readonly profile: string | undefined;
}

/** Everything that a backtest needs, loaded. */
export interface LoadedInput {
  readonly input: BacktestInput;
  readonly markets: readonly MarketData[];
  /** When trading begins. */
  readonly fromMs: number;
  /** Where the bars are from, for people. */
  readonly description: string;
  /** What a reader must know about the markets, in sentences. */
  readonly notes: readonly string[];
}

const DAY_MS = 86_400_000;
/** How much of the simulated market is tested when nobody says. */
const SIMULATED_DAYS = 60;

/**
 * Loads what a backtest needs and runs something on it. A database that was started for it runs until that has ended.
 * @param run is also given the optimisations made on the market history, where the bars are from there
 * @throws UserError naming what is missing or does not fit
 */
export async function withBacktestInput<T>(
  request: InputRequest,
  run: (loaded: LoadedInput, sweeps: SweepStore | null) => T | Promise<T>,
): Promise<T> {
  const options = optionsOf(request);
  const outside = sourceOutside(request, () => locateConfig(options).config.stateDir);
  if (outside !== undefined) return run(await loadInput(outside, request), null);
  return withMarketData(options, async (history) =>
    run(await loadInput(await historySource(history), request), history.sweeps),
  );
}

/** The configuration that a request names. */
export const optionsOf = ({ config, profile }: Pick<InputRequest, 'config' | 'profile'>): GlobalOptions => ({
  ...{ json: false, verbose: false },
  ...(config !== undefined && { config }),
  ...(profile !== undefined && { profile }),
});

/** Where bars are from that are not in the database; undefined for those that are. */
export function sourceOutside(
  { source, symbols, toMs = 0 }: Pick<InputRequest, 'source' | 'symbols' | 'toMs'>,
  stateDir: () => string,
): BarSources | undefined {
  const { data, simulate, seed } = source;
  if (simulate) {
    const untilMs = toMs > SIMULATION_START_MS ? toMs : SIMULATION_START_MS + SIMULATED_DAYS * DAY_MS;
    return simulatedSource(seed, untilMs, symbols);
  }
  return data === undefined ? undefined : folderSource(resolve(workingFolder(), data), stateDir());
}

/** Loads what a backtest needs from a source. @throws UserError naming what is missing or does not fit */
export async function loadInput(source: BarSources, request: InputRequest): Promise<LoadedInput> {
  const loaded = await Promise.all(
    barsWanted(request).map(({ symbol, timeframe }) => loadMarket(source, symbol, { ...request, timeframe })),
  );
  const markets = loaded.map(({ market }) => market);
  const fromMs = request.fromMs ?? Math.min(...markets.map(({ bars }) => bars.openTimeMs[0] ?? Infinity));
  const runs = request.runs.map((run): StrategyRun => ({
    ...{ symbols: request.symbols, maxHoldingBars: request.maxHoldingBars },
    ...run,
  }));
  const { rules, startingBalance } = request;
  const observed = await loadObservations(source, request, markets, fromMs);
  const { observations } = observed;
  const { inSample = false } = request;
  const input = { markets, runs, rules, startingBalance, observations, inSample, tradeFromMs: fromMs };
  return {
    ...{ input, markets, fromMs, description: source.description },
    notes: [
      ...(request.notes ?? []),
      ...seenNotes(input),
      ...loaded.flatMap(({ notes }) => notes),
      ...observed.notes,
    ],
  };
}

/** Says of every model that is tested on what it was trained on that this proves nothing; without `inSample` it is refused. */
const seenNotes = (input: BacktestInput): readonly string[] =>
  modelsThatHaveSeen(input).map(
    ({ model }) =>
      `IN SAMPLE: the model ${model} was trained on some of this time. What it earns here says nothing about what it can do.`,
  );

/** What is traded on, once each. */
const tradedBars = ({ runs, symbols, timeframe }: InputRequest): readonly BarSource[] =>
  runs.flatMap((run) =>
    (run.symbols ?? symbols).map((symbol) => ({ symbol, timeframe: run.timeframe ?? timeframe })),
  );

/** What the strategies look at, other symbols and timeframes included. */
const needsOf = ({ runs, symbols, timeframe }: InputRequest): readonly BarNeed[] =>
  runs.flatMap(({ strategy, ...run }) =>
    (run.symbols ?? symbols).flatMap((symbol) =>
      strategy.needs({ symbol, timeframe: run.timeframe ?? timeframe }),
    ),
  );

/** A market for every symbol and timeframe that is traded, the finest first; symbols that are only looked at have the request's. */
function barsWanted(request: InputRequest): readonly BarSource[] {
  const traded = tradedBars(request).toSorted((a, b) => timeframeMs(a.timeframe) - timeframeMs(b.timeframe));
  const watched = needsOf(request)
    .filter(({ symbol }) => !traded.some((one) => one.symbol === symbol))
    .map(({ symbol }): BarSource => ({ symbol, timeframe: request.timeframe }));
  const isFirst = (one: BarSource, at: number, all: readonly BarSource[]): boolean =>
    all.findIndex((other) => other.symbol === one.symbol && other.timeframe === one.timeframe) === at;
  return [...traded, ...watched].filter(isFirst);
}

function noBars(
  { description }: BarSources,
  symbol: string,
  timeframe: Timeframe,
  { openTimeMs }: BarColumns,
): UserError {
  const [firstMs, lastMs] = [openTimeMs[0], openTimeMs.at(-1)];
  const there =
    firstMs === undefined || lastMs === undefined
      ? 'none'
      : `those from ${utcTime(firstMs)} to ${utcTime(lastMs + timeframeMs(timeframe))}`;
  const message = `There are no bars of ${symbol} ${timeframe} in this range: ${description} has ${there}.`;
  return new UserError(message, 'Choose --from and --to within it.');
}

interface Loaded {
  readonly market: MarketData;
  readonly notes: readonly string[];
}

async function loadMarket(source: BarSources, symbol: string, request: InputRequest): Promise<Loaded> {
  const { timeframe, venue, fees } = request;
  const found = await findBars(source, { symbol, timeframe, venue });
  const needed = Math.max(
    ...needsOf(request).map(
      (need) => Math.ceil((need.bars * timeframeMs(need.timeframe)) / timeframeMs(timeframe)) + 1,
    ),
  );
  const within = (bars: BarColumns): BarColumns => cut(bars, request, needed);
  const bars = within(found.bars);
  if (barsBetween(bars, request.fromMs ?? -Infinity, Infinity).length === 0)
    throw noBars(source, symbol, timeframe, found.bars);
  const span = (all: BarColumns): BarColumns =>
    barsBetween(all, bars.openTimeMs[0] ?? 0, (bars.openTimeMs.at(-1) ?? 0) + timeframeMs(timeframe));
  const asked =
    request.finer === undefined
      ? undefined
      : await findBars(source, { symbol, timeframe: request.finer, venue });
  const fine =
    asked !== undefined && request.finer !== undefined
      ? { timeframe: request.finer, bars: asked.bars }
      : found.finer;
  const finer = fine && { timeframe: fine.timeframe, bars: span(fine.bars) };
  const { instrument, isKnown } = instrumentOf(symbol, bars, fees);
  const notes = isKnown
    ? []
    : [`The trading rules of ${symbol} are not known: ticks as fine as its prices, no least notional.`];
  const traded = request.symbols.includes(symbol) && request.rules.slippage.kind === 'book';
  const book = traded ? await loadDepth(source, instrument, { files: request.l2, venue }) : undefined;
  if (book !== undefined) notes.push(book.note);
  const perpetual = symbol.includes(':')
    ? await perpetualParts(source, { ...found, symbol, timeframe, bars, finer }, request.perpetual)
    : undefined;
  const market: MarketData = {
    ...{ instrument, timeframe, bars, ...perpetual?.market },
    ...(book !== undefined && { depth: book.depth }),
    ...(finer !== undefined && { finer: { ...finer, ...perpetual?.finer } }),
  };
  return { market, notes: [...notes, ...(perpetual?.notes ?? []), ...coverageNotes(market, request)] };
}

/** Says so where finer bars do not tell what they were asked for. */
function coverageNotes(market: MarketData, { fromMs = -Infinity }: InputRequest): readonly string[] {
  const untold = untoldBars(market, fromMs);
  if (untold === 0) return [];
  const all = barsBetween(market.bars, fromMs, Infinity).length;
  const { instrument, timeframe, finer } = market;
  const what = `bars of ${instrument.symbol} ${timeframe}`;
  return [
    `${untold} of ${all} ${what} are not wholly told by those of ${finer?.timeframe ?? ''}; they are read as if there were none.`,
  ];
}

/** The range, and before it as many bars as warm up. */
function cut(bars: BarColumns, { fromMs, toMs }: InputRequest, warmupBars: number): BarColumns {
  const until = barsBetween(bars, -Infinity, toMs ?? Infinity);
  if (fromMs === undefined) return until;
  const after = barsBetween(until, fromMs, Infinity);
  return sliceColumns(until, Math.max(0, until.length - after.length - warmupBars), until.length);
}
