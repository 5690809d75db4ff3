import { basename, resolve } from 'node:path';
import { UserError } from '../../domain/errors';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { openJudges } from '../evaluate/judges';
import { readLabelledHeadlines } from '../evaluate/labelled-headlines';
import { evaluateJudge, type JudgeLatency, type JudgeResult } from '../evaluate/sentiment';
import { processEnvironment } from '../../config/environment';
import { columns, createOutput, type Output } from '../output';
import { createProgress } from '../progress-bar';
import { writeFile } from '../report-output';

interface Options {
  readonly data: string;
  readonly json?: string;
  readonly model?: readonly string[];
  readonly runs: number;
  readonly seed: number;
}

export const evaluateSentimentCommand = defineCommand<Options>({
  command: 'sentiment',
  describe: 'How well each configured model judges headlines, beside VADER and the most frequent label',
  jsonFile: true,
  builder: (yargs) =>
    yargs
      .option('data', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe:
          'CSV with the columns text and label (bullish, bearish, neutral, or positive, negative); .gz too',
      })
      .option('json', {
        type: 'string',
        describe: 'Write the results, keyed by model, into this file; without a file, print them',
      })
      .option('model', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'Only this configured model; may be repeated. Vendors charge for every row',
      })
      .option('runs', {
        type: 'number',
        default: 1_000,
        requiresArg: true,
        describe: 'Samples of the bootstrap',
      })
      .option('seed', { type: 'number', default: 1, requiresArg: true, describe: 'Of the bootstrap' }),
  run: async (options) => {
    if (!Number.isInteger(options.runs) || options.runs < 1)
      throw new UserError(`--runs ${options.runs} is not a number of samples, like 1000.`);
    const rows = readLabelledHeadlines(
      resolve(processEnvironment().cwd, options.data),
      basename(options.data),
    );
    const isPrinted = options.json === '';
    await withContext({ ...options, json: isPrinted }, async (context) => {
      const { judges, close } = await openJudges(context, rows, options.model ?? []);
      const progress = createProgress(process.stderr, isPrinted);
      const result: Record<string, Told> = {};
      try {
        for (const judge of judges) {
          progress.begin(judge.key, rows.length);
          const told = await evaluateJudge(judge, rows, {
            ...{ runs: options.runs, seed: options.seed, signal: new AbortController().signal },
            nowMs: () => performance.now(),
            progress: (done) => {
              progress.update(done, `${done} of ${rows.length}`);
            },
          });
          result[judge.key] = { ...told.result, latency: told.latency };
        }
      } finally {
        progress.end();
        await close();
      }
      const output = createOutput(isPrinted, (text) => process.stdout.write(text));
      const written =
        options.json === undefined || isPrinted
          ? undefined
          : writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
      output.result(result, () => {
        output.say(
          `${rows.length} headlines of ${basename(options.data)}; in brackets 95 % intervals (bootstrap)\n`,
        );
        print(Object.entries(result), output);
        if (written !== undefined) output.say(`\nWritten: ${written}`);
      });
    });
  },
});

/** Latency last: it is the one part that is another each time. */
type Told = JudgeResult & { readonly latency: JudgeLatency };

const number = (value: number | null): string => (value === null ? '–' : value.toFixed(3));

function withInterval(told: Told, name: keyof Told['intervals']): string {
  const [low, high] = told.intervals[name];
  return told[name] === null ? '–' : `${number(told[name])} [${number(low)}, ${number(high)}]`;
}

function print(judged: readonly (readonly [string, Told])[], output: Output): void {
  output.table(
    columns('model', 'accuracy', 'macro-F1', 'direction', 'correlation', '>answered'),
    judged.map(([key, told]) => [
      key,
      withInterval(told, 'accuracy'),
      withInterval(told, 'macroF1'),
      withInterval(told, 'direction'),
      withInterval(told, 'correlation'),
      String(told.answered),
    ]),
    '',
  );
  output.say('');
  output.table(
    columns('model', 'calibration error', 'squared error', '>bearish', '>neutral', '>bullish'),
    judged.map(([key, told]) => [
      key,
      withInterval(told, 'calibrationError'),
      withInterval(told, 'squaredError'),
      ...[told.labels.bearish, told.labels.neutral, told.labels.bullish].map(String),
    ]),
    '',
  );
  output.say('');
  output.table(
    columns('model', '>ms a headline', '>ms a batch', '>p95', '>of', 'who exactly'),
    judged.map(([key, { latency, scorer }]) => [
      ...[key, latency.perHeadlineMs.toFixed(2), latency.medianBatchMs.toFixed(1)],
      ...[latency.p95BatchMs.toFixed(1), String(latency.batch), scorer],
    ]),
    '',
  );
}
