import type { Month, TradeGroup } from '../../domain/performance/breakdowns';
import { percent, thousands, utcTime } from '../../domain/display';
import { formatMetric, formatPeer, METRIC_GROUPS, MetricKind, PEERS, UNDEFINED } from './catalogue';
import type { Assessment } from '../truth/assessment';
import type { Interval } from '../truth/resampling';
import type { Verdict } from '../truth/verdict';
import type { Report } from './report';

/** A table of a report as text, whatever prints it. A head that begins with `>` is a column of numbers. */
export interface ReportTable {
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A table per group of metrics that has something to say: a group without one defined value is left out. */
export const metricTables = ({ metrics }: Report): readonly ReportTable[] =>
  METRIC_GROUPS.map(({ title, onlyDefined, metrics: shown }) => ({
    title,
    heads: ['metric', '>value'],
    rows: shown
      .filter(({ name }) => onlyDefined !== true || metrics[name] !== null)
      .map(({ name, label, kind }) => [label, formatMetric(kind, metrics[name])]),
  })).filter(({ rows }) => rows.some(([, value]) => value !== UNDEFINED));

/** The sets of other tools, under their own names. */
export const peerTables = ({ metrics }: Report): readonly ReportTable[] =>
  PEERS.map((peer) => ({
    title: `As ${peer} reports it`,
    heads: ['metric', '>value'],
    rows: Object.entries(metrics)
      .filter(([name]) => name.startsWith(`${peer}.`))
      .map(([name, value]) => [name.slice(peer.length + 1), formatPeer(value)]),
  }));

/** The breakdowns that tell anything: one group alone repeats the whole. */
export function breakdownTables({ breakdowns }: Report): readonly ReportTable[] {
  const { byMonth, bySymbol, bySide, byStrategy, byExitReason } = breakdowns;
  const groups: readonly (readonly [string, string, readonly TradeGroup[]])[] = [
    ['By pair', 'pair', bySymbol],
    ['By side', 'side', bySide],
    ['By strategy', 'strategy', byStrategy],
    ['By exit', 'reason', byExitReason],
  ];
  const tables = groups
    .filter(([, , rows]) => rows.length > 1)
    .map(([title, head, rows]) => ({ title, heads: [head, ...GROUP_HEADS], rows: rows.map(groupRow) }));
  return [...(byMonth.length > 1 ? [monthTable(byMonth)] : []), ...tables];
}

/** How far the metrics can be believed; nothing when that was not asked. */
export function assessmentTables({ assessment }: Report): readonly ReportTable[] {
  if (assessment === undefined) return [];
  const { confidence, runs, seed, intervals, order, sharpe, verdict } = assessment;
  const share = percent(confidence, 0);
  const heads = ['metric', '>observed', '>low', '>median', '>high', '>defined in'];
  const text = (value: number | null): string => formatMetric(MetricKind.Fraction, value);
  return [
    ...(verdict === undefined ? [] : [verdictTable(verdict)]),
    {
      title: `Confidence: ${share} of ${thousands(runs, 0)} bootstrap samples lie between (seed ${seed})`,
      heads,
      rows: intervalRows(intervals),
    },
    {
      title: `Luck of the order: ${share} of ${thousands(runs, 0)} shuffles of the trades`,
      heads,
      rows: intervalRows(order),
    },
    {
      title: `Is the Sharpe ratio above zero? Tried: ${thousands(sharpe.trials, 0)}`,
      heads: ['', '>value'],
      rows: [
        ['Probability, of one trial (PSR)', text(sharpe.probabilistic)],
        ['Probability, as the best of all trials (DSR)', text(sharpe.deflated)],
        [`Days needed for ${share}`, formatMetric(MetricKind.Days, sharpe.minimumTrackRecordDays)],
      ],
    },
    ...engineTables(assessment),
  ];
}

const verdictTable = ({ sentences }: Verdict): ReportTable => ({
  title: 'Can it be believed?',
  heads: [],
  rows: sentences.map((sentence) => [sentence]),
});

/** What only the engine can tell. */
function engineTables({ entries, barDrawdown }: Assessment): readonly ReportTable[] {
  const money = (value: number): string => formatMetric(MetricKind.Money, value);
  const tables: ReportTable[] = [];
  if (entries)
    tables.push({
      title: `Against ${thousands(entries.runs, 0)} runs with entries by chance (seed ${entries.seed})`,
      heads: ['', '>value'],
      rows: [
        ['Profit of the strategy', money(entries.observed)],
        ['Profit of chance: median', money(entries.median)],
        ['Between, nine in ten', `${money(entries.low)} to ${money(entries.high)}`],
        ['Trades of the strategy, of chance', `${entries.trades}, ${entries.meanTrades.toFixed(1)}`],
        ['Chance did as well in', percent(entries.pValue, 1)],
      ],
    });
  if (barDrawdown)
    tables.push({
      title: 'Drawdown from close to close',
      heads: ['', '>value'],
      rows: [
        ['Deepest', formatMetric(MetricKind.Fraction, barDrawdown.fraction)],
        ['Deepest, absolute', money(barDrawdown.absolute)],
        ['From', utcTime(barDrawdown.peakMs, 'minutes')],
        ['Lowest', utcTime(barDrawdown.lowMs, 'minutes')],
        ['Its length, days', formatMetric(MetricKind.Days, barDrawdown.days)],
      ],
    });
  return tables;
}

/** Groups that are compared with and without an input. */
const COMPARED = ['Result', 'Risk', 'Trades'];

/** What the hidden inputs were worth; nothing when none was hidden. */
export function withoutTables({ metrics, without }: Report): readonly ReportTable[] {
  if (without === undefined) return [];
  const shown = METRIC_GROUPS.filter(({ title }) => COMPARED.includes(title)).flatMap(
    (group) => group.metrics,
  );
  const rows = shown.map(({ name, label, kind }) => {
    const [seen, unseen] = [metrics[name] ?? null, without.metrics[name] ?? null];
    const difference = seen === null || unseen === null ? null : seen - unseen;
    return [label, ...[seen, unseen, difference].map((value) => formatMetric(kind, value))];
  });
  return [
    {
      title: `With and without ${without.hidden.join(', ')}`,
      heads: ['metric', '>with', '>without', '>difference'],
      rows: rows.filter(([, seen, unseen]) => seen !== UNDEFINED || unseen !== UNDEFINED),
    },
  ];
}

const KINDS = new Map(METRIC_GROUPS.flatMap(({ metrics }) => metrics.map((metric) => [metric.name, metric])));

const intervalRows = (found: Readonly<Record<string, Interval>>): readonly (readonly string[])[] =>
  Object.entries(found).map(([name, { observed, low, median, high, definedShare }]) => {
    const { label = name, kind = MetricKind.Ratio } = KINDS.get(name) ?? {};
    return [
      label,
      ...[observed, low, median, high].map((value) => formatMetric(kind, value)),
      percent(definedShare, 0),
    ];
  });

const GROUP_HEADS = ['>trades', '>win rate', '>profit', '>average', '>profit factor'];

const groupRow = (group: TradeGroup): readonly string[] => [
  group.key,
  String(group.trades),
  group.winRate === null ? UNDEFINED : percent(group.winRate, 1),
  thousands(group.profit),
  formatMetric(MetricKind.Money, group.averageProfit),
  formatMetric(MetricKind.Ratio, group.profitFactor),
];

const monthTable = (months: readonly Month[]): ReportTable => ({
  title: 'By month',
  heads: ['month', '>return', ...GROUP_HEADS],
  rows: months.map((month) => {
    const [key = '', ...rest] = groupRow(month);
    return [key, formatMetric(MetricKind.Fraction, month.equityReturn), ...rest];
  }),
});
