import { resolve } from 'node:path';
import { runBacktest, type BacktestInput, type BacktestResult, type StrategyRun } from '../backtest/backtest';
import { bracketOf, type BracketReading } from '../backtest/bracket';
import type { MarketData } from '../backtest/market';
import { createReport, type Report } from '../backtest/report/report';
import type { ChartData } from '../backtest/report/html/chart-data';
import type { BacktestRules, PerpetualTerms } from '../backtest/rules';
import { timeframeMs, type Timeframe } from '../domain/bar';
import { barsBetween, sliceColumns, type BarColumns } from '../domain/bar-columns';
import type { DecimalString } from '../domain/decimal';
import { UserError } from '../domain/errors';
import { buyAndHoldEquity, type PricePoint } from '../domain/performance/benchmark';
import { dayOf } from '../domain/performance/realised-equity';
import type { EquityPoint } from '../domain/performance/types';
import type { PreparedStrategy } from '../domain/strategies/prepare';
import type { BarNeed } from '../domain/strategy-columns';
import { SIMULATION_START_MS } from '../emulator/market/simulator';
import { instrumentOf } from './backtest-instrument';
import {
  findBars,
  findMarks,
  folderSource,
  historySource,
  simulatedSource,
  workingFolder,
  type BarSources,
} from './backtest-source';
import { locateConfig } from './locate-config';
import { withMarketData } from './market-data';

export interface TestRequest {
  readonly runs: readonly { readonly name: string; readonly strategy: PreparedStrategy }[];
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
  readonly bracket: boolean;
  /** Bars for charts are wanted with the report. */
  readonly charts: boolean;
  readonly config: string | undefined;
  readonly profile: string | undefined;
}

const DAY_MS = 86_400_000;
/** How much of the simulated market is tested when nobody says. */
const SIMULATED_DAYS = 60;

/**
 * Loads what a backtest needs, runs it, and puts the result into a report.
 * @throws UserError naming what is missing or does not fit
 */
export async function testStrategies(
  request: TestRequest,
): Promise<{ readonly report: Report; readonly charts: ChartData }> {
  const { data, simulate, seed } = request.source;
  const options = {
    json: false,
    verbose: false,
    ...(request.config !== undefined && { config: request.config }),
    ...(request.profile !== undefined && { profile: request.profile }),
  };
  if (simulate) {
    const untilMs = request.toMs ?? SIMULATION_START_MS + SIMULATED_DAYS * DAY_MS;
    return testOn(simulatedSource(seed, untilMs, request.symbols), request);
  }
  if (data !== undefined) {
    const { stateDir } = locateConfig(options).config;
    return testOn(folderSource(resolve(workingFolder(), data), stateDir), request);
  }
  return withMarketData(options, async (history) => testOn(await historySource(history), request));
}

async function testOn(source: BarSources, request: TestRequest) {
  const symbols = [...new Set([...request.symbols, ...needsOf(request).map(({ symbol }) => symbol)])];
  const loaded = await Promise.all(symbols.map((symbol) => loadMarket(source, symbol, request)));
  const markets = loaded.map(({ market }) => market);
  const fromMs = request.fromMs ?? Math.min(...markets.map(({ bars }) => bars.openTimeMs[0] ?? Infinity));
  const runs = request.runs.map((run): StrategyRun => ({
    ...run,
    symbols: request.symbols,
    maxHoldingBars: request.maxHoldingBars,
  }));
  const input: BacktestInput = {
    ...{ markets, runs, rules: request.rules, startingBalance: request.startingBalance },
    tradeFromMs: fromMs,
  };
  const result = runBacktest(input);
  const bracket = request.bracket ? bracketOf(input) : undefined;
  const notes = notesOf(result, loaded, source, bracket);
  return {
    report: reportOf({ request, source, result, markets, fromMs, bracket, notes }),
    charts: request.charts ? chartsOf(markets, fromMs) : {},
  };
}

