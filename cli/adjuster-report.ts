import type { AdjusterEvaluation } from '../backtest/learn/train-adjuster';
import { ADJUSTMENTS } from '../domain/learning/adjuster';
import { percent, utcTime } from './format';
import { columns, type Output } from './output';

/** What a training of advice found out, for people. */
export function printAdjuster(
  output: Output,
  {
    id,
    evaluation,
    notes,
    file,
  }: {
    readonly id: string;
    readonly evaluation: AdjusterEvaluation;
    readonly notes: readonly string[];
    readonly file: string;
  },
): void {
  const { trainPositions, testPositions, testFromMs, nothing, policies } = evaluation;
  for (const note of notes) output.say(`Note: ${note}`);
  output.say(
    `Trained on ${trainPositions} positions, compared on ${testPositions} from ${utcTime(testFromMs, 'minutes')} on, which brought ${percent(nothing, 3)} each when left alone`,
  );
  output.table(
    columns(
      '>policy',
      '>gained in training',
      '>gained in the test',
      ...ADJUSTMENTS.map((name) => `>${name}`),
    ),
    policies.map(({ seed, trainDifference, testDifference, chosen }) => [
      String(seed + 1),
      percent(trainDifference, 3),
      percent(testDifference, 3),
      ...ADJUSTMENTS.map((name) => String(chosen[name] ?? 0)),
    ]),
    '',
  );
  output.say(`\n${evaluation.verdict}`);
  output.say('It advises and never acts. Kept is the policy that gained most in training, not in the test.');
  output.say(`Model ${id}: ${file}`);
}
