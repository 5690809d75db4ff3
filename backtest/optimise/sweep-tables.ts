import { percent, thousands } from '../../domain/display';
import type { Metrics } from '../../domain/performance/types';
import { formatMetric, METRIC_GROUPS, MetricKind, UNDEFINED } from '../report/catalogue';
import type { ReportTable } from '../report/tables';
import type { Choice } from './space';
import { PlateauVerdict, type Plateau } from './stability';
import type { SweepReport } from './sweep-report';

const KNOWN = new Map(METRIC_GROUPS.flatMap(({ metrics }) => metrics.map((metric) => [metric.name, metric])));

/** A value of a metric by its flat name. */
export const metricText = (name: string, value: number | null | undefined): string =>
  formatMetric(KNOWN.get(name)?.kind ?? MetricKind.Ratio, value);

export const metricLabel = (name: string): string => KNOWN.get(name)?.label ?? name;

/** A parameter's value; numbers as far as they matter. */
export const choiceText = (choice: Choice | undefined): string =>
  typeof choice === 'number' ? String(Number(choice.toPrecision(6))) : String(choice ?? null);

const SHORT: Readonly<Record<string, string>> = { totalReturn: 'return', maxDrawdown: 'drawdown' };

/** Of each of the best: its parameters, and what it did where it was searched and where it was not (OOS, out of sample). */
export function bestTable(report: SweepReport): ReportTable {
  const names = Object.keys(report.space);
  const shown = [...new Set([report.objective, 'totalReturn', 'maxDrawdown', 'trades'])];
  const texts = (metrics: Metrics | null): readonly string[] =>
    shown.map((name) => (metrics === null ? UNDEFINED : metricText(name, metrics[name])));
  const isSplit = report.best.some(({ outOfSample }) => outOfSample !== null);
  const labels = shown.map((name) => `>${SHORT[name] ?? metricLabel(name)}`);
  return {
    title: `The best of ${thousands(report.trials, 0)} trials by ${metricLabel(report.objective)}`,
    heads: [
      ...['>#', '>trial', ...names.map((name) => `>${name}`), ...labels],
      ...(isSplit ? labels.map((label) => label.replace('>', '>OOS ')) : []),
    ],
    rows: report.best.map(({ number, point, metrics, outOfSample }, rank) => [
      ...[String(rank + 1), String(number), ...names.map((name) => choiceText(point[name]))],
      ...[...texts(metrics), ...(isSplit ? texts(outOfSample) : [])],
    ]),
  };
}

/** What the number of trials makes of the best one. */
export function luckTable({ sharpe, plateau }: SweepReport): ReportTable {
  const fraction = (value: number | null): string => formatMetric(MetricKind.Fraction, value);
  const ratio = (value: number | null): string => formatMetric(MetricKind.Ratio, value);
  return {
    title: 'Luck',
    heads: ['', '>value'],
    rows: [
      ['Trials made', thousands(sharpe.trials, 0)],
      ['Deviation of their Sharpe ratios', ratio(sharpe.deviation)],
      ['Highest of so many without merit', ratio(sharpe.expectedHighest)],
      ['Best: Sharpe above zero, as if the only trial (PSR)', fraction(sharpe.probabilistic)],
      ['Best: Sharpe above zero, as the best of all (DSR)', fraction(sharpe.deflated)],
      ['Best: Sharpe above zero, out of sample (PSR)', fraction(sharpe.outOfSample)],
      ['Best: neighbours as good as it (plateau score)', plateau === null ? UNDEFINED : ratio(plateau.score)],
    ],
  };
}

/** One sentence about the surroundings of the best trial. */
export function plateauText({ verdict, score, neighbours, radius }: Plateau): string {
  const where = `${neighbours} trials within ${percent(radius, 0)} of each range`;
  switch (verdict) {
    case PlateauVerdict.Plateau:
      return `The best trial is on a plateau: ${where} are about as good (${score?.toFixed(2) ?? ''}).`;
    case PlateauVerdict.Slope:
      return `The best trial is on a slope: ${where} are clearly worse (${score?.toFixed(2) ?? ''}).`;
    case PlateauVerdict.Spike:
      return `The best trial is an isolated spike: ${where} are much worse (${score?.toFixed(2) ?? ''}). Do not trust it.`;
    case PlateauVerdict.Unknown:
      return `Whether the best trial is a spike is not known: ${where}.`;
  }
}