/** What the strategies look at, other symbols and timeframes included. */
const needsOf = ({ runs, symbols, timeframe }: TestRequest): readonly BarNeed[] =>
  runs.flatMap(({ strategy }) => symbols.flatMap((symbol) => strategy.needs({ symbol, timeframe })));

interface Loaded {
  readonly market: MarketData;
  readonly notes: readonly string[];
}

async function loadMarket(source: BarSources, symbol: string, request: TestRequest): Promise<Loaded> {
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
    throw new UserError(
      `There are no bars of ${symbol} ${timeframe} in this range.`,
      'Widen --from or --to.',
    );
  const span = (all: BarColumns): BarColumns =>
    barsBetween(all, bars.openTimeMs[0] ?? 0, (bars.openTimeMs.at(-1) ?? 0) + timeframeMs(timeframe));
  const asked =
    request.finer === undefined
      ? undefined
      : await findBars(source, { symbol, timeframe: request.finer, venue });
  const finer =
    asked !== undefined && request.finer !== undefined
      ? { timeframe: request.finer, bars: asked.bars }
      : found.finer;
  const { instrument, isKnown } = instrumentOf(symbol, bars, fees);
  const notes = isKnown
    ? []
    : [`The trading rules of ${symbol} are not known: ticks as fine as its prices, no least notional.`];
  const perpetual = symbol.includes(':') ? await perpetualData(source, symbol, request, bars, notes) : {};
  return {
    market: {
      ...{ instrument, timeframe, bars, ...perpetual },
      ...(finer !== undefined && { finer: { timeframe: finer.timeframe, bars: span(finer.bars) } }),
    },
    notes,
  };
}

/** The range, and before it as many bars as warm up. */
function cut(bars: BarColumns, { fromMs, toMs }: TestRequest, warmupBars: number): BarColumns {
  const until = barsBetween(bars, -Infinity, toMs ?? Infinity);
  if (fromMs === undefined) return until;
  const after = barsBetween(until, fromMs, Infinity);
  return sliceColumns(until, Math.max(0, until.length - after.length - warmupBars), until.length);
}

async function perpetualData(
  source: BarSources,
  symbol: string,
  { perpetual, timeframe }: TestRequest,
  bars: BarColumns,
  notes: string[],
): Promise<Pick<MarketData, 'perpetual' | 'funding' | 'mark'>> {
  const funding = await source.funding(symbol);
  const marks = await findMarks(source, symbol, timeframe);
  const mark = marks === undefined ? undefined : aligned(marks, bars);
  if (funding === undefined) notes.push(`There are no funding rates of ${symbol}: none is paid.`);
  if (mark === undefined)
    notes.push(`There are no mark prices for every bar of ${symbol}: its last prices liquidate.`);
  return {
    perpetual,
    ...(funding && { funding: { timeMs: funding.timeMs, rate: funding.value } }),
    ...(mark && { mark }),
  };
}

/** The bars that open at the same times; undefined when one is missing. */
function aligned(marks: BarColumns, bars: BarColumns): BarColumns | undefined {
  const [first, last] = [bars.openTimeMs[0] ?? 0, bars.openTimeMs.at(-1) ?? 0];
  const span = barsBetween(marks, first, last + 1);
  return span.length === bars.length &&
    span.openTimeMs.every((timeMs, index) => timeMs === bars.openTimeMs[index])
    ? span
    : undefined;
}

function notesOf(
  { ambiguousBars, refusals }: BacktestResult,
  loaded: readonly Loaded[],
  source: BarSources,
  bracket: Bracketed | undefined,
): readonly string[] {
  const refused = Object.entries(refusals).map(([code, times]) => `${code} ${times}`);
  const reading = (one: BracketReading): string => `${one.finalEquity.toFixed(2)} in ${one.trades} trades`;
  return [
    `Bars from ${source.description}. A signal at a close fills at the next open or later; what it costs is in the configuration.`,
    ...loaded.flatMap(({ notes }) => notes),
    ...(ambiguousBars > 0
      ? [`${ambiguousBars} bars reached both stop and target, with nothing to tell which came first.`]
      : []),
    ...(bracket === undefined
      ? []
      : [
          `Read against the strategy they end at ${reading(bracket.pessimistic)}, read in its favour at ${reading(bracket.optimistic)}.`,
        ]),
    ...(refused.length > 0 ? [`Entries that came to nothing: ${refused.join(', ')}.`] : []),
  ];
}

