import type { SweepStore } from '../adapters/store/sweeps';
import { runBacktest, type BacktestResult } from '../backtest/backtest';
import { modelsThatHaveSeen } from '../backtest/in-sample';
import { bracketOf, type BracketReading } from '../backtest/bracket';
import { withoutObserved } from '../backtest/observed';
import type { MarketData } from '../backtest/market';
import { costNotes } from '../backtest/report/costs';
import { createReport, type Report, type WithoutObserved } from '../backtest/report/report';
import type { ChartData } from '../backtest/report/html/chart-data';
import { timeframeMs } from '../domain/bar';
import { barsBetween } from '../domain/bar-columns';
import { RefusalCode, UserError } from '../domain/errors';
import type { ObservedKind } from '../domain/observations';
import { buyAndHoldEquity, type PricePoint } from '../domain/performance/benchmark';
import { performanceMetrics } from '../domain/performance/metrics';
import { dayOf } from '../domain/performance/realised-equity';
import type { EquityPoint, PerformanceInput } from '../domain/performance/types';
import type { Assessment } from '../backtest/truth/assessment';
import { withBacktestInput, type InputRequest, type LoadedInput } from './backtest-input';
import { observedBy } from './backtest-observations';
import { count, utcTime } from './format';
import { assessBacktest, withTrials } from './backtest-truth';
import type { Progress } from './progress-bar';
import type { TruthRequest } from './truth-options';
import { identityOf, type PreparedStrategy } from '../domain/strategies/prepare';

export interface TestRequest extends InputRequest {
  readonly bracket: boolean;
  /** What is hidden in a second test, to be shown beside the first; empty for none. */
  readonly without: readonly ObservedKind[];
  /** Bars for charts are wanted with the report. */
  readonly charts: boolean;
  /** How far the result can be believed is asked. */
  readonly truth?: TruthRequest | undefined;
  readonly progress: Progress;
}

/**
 * Loads what a backtest needs, runs it, and puts the result into a report.
 * @throws UserError naming what is missing or does not fit
 */
export async function testStrategies(
  request: TestRequest,
): Promise<{ readonly report: Report; readonly charts: ChartData }> {
  checkHidden(request);
  return withBacktestInput(request, (loaded, sweeps) => testOn(loaded, request, sweeps));
}

function checkHidden(request: TestRequest): void {
  const kinds = observedBy(request).map(({ kind }) => kind);
  const unseen = request.without.find((kind) => !kinds.includes(kind));
  if (unseen === undefined) return;
  throw new UserError(
    `--without ${unseen}: no strategy looks at it, so hiding it changes nothing.`,
    kinds.length === 0
      ? 'None of them looks at more than bars; docs/strategies.md tells which can, and how.'
      : `They look at ${[...new Set(kinds)].join(', ')}.`,
  );
}

async function testOn(loaded: LoadedInput, request: TestRequest, sweeps: SweepStore | null) {
  const { input, markets, fromMs } = loaded;
  const result = runBacktest(input);
  const bracket = request.bracket ? bracketOf(input) : undefined;
  const strategies = request.runs.map(({ strategy }) => strategy);
  const truth = request.truth && (await withTrials(request.truth, strategies, sweeps));
  const told = [...notesOf(result, loaded, request, bracket), ...(truth?.notes ?? [])];
  const measured = measuredOf(result, loaded, request);
  const assessment = truth && assessBacktest(input, measured, truth.asked, request.progress);
  const notes = truth === undefined ? told : [...told, ...unassessed(assessment, strategies)];
  const report = reportOf({ request, loaded, result, measured, bracket, notes, assessment });
  const without = request.without.length === 0 ? undefined : testWithout(loaded, request);
  return {
    report: { ...report, ...(without && { without }) },
    charts: request.charts ? chartsOf(markets, fromMs) : {},
  };
}

/** What --truth was asked for and does not say, and why. */
function unassessed(
  assessment: Assessment | undefined,
  strategies: readonly PreparedStrategy[],
): readonly string[] {
  if (assessment === undefined)
    return ['Nothing can be said about luck (--truth): there are no closed trades, or no whole day.'];
  if (assessment.entries != null) return [];
  return [
    strategies.some(({ quotes }) => quotes)
      ? 'Entries by chance are left out: they enter at market, and would be compared with quotes that rest.'
      : 'Entries by chance are left out: the strategy entered nothing.',
  ];
}

/** The same with something hidden. */
function testWithout(loaded: LoadedInput, request: TestRequest): WithoutObserved {
  const hidden = request.without;
  const result = runBacktest(withoutObserved(loaded.input, hidden));
  const metrics = performanceMetrics(measuredOf(result, loaded, request));
  return { hidden, metrics: { ...metrics, ...countsOf(result) }, trades: result.trades };
}

const countsOf = ({ ambiguousBars, refusals }: BacktestResult) => ({
  ambiguousBars,
  refusedEntries: Object.values(refusals).reduce((total, times) => total + times, 0),
});

