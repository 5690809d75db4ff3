import { ObservedKind } from '../../domain/observations';
import { inputOptions, inputRequest, type InputOptions } from '../backtest-options';
import { testStrategies } from '../backtest-run';
import { defineCommand } from '../command';
import { createProgress } from '../progress-bar';
import { putOut, reportBuilder, type ReportOptions } from '../report-output';
import { truthOptions, truthRequest, type TruthOptions } from '../truth-options';

interface BacktestOptions extends ReportOptions, InputOptions, TruthOptions {
  readonly bracket: boolean;
  readonly without?: readonly ObservedKind[];
}

export const backtestCommand = defineCommand<BacktestOptions>({
  command: 'backtest',
  describe: 'Test strategies on recorded bars, by the code that trades live',
  jsonFile: true,
  builder: (yargs) =>
    truthOptions(inputOptions(reportBuilder(yargs)))
      .option('bracket', {
        type: 'boolean',
        default: false,
        describe: 'Also read every ambiguous bar in favour of and against the strategy',
      })
      .option('without', {
        choices: Object.values(ObservedKind),
        array: true,
        requiresArg: true,
        describe: 'Also test with these inputs hidden from the strategies, and show both; repeatable',
      }),
  run: async (options) => {
    const { report, charts } = await testStrategies({
      ...inputRequest(options),
      bracket: options.bracket,
      without: options.without ?? [],
      charts: options.html !== undefined,
      truth: truthRequest(options),
      progress: createProgress(process.stderr, options.json === ''),
    });
    putOut(report, options, charts);
  },
});
