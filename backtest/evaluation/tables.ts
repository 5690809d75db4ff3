import { percent, thousands } from '../../domain/display';
import { formatMetric, MetricKind, UNDEFINED } from '../report/catalogue';
import type { ReportTable } from '../report/tables';
import { metricLabel, metricText } from '../optimise/sweep-tables';
import type { Interval } from '../truth/resampling';
import type { Conduct, ConductShares } from './conduct';
import { ARM_TITLES, type Comparison, type Evaluation } from './evaluation';
import { COMPARED_METRICS } from './paired';

const SHOWN = [
  ...['finalBalance', 'totalReturn', 'sharpe', 'maxDrawdown', 'volatility'],
  ...['trades', 'winRate', 'profitFactor'],
];

/** Everything that an evaluation found, as text. */
export const evaluationTables = (evaluation: Evaluation): readonly ReportTable[] => [
  armTable(evaluation),
  ...evaluation.comparisons.map(comparisonTable),
  ...(evaluation.conduct === null ? [] : [conductTable(evaluation.conduct)]),
];

/** Means over seeds; what is claimed of differences stands in the tables after it. */
function armTable({ arms }: Evaluation): ReportTable {
  return {
    title:
      'What each arm did (means over seeds, net of what models cost; no claim without its interval below)',
    heads: ['metric', ...arms.map(({ name }) => `>${ARM_TITLES[name]}`)],
    rows: [
      ...SHOWN.map((metric) => [
        metricLabel(metric),
        ...arms.map(({ metrics }) => metricText(metric, metrics[metric])),
      ]),
      ['Models cost, $', ...arms.map(({ modelCostUsd }) => dollars(modelCostUsd))],
    ],
  };
}

function comparisonTable({ arm, base, confidence, differences, worth }: Comparison): ReportTable {
  const row = (label: string, metric: string, interval: Interval): readonly string[] => [
    label,
    ...[interval.observed, interval.low, interval.high].map((value) => metricText(metric, value)),
  ];
  return {
    title: `${ARM_TITLES[arm]} less ${ARM_TITLES[base]}: ${worth.kind}`,
    heads: ['difference', '>observed', `>${percent(confidence, 1)}: low`, '>high'],
    rows: [
      row('Growth of the money (judged)', 'totalReturn', differences.growth),
      ...COMPARED_METRICS.map((metric) => row(metricLabel(metric), metric, differences[metric])),
    ],
  };
}

const CONDUCT: readonly (readonly [keyof ConductShares, string, (value: number) => string])[] = [
  ['costPerDecisionUsd', 'Cost of a decision, $', (value) => dollars(value)],
  ['latencyMs', 'Time of a decision, s', (value) => (value / 1000).toFixed(2)],
  ['deadlineMisses', 'A seat missed the deadline', (value) => percent(value, 1)],
  ['withoutPanel', 'Decided without the panel', (value) => percent(value, 1)],
  ['changed', 'Proposals it changed', (value) => percent(value, 1)],
  ['vetoed', 'of these vetoed', (value) => percent(value, 1)],
  ['shrunk', 'made smaller', (value) => percent(value, 1)],
  ['seatsDisagreed', 'Seats did not agree', (value) => percent(value, 1)],
];

function conductTable(conduct: Conduct): ReportTable {
  const { decisions, proposals } = conduct;
  return {
    title: `What the panel did: ${thousands(decisions, 0)} decisions on ${thousands(proposals, 0)} proposals`,
    heads: ['', '>observed', '>low', '>high'],
    rows: CONDUCT.map(([name, label, text]) => {
      const { observed, low, high } = conduct[name];
      return [label, ...[observed, low, high].map((value) => (value === null ? UNDEFINED : text(value)))];
    }),
  };
}

const dollars = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.01 ? value.toPrecision(2) : formatMetric(MetricKind.Money, value);
