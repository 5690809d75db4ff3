import { fixed, percent, span, thousands } from '../../domain/display';

/** How a metric is written. */
export const MetricKind = {
  Money: 'money',
  Fraction: 'fraction',
  Ratio: 'ratio',
  Count: 'count',
  Days: 'days',
  Span: 'span',
} as const;
export type MetricKind = (typeof MetricKind)[keyof typeof MetricKind];

/** A metric as reports show it. */
export interface ShownMetric {
  /** Its flat name. */
  readonly name: string;
  readonly label: string;
  readonly kind: MetricKind;
}

export interface MetricGroup {
  readonly title: string;
  /** Left out when it is not defined: a comparison with nothing is not missed. */
  readonly onlyDefined?: true;
  readonly metrics: readonly ShownMetric[];
}

const { Money, Fraction, Ratio, Count, Days, Span } = MetricKind;
const shown = (name: string, label: string, kind: MetricKind): ShownMetric => ({ name, label, kind });

/** Our own metrics in the order of reports; the sets of other tools are shown under their own names. */
export const METRIC_GROUPS: readonly MetricGroup[] = [
  {
    title: 'Result',
    metrics: [
      shown('startingBalance', 'Starting balance', Money),
      shown('finalBalance', 'Final balance', Money),
      shown('profit', 'Profit', Money),
      shown('totalReturn', 'Total return', Fraction),
      shown('cagr', 'CAGR', Fraction),
      shown('days', 'Days', Days),
      shown('fees', 'Fees', Money),
      shown('funding', 'Funding', Money),
    ],
  },
  {
    title: 'Risk',
    metrics: [
      shown('sharpe', 'Sharpe', Ratio),
      shown('sortino', 'Sortino', Ratio),
      shown('calmar', 'Calmar', Ratio),
      shown('volatility', 'Volatility, yearly', Fraction),
      shown('maxDrawdown', 'Max drawdown', Fraction),
      shown('maxDrawdownAbsolute', 'Max drawdown, absolute', Money),
      shown('maxDrawdownDays', 'Its length, days', Days),
      shown('longestUnderwaterDays', 'Longest below a peak, days', Days),
      shown('currentDrawdown', 'Drawdown at the end', Fraction),
      shown('recoveryFactor', 'Recovery factor', Ratio),
      shown('ulcerIndex', 'Ulcer index', Fraction),
      shown('valueAtRisk95', 'VaR 95 %, daily', Fraction),
      shown('conditionalValueAtRisk95', 'CVaR 95 %, daily', Fraction),
    ],
  },
  {
    title: 'Days',
    metrics: [
      shown('averageDailyReturn', 'Average day', Fraction),
      shown('bestDay', 'Best day', Fraction),
      shown('worstDay', 'Worst day', Fraction),
      shown('winningDays', 'Winning days', Count),
      shown('losingDays', 'Losing days', Count),
      shown('skewness', 'Skewness', Ratio),
      shown('kurtosis', 'Kurtosis', Ratio),
    ],
  },
  {
    title: 'Trades',
    metrics: [
      shown('trades', 'Trades', Count),
      shown('wins', 'Wins', Count),
      shown('losses', 'Losses', Count),
      shown('draws', 'Draws', Count),
      shown('winRate', 'Win rate', Fraction),
      shown('profitFactor', 'Profit factor', Ratio),
      shown('expectancy', 'Expectancy', Money),
      shown('expectancyRatio', 'Expectancy per average loss', Ratio),
      shown('sqn', 'SQN', Ratio),
      shown('payoffRatio', 'Average win / average loss', Ratio),
      shown('averageWin', 'Average win', Money),
      shown('averageLoss', 'Average loss', Money),
      shown('largestWin', 'Largest win', Money),
      shown('largestLoss', 'Largest loss', Money),
      shown('grossProfit', 'Gross profit', Money),
      shown('grossLoss', 'Gross loss', Money),
      shown('maxConsecutiveWins', 'Most wins in a row', Count),
      shown('maxConsecutiveLosses', 'Most losses in a row', Count),
    ],
  },
  {
    title: 'Activity',
    metrics: [
      shown('averageHoldingMs', 'Average holding', Span),
      shown('averageWinHoldingMs', 'Average holding of wins', Span),
      shown('averageLossHoldingMs', 'Average holding of losses', Span),
      shown('medianHoldingMs', 'Median holding', Span),
      shown('longestHoldingMs', 'Longest holding', Span),
      shown('exposure', 'Time in the market', Fraction),
      shown('turnover', 'Turnover', Ratio),
      shown('turnoverPerYear', 'Turnover per year', Ratio),
      shown('tradesPerDay', 'Trades per day', Ratio),
    ],
  },
  {
    title: 'Against holding and cash',
    onlyDefined: true,
    metrics: [
      shown('buyAndHold.totalReturn', 'Buy and hold: return', Fraction),
      shown('buyAndHold.excessReturn', 'Return above holding', Fraction),
      shown('buyAndHold.cagr', 'Buy and hold: CAGR', Fraction),
      shown('buyAndHold.volatility', 'Buy and hold: volatility', Fraction),
      shown('buyAndHold.sharpe', 'Buy and hold: Sharpe', Ratio),
      shown('buyAndHold.sortino', 'Buy and hold: Sortino', Ratio),
      shown('buyAndHold.calmar', 'Buy and hold: Calmar', Ratio),
      shown('buyAndHold.maxDrawdown', 'Buy and hold: max drawdown', Fraction),
      shown('beta', 'Beta', Ratio),
      shown('alpha', 'Alpha, yearly', Fraction),
      shown('correlation', 'Correlation', Ratio),
      shown('informationRatio', 'Information ratio', Ratio),
      shown('cash.totalReturn', 'Cash: return', Fraction),
      shown('cash.excessReturn', 'Return above cash', Fraction),
    ],
  },
];

/** The tools whose own formulas are reproduced, as prefixes of metric names. */
export const PEERS = ['freqtrade', 'jesse', 'nautilus'] as const;

/** What stands where nothing is defined. */
export const UNDEFINED = '–';

/** A metric's value as text. */
export function formatMetric(kind: MetricKind, value: number | null | undefined): string {
  if (value === null || value === undefined) return UNDEFINED;
  switch (kind) {
    case Money:
      return thousands(value);
    case Fraction:
      return percent(value);
    case Ratio:
      return fixed(value, Math.abs(value) < 0.1 && value !== 0 ? 4 : 2);
    case Count:
      return thousands(value, 0);
    case Days:
      return value.toFixed(1);
    case Span:
      return span(value);
  }
}

/** A value of another tool's set, of which only its name is known. */
export const formatPeer = (value: number | null): string =>
  value === null ? UNDEFINED : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
