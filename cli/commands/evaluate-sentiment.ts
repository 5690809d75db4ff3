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
      const models: Record<string, JudgeResult> = {};
      const latency: Record<string, JudgeLatency> = {};
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
          models[judge.key] = told.result;
          latency[judge.key] = told.latency;
        }
      } finally {
        progress.end();
        await close();
      }
      const { runs, seed } = options;
      const result = { data: basename(options.data), rows: rows.length, runs, seed, models, latency };
      const output = createOutput(isPrinted, (text) => process.stdout.write(text));
      const written =
        options.json === undefined || isPrinted
          ? undefined
          : writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
      output.result(result, () => {
        print(result, output);
        if (written !== undefined) output.say(`\nWritten: ${written}`);
      });
    });
  },
});

type Interval = JudgeResult['accuracy'];

const number = (value: number | null): string => (value === null ? '–' : value.toFixed(3));
const withInterval = ({ value, low, high }: Interval): string =>
  value === null ? '–' : `${number(value)} [${number(low)}, ${number(high)}]`;

function print(
  result: {
    readonly data: string;
    readonly rows: number;
    readonly models: Readonly<Record<string, JudgeResult>>;
    readonly latency: Readonly<Record<string, JudgeLatency>>;
  },
  output: Output,
): void {
  const judged = Object.entries(result.models);
  output.say(
    `${result.rows} headlines of ${result.data}; in brackets 95 % intervals of a bootstrap over the rows\n`,
  );
  output.table(
    columns('model', 'accuracy', 'macro-F1', 'direction', 'correlation', '>answered'),
    judged.map(([key, one]) => [
      ...[key, ...[one.accuracy, one.macroF1, one.direction, one.correlation].map(withInterval)],
      `${one.answered}`,
    ]),
    '',
  );
  output.say('');
  output.table(
    columns(
      'model',
      'calibration error',
      'squared error',
      '>bearish',
      '>neutral',
      '>bullish',
      '>ms each',
      '>ms a batch',
    ),
    judged.map(([key, one]) => {
      const { bearish, neutral, bullish } = one.labels;
      const { perHeadlineMs, medianBatchMs, batch } = result.latency[key] ?? NO_LATENCY;
      return [
        ...[key, withInterval(one.calibrationError), withInterval(one.squaredError)],
        ...[bearish, neutral, bullish].map(String),
        ...[perHeadlineMs.toFixed(2), `${medianBatchMs.toFixed(1)} of ${batch}`],
      ];
    }),
    '',
  );
  output.say('');
  for (const [key, { scorer }] of judged) output.say(`${key}: ${scorer}`);
}

const NO_LATENCY: JudgeLatency = { batch: 0, perHeadlineMs: 0, medianBatchMs: 0, p95BatchMs: 0 };
