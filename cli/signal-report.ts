import type { TrainedSignal } from '../backtest/learn/train-signal';
import { percent, utcTime } from './format';
import { columns, type Output } from './output';

/** Features that people want to see. */
const SHOWN = 12;

/** What a training found out, for people. */
export function printSignal(
  output: Output,
  {
    id,
    trained,
    notes,
    file,
  }: {
    readonly id: string;
    readonly trained: TrainedSignal;
    readonly notes: readonly string[];
    readonly file: string;
  },
): void {
  const { judgement, breakEven } = trained;
  for (const note of notes) output.say(`Note: ${note}`);
  printFolds(output, trained);
  output.say('\nCalibration: what was said of examples that were not learnt from, and what became of them');
  output.table(
    columns('>examples', '>told', '>found'),
    judgement.reliability.map(({ examples, told, found }) => [
      String(examples),
      percent(told),
      percent(found),
    ]),
    '',
  );
  output.say(
    '\nFeatures: share of the gain of all splits, and the log-loss out of sample when the feature is shuffled',
  );
  output.table(
    columns('feature', '>gain', '>shuffled'),
    trained.importance
      .slice(0, SHOWN)
      .map(({ feature, gain, permutation }) => [feature, percent(gain), signed(permutation)]),
    '',
  );
  output.say(`\n${judgement.verdict}`);
  output.say(
    `A trade must have a chance of ${percent(breakEven)} to break even; entries were looked at from ${percent(judgement.threshold)} on.`,
  );
  output.say(`Model ${id}: ${file}`);
  output.say(`Use it with: --strategy learned --param model=${id}`);
}

function printFolds(output: Output, { folds, judgement }: TrainedSignal): void {
  output.say('Walk-forward: each fold knows only what lies before it');
  const loss = (value: number): string => value.toFixed(4);
  output.table(
    columns(
      'from',
      'to',
      '>learnt from',
      '>examples',
      '>pay',
      '>trees',
      '>log-loss',
      '>base rate',
      '>brier',
      '>base rate',
      '>auc',
    ),
    [
      ...folds.map((fold) => [
        utcTime(fold.fromMs, 'minutes'),
        `${utcTime(fold.toMs, 'minutes')}${fold.isCalibrated ? '' : ' *'}`,
        ...[String(fold.trainExamples), String(fold.examples), percent(fold.rate), String(fold.trees)],
        ...[loss(fold.logLoss), loss(fold.baseLogLoss), loss(fold.brier), loss(fold.baseBrier)],
        fold.auc?.toFixed(3) ?? '–',
      ]),
      [
        ...['all calibrated', '', '', String(judgement.examples), percent(judgement.rate), ''],
        ...[
          loss(judgement.logLoss),
          loss(judgement.baseLogLoss),
          loss(judgement.brier),
          loss(judgement.baseBrier),
        ],
        judgement.auc?.toFixed(3) ?? '–',
      ],
    ],
    '',
  );
  output.say('* not calibrated, as no fold lies before it; left out of the last line and of the verdict');
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(5)}`;