type Bracketed = ReturnType<typeof bracketOf>;

function reportOf(parts: {
  readonly request: TestRequest;
  readonly source: BarSources;
  readonly result: BacktestResult;
  readonly markets: readonly MarketData[];
  readonly fromMs: number;
  readonly bracket: Bracketed | undefined;
  readonly notes: readonly string[];
}): Report {
  const { request, source, result, markets, fromMs, bracket, notes } = parts;
  const { trades, startingBalance, endMs, ambiguousBars, refusals } = result;
  const startMs = Math.max(fromMs, result.startMs);
  const equity = result.daily.filter(({ timeMs }) => timeMs >= dayOf(startMs));
  const traded = markets.filter(({ instrument }) => request.symbols.includes(instrument.symbol));
  const names = request.runs.map(({ name }) => name).join(', ');
  const report = createReport({
    title: `${names} on ${request.symbols.join(', ')} ${request.timeframe}, ${iso(startMs)} to ${iso(endMs)}`,
    input: {
      ...{ trades, equity, startingBalance, startMs, endMs },
      buyAndHold: buyAndHold(traded, equity, startingBalance, startMs, Number(request.fees.taker)),
    },
    configuration: {
      strategies: request.runs.map(({ name, strategy }) => ({
        name,
        id: strategy.id,
        parameters: strategy.parameters,
      })),
      ...{ symbols: request.symbols, timeframe: request.timeframe, from: iso(startMs), to: iso(endMs) },
      ...{ data: source.description, finer: markets.map(({ finer }) => finer?.timeframe ?? null) },
      ...{ balance: request.startingBalance, fees: request.fees, maxHoldingBars: request.maxHoldingBars },
      rules: request.rules,
      ...(markets.some(({ perpetual }) => perpetual !== undefined) && { perpetual: request.perpetual }),
    },
    notes,
  });
  const refused = Object.values(refusals).reduce((total, times) => total + times, 0);
  return {
    ...report,
    metrics: {
      ...report.metrics,
      ...{ ambiguousBars, refusedEntries: refused },
      ...(bracket && {
        'bracket.pessimistic.finalBalance': bracket.pessimistic.finalEquity,
        'bracket.optimistic.finalBalance': bracket.optimistic.finalEquity,
      }),
    },
  };
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** Bought at the open of the first bar, marked at the last close before each midnight. */
function buyAndHold(
  markets: readonly MarketData[],
  equity: readonly EquityPoint[],
  balance: number,
  startMs: number,
  fee: number,
): readonly EquityPoint[] {
  const prices = markets.map(({ bars, timeframe }): readonly PricePoint[] => {
    const first = barsBetween(bars, startMs, Infinity).open[0] ?? NaN;
    return equity.map(({ timeMs }) => {
      const closed = barsBetween(bars, startMs, timeMs - timeframeMs(timeframe) + 1);
      return { timeMs, price: closed.close.at(-1) ?? first };
    });
  });
  return buyAndHoldEquity(prices, balance, fee);
}

function chartsOf(markets: readonly MarketData[], fromMs: number): ChartData {
  return {
    bars: Object.fromEntries(
      markets.map(({ instrument, bars }) => {
        const { length, openTimeMs, open, high, low, close } = barsBetween(bars, fromMs, Infinity);
        const list = Array.from({ length }, (_, at) => ({
          timeMs: openTimeMs[at] ?? NaN,
          ...{ open: open[at] ?? NaN, high: high[at] ?? NaN, low: low[at] ?? NaN, close: close[at] ?? NaN },
        }));
        return [instrument.symbol, list];
      }),
    ),
  };
}
