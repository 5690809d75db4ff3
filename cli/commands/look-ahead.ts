import {
  HISTORIES,
  lookAhead,
  type LookAheadReport,
  type SignalDifference,
} from '../../backtest/truth/look-ahead';
import type { RecordedSignal } from '../../backtest/truth/recording';
import { UserError } from '../../domain/errors';
import { withBacktestInput } from '../backtest-input';
import { inputOptions, inputRequest, type InputOptions } from '../backtest-options';
import { defineCommand } from '../command';
import { RefusedError } from '../failure';
import { count, utcTime } from '../format';
import { columns, createOutput, type Output } from '../output';
import { createProgress } from '../progress-bar';

interface LookAheadOptions extends InputOptions {
  readonly histories: number;
  readonly show: number;
}

export const lookAheadCommand = defineCommand<LookAheadOptions>({
  command: 'look-ahead',
  describe: 'Does a strategy see the future? Every decision again, without what came after it',
  builder: (yargs) =>
    inputOptions(yargs)
      .option('histories', {
        type: 'number',
        default: HISTORIES,
        requiresArg: true,
        describe: 'How many shortened ones are run, half of them to end at a signal',
      })
      .option('show', { type: 'number', default: 10, requiresArg: true, describe: 'So many differences' }),
  run: async ({ histories, show, ...options }) => {
    if (!Number.isInteger(histories) || histories < 1)
      throw new UserError(`--histories ${histories} is not a number of histories.`);
    const output = createOutput(options.json, (text) => process.stdout.write(text));
    const progress = createProgress(process.stderr, options.json);
    const report = await withBacktestInput(inputRequest(options), ({ input }) => {
      progress.begin('shortened histories', histories);
      return lookAhead(input, histories, (done) => {
        progress.update(done, '');
      });
    });
    progress.end();
    output.result(report, () => {
      print(report, output, show);
    });
    if (!report.passed)
      throw new RefusedError(
        'What was decided depends on what came after it: a backtest of this cannot be believed.',
        'docs/truth.md says what the tables mean, and where to look.',
      );
  },
});

function print(report: LookAheadReport, output: Output, show: number): void {
  const { decisions, signals, histories, signalsAtEnd, differences, series, unstable } = report;
  output.say(
    `${count(decisions)} decisions and ${count(signals)} signals, run again in ${count(histories)} histories that end earlier, ${count(signalsAtEnd)} of them at a signal.`,
  );
  if (report.passed)
    output.say(
      'No look-ahead: every decision, and every value that was looked at, is the same without what came after.',
    );
  if (signals === 0)
    output.say('But it never asked for anything here, so little is known. Take a longer range.');
  if (unstable !== null)
    output.say(
      `Two runs over the same bars decide differently at ${utcTime(unstable.closeMs, 'minutes')}: the strategy keeps something between them, or draws at random.`,
    );
  if (series.length > 0) {
    output.say('\nSeries that change with what comes after');
    output.table(
      columns('strategy', 'pair', 'series', 'first (utc)', '>with', '>without', '>histories', '>bars ahead'),
      series.map((one) => [
        ...[one.strategy, one.symbol, one.series, utcTime(one.closeMs, 'minutes')],
        ...[one.whole, one.shortened].map(valueText),
        ...[one.histories, one.reach].map(count),
      ]),
      '',
    );
  }
  if (differences.length > 0) {
    output.say(`\nDecisions that change with what comes after: ${count(differences.length)}`);
    output.table(
      columns('strategy', 'pair', 'bar closed (utc)', 'history to', 'with', 'without', 'series that differ'),
      differences.slice(0, show).map(differenceRow),
      '',
    );
  }
}

const differenceRow = (one: SignalDifference): readonly string[] => [
  ...[one.strategy, one.symbol, utcTime(one.closeMs, 'minutes'), utcTime(one.endMs, 'minutes')],
  ...[one.whole, one.shortened].map(signalText),
  one.series.join(', ') || '–',
];

function signalText(signal: RecordedSignal | null): string {
  if (signal === null) return 'hold';
  if (signal.plan === null) return signal.kind;
  const { side, stopPrice, targetPrice } = signal.plan;
  return `${signal.kind} ${side}, stop ${valueText(stopPrice)}, target ${valueText(targetPrice)}`;
}

const valueText = (value: number): string =>
  Number.isNaN(value) ? '–' : String(Number(value.toPrecision(8)));
