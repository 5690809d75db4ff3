import type { WorkflowHandle } from '@temporalio/client';
import type { Argv } from 'yargs';
import { Timeframe } from '../../domain/bar';
import { UserError } from '../../domain/errors';
import { jobHash } from '../../domain/ids';
import { PriceKind } from '../../domain/series';
import { EXCHANGE_SOURCE, historyVenue } from '../../config/bar-source';
import { backfillProgressQuery, type BackfillInput, type BackfillProgress } from '../../workflows/contract';
import { candlesKey } from '../../adapters/history/port';
import { defineCommand } from '../command';
import { withContext, type Context } from '../context';
import { followJob, startJob, tellStarted } from '../durable-job';
import { count, utcTime } from '../format';
import { createProgress } from '../progress-bar';
import { timeOption } from '../time-option';

interface DataDownloadOptions {
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly from?: string;
  readonly to?: string;
  readonly venue?: string;
  readonly detach: boolean;
}

export const dataDownloadCommand = defineCommand<DataDownloadOptions>({
  command: 'download',
  describe: 'Download candles from a venue, as a durable workflow of the running system',
  builder: (yargs): Argv<DataDownloadOptions> =>
    yargs
      .option('symbol', { type: 'string', demandOption: true, requiresArg: true, describe: 'Like BTC/USDT' })
      .option('timeframe', { choices: Object.values(Timeframe), demandOption: true, requiresArg: true })
      .option('from', {
        type: 'string',
        requiresArg: true,
        describe: 'UTC, e.g. 2024-01-01; else where the stored bars end',
      })
      .option('to', { type: 'string', requiresArg: true, describe: 'UTC, exclusive; else now' })
      .option('venue', {
        type: 'string',
        requiresArg: true,
        describe: "ccxt's name of one; else the configured exchange",
      })
      .option('detach', { type: 'boolean', default: false, describe: 'Start it, and do not wait' })
      .example('$0 data download --venue kraken --symbol BTC/USD --timeframe 1h --from 2024-01-01', ''),
  run: (options) =>
    withContext(options, async (context) => {
      const input = await inputOf(context, options);
      const handle = await start(context, input, options.to);
      if (options.detach) {
        tellStarted(context, { workflowId: handle.workflowId, ...input }, 'Downloading', 'how far it is');
        return;
      }
      const result = await follow(context, handle, input);
      const series = `${historyVenue(context.config, input.source)} ${input.symbol} ${input.timeframe}`;
      context.output.result({ workflowId: handle.workflowId, series, ...result }, () => {
        print(context, series, result);
      });
    }),
});

async function inputOf(context: Context, options: DataDownloadOptions): Promise<BackfillInput> {
  const { symbol, timeframe } = options;
  const source = options.venue ?? EXCHANGE_SOURCE;
  const toMs = timeOption('to', options.to) ?? Date.now();
  const fromMs = timeOption('from', options.from) ?? (await endOfStored(context, source, options));
  if (fromMs >= toMs)
    throw new UserError(
      `There is nothing from ${utcTime(fromMs)} to ${utcTime(toMs)}.`,
      'Let --from be before --to.',
    );
  return { source, symbol, timeframe, fromMs, toMs };
}

async function endOfStored(
  { config, history }: Context,
  source: string,
  { symbol, timeframe }: DataDownloadOptions,
): Promise<number> {
  const venue = historyVenue(config, source);
  const key = candlesKey({ venue, symbol, timeframe, price: PriceKind.Last });
  const lastMs = (await (await history()).find(key))?.lastMs ?? null;
  if (lastMs !== null) return lastMs;
  throw new UserError(
    `There are no bars of ${venue} ${symbol} ${timeframe} yet, so there is no end to go on from.`,
    'Say where to begin: --from 2024-01-01',
  );
}

/** One workflow for one question: asked again while it runs, it is joined. Without an end the question is the same later on. */
function start(context: Context, input: BackfillInput, to: string | undefined): Promise<WorkflowHandle> {
  const { source, symbol, timeframe, fromMs, toMs } = input;
  const identity = [source, symbol, timeframe, String(fromMs), ...(to === undefined ? [] : [String(toMs)])];
  return startJob(context, {
    ...{ workflow: 'backfill', kind: 'backfill', input },
    hash: jobHash(identity),
    summary: `candles of ${symbol} ${timeframe} from ${source}`,
  });
}

/** Shows how far it is until it has ended; the workflow goes on when this command does not. */
function follow(
  context: Context,
  handle: WorkflowHandle,
  { symbol, fromMs, toMs }: BackfillInput,
): Promise<BackfillProgress> {
  const progress = createProgress(process.stderr, context.output.json);
  return followJob(context, handle, {
    ...{ query: backfillProgressQuery, progress, what: 'downloading', total: toMs - fromMs },
    show: ({ nextMs, bars }, trouble) => {
      progress.update(Math.min(nextMs, toMs) - fromMs, symbol, `${count(bars)} bars${trouble}`);
    },
  });
}

function print(
  { output }: Context,
  series: string,
  { bars, inserted, changed, firstMs, fromMs, nextMs }: BackfillProgress,
): void {
  output.say(
    `${series}: ${count(bars)} bars up to ${utcTime(nextMs, 'minutes')}, ${count(inserted)} new, ${count(changed)} corrected`,
  );
  if (firstMs === null) output.say('The venue has none of this range.');
  else if (firstMs > fromMs) output.say(`The venue has none before ${utcTime(firstMs, 'minutes')}.`);
}
