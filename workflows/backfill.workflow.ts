import { continueAsNew, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import { backfillProgressQuery, type BackfillInput, type BackfillProgress } from './contract';
import { jobActivities } from './proxies';

/** Requests of one activity: long enough to be worth its place in the history, short enough to be repeated without regret. */
const PAGES_PER_STEP = 20;

/**
 * Downloads past candles: asks a venue page by page and writes what it tells into the market history. Every step is
 * idempotent, so nothing is lost and nothing is there twice, whoever is killed.
 */
export async function backfill(input: BackfillInput): Promise<BackfillProgress> {
  const { source, symbol, timeframe, fromMs, toMs } = input;
  let progress: BackfillProgress = input.carried ?? {
    ...{ fromMs, nextMs: fromMs, pages: 0, bars: 0, inserted: 0, changed: 0, firstMs: null, done: false },
  };
  setHandler(backfillProgressQuery, () => progress);
  while (!progress.done) {
    const from = new Date(progress.nextMs).toISOString().slice(0, 16);
    const step = await jobActivities(`${source} ${symbol} ${timeframe} from ${from}`).backfillPages({
      ...{ source, symbol, timeframe, fromMs: progress.nextMs, toMs, maxPages: PAGES_PER_STEP },
    });
    progress = {
      fromMs,
      nextMs: step.nextMs,
      pages: progress.pages + step.pages,
      bars: progress.bars + step.bars,
      inserted: progress.inserted + step.inserted,
      changed: progress.changed + step.changed,
      firstMs: progress.firstMs ?? step.firstMs,
      done: step.done,
    };
    setCurrentDetails(describe(input, progress));
    if (!progress.done && workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof backfill>({ ...input, carried: progress });
  }
  return progress;
}

const describe = ({ symbol, timeframe, source }: BackfillInput, progress: BackfillProgress): string =>
  `**${symbol} ${timeframe}** of ${source} up to ${new Date(progress.nextMs).toISOString()}: ${progress.bars} bars in ${progress.pages} requests, ${progress.inserted} new, ${progress.changed} corrected`;