function notesOf(
  { ambiguousBars, refusals, trades }: BacktestResult,
  { description, notes }: LoadedInput,
  request: TestRequest,
  bracket: Bracketed | undefined,
): readonly string[] {
  const refused = Object.entries(refusals).map(([code, times]) => `${code} ${count(times)}`);
  const reading = (one: BracketReading): string => `${one.finalEquity.toFixed(2)} in ${one.trades} trades`;
  return [
    `Bars from ${description}. A signal at a close fills at the next open or later.`,
    ...costNotes(request),
    ...notes,
    ambiguousText(ambiguousBars),
    ...(bracket === undefined
      ? []
      : [
          `Read against the strategy they end at ${reading(bracket.pessimistic)}, read in its favour at ${reading(bracket.optimistic)}.`,
        ]),
    ...(refused.length > 0 ? [`Entries that came to nothing: ${refused.join(', ')}.`] : []),
    ...(refusals[RefusalCode.Drawdown] === undefined ? [] : [lockedText(trades)]),
  ];
}

const ambiguousText = (bars: number): string =>
  `${bars === 0 ? 'No bar' : bars === 1 ? '1 bar' : `${count(bars)} bars`} reached both stop and target with nothing to tell which came first.`;

/** Nobody resumes trading in a backtest. */
function lockedText(trades: BacktestResult['trades']): string {
  const lastMs = Math.max(...trades.map(({ openTimeMs }) => openTimeMs));
  const when = Number.isFinite(lastMs)
    ? `the last entry was at ${utcTime(lastMs, 'minutes')}`
    : 'nothing was entered';
  return `The account lost as much as its limit allows and was locked (drawdown): ${when} UTC. Raise sizing.limits.maxDrawdownFraction in --rules to see what would have come after.`;
}

type Bracketed = ReturnType<typeof bracketOf>;

/** The days that were traded, and what holding would have made of them. */
function measuredOf(
  { trades, daily, startingBalance, ...times }: BacktestResult,
  { markets, fromMs }: LoadedInput,
  { symbols, fees }: TestRequest,
): PerformanceInput {
  const startMs = Math.max(fromMs, times.startMs);
  const equity = daily.filter(({ timeMs }) => timeMs >= dayOf(startMs));
  const isFirst = ({ instrument }: MarketData, at: number): boolean =>
    markets.findIndex((one) => one.instrument.symbol === instrument.symbol) === at;
  const traded = markets.filter(
    (market, at) => symbols.includes(market.instrument.symbol) && isFirst(market, at),
  );
  return {
    ...{ trades, equity, startingBalance, startMs, endMs: times.endMs },
    buyAndHold: buyAndHold(traded, equity, startingBalance, startMs, Number(fees.taker)),
  };
}

function reportOf(parts: {
  readonly request: TestRequest;
  readonly loaded: LoadedInput;
  readonly result: BacktestResult;
  readonly bracket: Bracketed | undefined;
  readonly measured: PerformanceInput;
  readonly notes: readonly string[];
  readonly assessment: Assessment | undefined;
}): Report {
  const { request, loaded, result, measured, bracket, notes, assessment } = parts;
  const { markets } = loaded;
  const { startMs, endMs } = measured;
  const names = request.runs.map(({ name }) => name).join(', ');
  const timeframes = [...new Set(request.runs.map((run) => run.timeframe ?? request.timeframe))];
  const report = createReport({
    title: `${names} on ${request.symbols.join(', ')} ${timeframes.join(', ')}`,
    input: measured,
    configuration: {
      strategies: request.runs.map(({ strategy, ...run }) => ({ ...run, ...identityOf(strategy) })),
      ...{ symbols: request.symbols, timeframe: request.timeframe, from: iso(startMs), to: iso(endMs) },
      ...{ data: loaded.description, finer: markets.map(({ finer }) => finer?.timeframe ?? null) },
      ...{ balance: request.startingBalance, fees: request.fees, maxHoldingBars: request.maxHoldingBars },
      rules: request.rules,
      ...(modelsThatHaveSeen(loaded.input).length > 0 && { inSample: true }),
      ...(markets.some(({ perpetual }) => perpetual !== undefined) && { perpetual: request.perpetual }),
    },
    ...{ notes, assessment },
  });
  return {
    ...report,
    metrics: {
      ...report.metrics,
      ...countsOf(result),
      ...(bracket && {
        'bracket.pessimistic.finalBalance': bracket.pessimistic.finalEquity,
        'bracket.optimistic.finalBalance': bracket.optimistic.finalEquity,
      }),
    },
  };
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** Bought at the open of the first bar, marked at the last close before each midnight. */
export function buyAndHold(
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

/** The bars of these markets from a time on, for charts. */
export function chartsOf(markets: readonly MarketData[], fromMs: number): ChartData {
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
