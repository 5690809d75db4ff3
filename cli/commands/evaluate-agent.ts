import { evaluationTables } from '../../backtest/evaluation/tables';
import { ArmName } from '../../backtest/evaluation/evaluation';
import { UserError } from '../../domain/errors';
import { inputOptions, inputRequest, type InputOptions } from '../backtest-options';
import { defineCommand } from '../command';
import { checkArms, estimateText, evaluateAgent, type AgentReport } from '../evaluate/agent-run';
import { whole } from '../optimise-options';
import { createOutput } from '../output';
import { splitList } from '../parameters';
import { createProgress } from '../progress-bar';
import { printTable, writeFile } from '../report-output';

interface EvaluateAgentOptions extends InputOptions {
  /** `--json` alone prints the document, `--json FILE` writes it. */
  readonly json?: string;
  readonly arms: readonly string[];
  readonly seeds: number;
  readonly bootstrap: number;
  readonly 'chance-runs': number;
  readonly confidence: number;
  readonly budget?: number;
  readonly 'at-once': number;
  readonly anonymise: boolean;
  readonly estimate: boolean;
}

const MOST_SEEDS = 100;
const MOST_RUNS = 100_000;
const MOST_AT_ONCE = 256;

export const evaluateAgentCommand = defineCommand<EvaluateAgentOptions>({
  command: 'agent',
  describe:
    'The same period with rules only, with mood and with the panel: differences with intervals, and their cost',
  jsonFile: true,
  builder: (yargs) =>
    inputOptions(yargs)
      .option('json', {
        type: 'string',
        describe: 'Write the whole result into this file; without a file, print it',
      })
      .option('arms', {
        type: 'string',
        array: true,
        default: [ArmName.Rules, ArmName.Panel],
        coerce: splitList,
        describe: 'rules, and what is held against it: mood (strategies that look at it), panel',
      })
      .option('seeds', { type: 'number', default: 5, requiresArg: true, describe: 'So many, from --seed on' })
      .option('bootstrap', { type: 'number', default: 1_000, requiresArg: true, describe: 'So many samples' })
      .option('chance-runs', {
        type: 'number',
        default: 200,
        requiresArg: true,
        describe: 'Backtests with the same answers dealt to entries at random (0 for none)',
      })
      .option('confidence', {
        type: 'number',
        default: 0.95,
        requiresArg: true,
        describe: 'Of the intervals, over all comparisons together',
      })
      .option('budget', {
        type: 'number',
        requiresArg: true,
        describe: 'Dollars that may be spent at most; else what is left of the month',
      })
      .option('at-once', {
        type: 'number',
        default: 1,
        requiresArg: true,
        describe: 'Bars that the panel sits on at once: quicker, with some questions in vain',
      })
      .option('anonymise', {
        type: 'boolean',
        default: false,
        describe: 'Hide names, dates and price levels from the models',
      })
      .option('estimate', { type: 'boolean', default: false, describe: 'Only say what it may cost' })
      .example(
        '$0 evaluate agent --strategy rsi --symbol BTC/USDT --timeframe 4h --from 2026-06-01 --estimate',
        '',
      ),
  run: async (options) => {
    const isPrinted = options.json === '';
    const request = {
      ...inputRequest(options),
      arms: armsOf(options.arms),
      seeds: whole('seeds', options.seeds, 1, MOST_SEEDS),
      bootstrap: whole('bootstrap', options.bootstrap, 1, MOST_RUNS),
      chanceRuns: whole('chance-runs', options['chance-runs'], 0, MOST_RUNS),
      confidence: options.confidence,
      budgetUsd: options.budget,
      atOnce: whole('at-once', options['at-once'], 1, MOST_AT_ONCE),
      ...{ anonymise: options.anonymise, estimateOnly: options.estimate },
      progress: createProgress(process.stderr, isPrinted),
      onEstimate: (estimate: Parameters<typeof estimateText>[0]): void => {
        if (!isPrinted) process.stderr.write(`${estimateText(estimate)}\n`);
      },
    };
    if (!(request.confidence > 0 && request.confidence < 1))
      throw new UserError(`--confidence ${request.confidence} is not between 0 and 1.`);
    if (options.budget !== undefined && !(options.budget >= 0))
      throw new UserError(`--budget ${options.budget} is no amount.`, 'Give dollars, like --budget 5');
    checkArms(request.arms, request);
    putOutAgent(await evaluateAgent(request), options.json);
  },
});

const NAMES = Object.values(ArmName);

/** In the order in which they are told. */
function armsOf(words: readonly string[]): readonly ArmName[] {
  const unknown = words.find((word) => !NAMES.some((name) => name === word));
  if (unknown !== undefined)
    throw new UserError(`--arms ${unknown}: there is no such arm.`, `There are ${NAMES.join(', ')}.`);
  return NAMES.filter((name) => words.includes(name));
}

function putOutAgent(report: AgentReport, json: string | undefined): void {
  const isPrinted = json === '';
  const output = createOutput(isPrinted, (text) => process.stdout.write(text));
  const written =
    json === undefined || isPrinted ? undefined : writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  output.result(report, () => {
    output.say(report.title);
    for (const note of report.notes) output.say(`Note: ${note}`);
    const { arms, comparisons, conduct, estimate } = report;
    if (arms === undefined || comparisons === undefined) {
      output.say(estimate === null ? 'These arms ask nobody: they cost nothing.' : estimateText(estimate));
    } else {
      for (const { worth } of comparisons) output.say(`\n${worth.sentences.join('\n')}`);
      for (const table of evaluationTables({ arms, comparisons, conduct: conduct ?? null }))
        printTable(table, output);
    }
    if (written !== undefined) output.say(`Written: ${written}`);
  });
}
