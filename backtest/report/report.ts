import { breakdownsOf, type Breakdowns } from '../../domain/performance/breakdowns';
import { performanceMetrics } from '../../domain/performance/metrics';
import type { Assessment } from '../truth/assessment';
import type { WalkForwardReport } from '../truth/fold-tables';
import type { EquityPoint, Metrics, PerformanceInput, TradeRecord } from '../../domain/performance/types';

/** A bar of a chart; UTC milliseconds of its opening. */
export interface ChartBar {
  readonly timeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** What came of a test in which strategies did not see everything. */
export interface WithoutObserved {
  readonly hidden: readonly string[];
  readonly metrics: Metrics;
  readonly trades: readonly TradeRecord[];
}

/** A result with everything that reports show: the document that `--json FILE` writes. */
export interface Report {
  readonly title: string;
  /** What the run was configured with; empty for a bare list of trades. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** What a reader must know to believe the numbers rightly, in sentences. */
  readonly notes: readonly string[];
  readonly startingBalance: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly metrics: Metrics;
  readonly breakdowns: Breakdowns;
  readonly trades: readonly TradeRecord[];
  readonly equity: readonly EquityPoint[];
  readonly buyAndHold?: readonly EquityPoint[];
  /** The same test with some of what is observed hidden from the strategies, when that has been asked. */
  readonly without?: WithoutObserved;
  /** How far the metrics can be believed, when that has been asked. */
  readonly assessment?: Assessment;
  /** The windows of a walk-forward test, whose out-of-sample parts the rest is about. */
  readonly walkForward?: WalkForwardReport;
}

/** Computes everything that is told of a result. */
export function createReport(options: {
  readonly title: string;
  readonly input: PerformanceInput;
  readonly configuration?: Readonly<Record<string, unknown>>;
  readonly notes?: readonly string[];
  readonly assessment?: Assessment | undefined;
}): Report {
  const { title, input, configuration = {}, notes = [], assessment } = options;
  const { startingBalance, startMs, endMs, trades, equity, buyAndHold } = input;
  return {
    title,
    configuration,
    notes,
    startingBalance,
    startMs,
    endMs,
    metrics: performanceMetrics(input),
    breakdowns: breakdownsOf(input),
    trades,
    equity,
    ...(buyAndHold === undefined ? {} : { buyAndHold }),
    ...(assessment === undefined ? {} : { assessment }),
  };
}

/** The report as a JSON document. `ballast metrics` reads it again. */
export const reportJson = (report: Report): string => `${JSON.stringify(report, null, 1)}\n`;
