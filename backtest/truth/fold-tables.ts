import { fixed, percent } from '../../domain/display';
import type { Metrics } from '../../domain/performance/types';
import type { Objective } from '../optimise/objective';
import { choiceText, metricLabel, metricText } from '../optimise/sweep-tables';
import { UNDEFINED } from '../report/catalogue';
import type { ReportTable } from '../report/tables';
import type { Fold, WalkForwardResult } from './walk-forward';

/** A walk-forward test as reports tell it; its trades and its equity are the report's own. */
export interface WalkForwardReport extends Pick<WalkForwardResult, 'folds' | 'efficiency'> {
  readonly objective: Objective;
  readonly sentences: readonly string[];
}

/** Below this most of what was found in sample is not there out of sample; a convention of R. Pardo's. */
const EFFICIENT = 0.5;

/** What the folds say together. */
export function foldSentences({
  folds,
  efficiency,
}: Pick<WalkForwardResult, 'folds' | 'efficiency'>): readonly string[] {
  const traded = folds.filter(({ point }) => point !== null);
  const gained = traded.filter(({ outOfSample }) => (outOfSample?.totalReturn ?? 0) > 0);
  const idle = folds.length - traded.length;
  const sentences = [
    `${gained.length} of ${traded.length} test windows gained.`,
    ...(idle > 0 ? [`In ${idle} nothing was traded: no trial had trades enough on the window before.`] : []),
  ];
  if (efficiency === null)
    return [
      ...sentences,
      'The chosen parameters gained next to nothing even where they were chosen: there is no efficiency.',
    ];
  if (efficiency <= 0)
    return [...sentences, 'Out of sample it lost: what was found is gone where it had not been looked for.'];
  const part = `Out of sample it grew ${percent(efficiency, 0)} as fast as in sample`;
  return [
    ...sentences,
    efficiency < EFFICIENT
      ? `${part}: most of what was found is gone where it had not been looked for.`
      : `${part}.`,
  ];
}

/** A row per fold, what was chosen, and both windows beside each other. */
export function foldTables(report: WalkForwardReport | undefined): readonly ReportTable[] {
  if (report === undefined) return [];
  const { folds, objective, sentences, efficiency } = report;
  const names = [...new Set(folds.flatMap(({ point }) => Object.keys(point ?? {})))];
  const shown = [...new Set([objective, 'totalReturn', 'maxDrawdown', 'trades'])];
  const labels = shown.map((name) => SHORT[name] ?? metricLabel(name));
  return [
    {
      title: `Folds, chosen by ${metricLabel(objective)}`,
      heads: [
        ...['>#', 'train', 'test', ...names.map((name) => `>${name}`)],
        ...labels.map((label) => `>IS ${label}`),
        ...labels.map((label) => `>OOS ${label}`),
        '>efficiency',
      ],
      rows: folds.map((fold, index) => foldRow(fold, index, names, shown)),
    },
    {
      title: 'Out of sample beside in sample',
      heads: [],
      rows: [...sentences.map((sentence) => [sentence]), [`Efficiency: ${ratio(efficiency)}`]],
    },
  ];
}

const SHORT: Readonly<Record<string, string>> = { totalReturn: 'return', maxDrawdown: 'drawdown' };

function foldRow(
  { train, test, point, inSample, outOfSample, efficiency }: Fold,
  index: number,
  names: readonly string[],
  shown: readonly string[],
): readonly string[] {
  const texts = (metrics: Metrics | null): readonly string[] =>
    shown.map((name) => (metrics === null ? UNDEFINED : metricText(name, metrics[name])));
  return [
    ...[String(index + 1), span(train), span(test)],
    ...names.map((name) => (point === null ? UNDEFINED : choiceText(point[name]))),
    ...[...texts(inSample), ...texts(outOfSample), ratio(efficiency)],
  ];
}

const span = ({ fromMs, toMs }: Fold['test']): string => `${day(fromMs)} – ${day(toMs)}`;

const day = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

const ratio = (value: number | null): string => (value === null ? UNDEFINED : fixed(value, 2));
