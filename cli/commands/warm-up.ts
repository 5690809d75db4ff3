import { warmUp, type WarmUpReport } from '../../backtest/truth/warm-up';
import type { DecisionsWithHistory } from '../../backtest/truth/warm-up-decisions';
import { withBacktestInput } from '../backtest-input';
import { inputOptions, inputRequest, type InputOptions } from '../backtest-options';
import { defineCommand } from '../command';
import { RefusedError } from '../failure';
import { count, percent, utcTime } from '../format';
import { columns, createOutput, type Output } from '../output';

export const warmUpCommand = defineCommand<InputOptions>({
  command: 'warm-up',
  describe: 'Does a strategy decide the same wherever its history begins, and has it asked for enough of it?',
  builder: (yargs) => inputOptions(yargs),
  run: async (options) => {
    const output = createOutput(options.json, (text) => process.stdout.write(text));
    const report = await withBacktestInput(inputRequest(options), ({ input }) => warmUp(input));
    output.result(report, () => {
      print(report, output);
    });
    if (!report.passed)
      throw new RefusedError(
        'The bars that are asked for before the first decision do not settle everything: live trading, which begins elsewhere, would decide differently.',
        'Declare more in `warmupBars` of the strategy, or look only at changes of what never settles (docs/truth.md).',
      );
  },
});

function print({ series, decisions, passed }: WarmUpReport, output: Output): void {
  output.say('Bars until it does not matter where the history began');
  output.table(
    columns(
      'strategy',
      'pair',
      'series',
      '>within 1 %',
      '>0.01 %',
      '>declared',
      '>differs then by',
      'verdict',
    ),
    series.map((one) => {
      const never = `> ${count(one.triedBars)}`;
      const { differenceAtDeclared: difference } = one;
      return [
        ...[one.strategy, one.symbol, one.series],
        ...[one.within1Percent, one.within001Percent].map((bars) => (bars === null ? never : count(bars))),
        count(one.declaredBars),
        difference === null ? 'not defined' : difference < 1e-6 ? 'nothing' : percent(difference, 4),
        one.suffices ? 'suffices' : 'too few',
      ];
    }),
    'These strategies look at no series.',
  );
  output.say('\nDecisions on a window, as live trading makes them, beside those on all bars');
  output.table(
    columns('strategy', 'pair', '>window', '>compared', '>differ', 'first (utc)', 'all bars', 'window'),
    decisions.map(decisionRow),
    'There are none.',
  );
  if (passed) output.say('\nThe declared warm-up suffices.');
}

const decisionRow = (one: DecisionsWithHistory): readonly string[] => [
  ...[one.strategy, one.symbol],
  ...[one.bars, one.compared, one.differing].map(count),
  one.first === null ? '–' : utcTime(one.first.closeMs, 'minutes'),
  one.first?.whole.kind ?? '–',
  one.first?.shortened.kind ?? '–',
];
