import { setTimeout as sleep } from 'node:timers/promises';
import { Pair, type AccountView, type Left } from './pair';
import { all, StopRun, type DirectStopOptions } from './stop-run';

/**
 * The emergency stop that needs nothing but the exchange: no journal, no workflows. What is ours is told by the prefix
 * of our client order ids.
 */

export interface DirectStopReport {
  /** Two looks in a row, the last after everything that was under way must show, found nothing of ours that can be sold. */
  readonly flat: boolean;
  readonly cancelledOrders: number;
  /** Market sells that the exchange accepted. */
  readonly sells: number;
  /** Dust that no order offers, and what the account does not hold, do not count against flat. */
  readonly left: readonly Left[];
  /** Whether the last pass could look at the account at all. */
  readonly answered: boolean;
  readonly passes: number;
  readonly tookMs: number;
}

const MAX_PASSES = 30;
const PAUSE_MS = 1000;
const LIMIT_MS = 600_000;
/** In wall time: the record of before is not read again. */
const SETTLED_AFTER_MS = 60_000;

/**
 * Cancels our entries, swaps our resting sells for market sells and sells what else our orders have bought, pass after pass
 * until two looks in a row find nothing more to do. Ends after thirty passes or `limitMs` (ten minutes), whatever happens.
 * Failures of single requests are reported and tried again in the next pass.
 * @throws ExchangeFailure when the keys are refused.
 */
export async function directStop(options: DirectStopOptions): Promise<DirectStopReport> {
  const run = new StopRun(options);
  const pairs = new Map(options.symbols.map((symbol) => [symbol, new Pair(run, symbol)]));
  const deadlineMs = run.startedAtMs + (options.limitMs ?? LIMIT_MS);
  // What was sent before we began may arrive and show until then.
  const windowEndMs = run.startedAtMs + options.recvWindowMs + options.visibilityLagMs;
  let [passes, quietLooks, isFull, isOver, answered] = [0, 0, true, false, false];
  while (!isOver && passes < MAX_PASSES) {
    passes += 1;
    const beganMs = Date.now();
    const view = await look(run);
    answered = view !== undefined;
    const isQuiet = view !== undefined && (await passOver(run, pairs, view, isFull));
    quietLooks = isQuiet && isFull ? quietLooks + 1 : 0;
    isFull = isQuiet;
    isOver = quietLooks >= 2 && beganMs >= windowEndMs;
    const pauseMs = Math.max(options.pauseMs ?? PAUSE_MS, run.takeWishedPauseMs());
    const nextMs = quietLooks > 0 ? windowEndMs : notBeforeMs(pairs);
    const waitMs = Math.max(pauseMs, nextMs - Date.now());
    if (isOver || Date.now() + waitMs > deadlineMs) break;
    await sleep(waitMs);
  }
  const looked = [...pairs.values()];
  return {
    flat: isOver && looked.every(({ standing }) => standing === 'clean'),
    cancelledOrders: run.cancelledOrders,
    sells: run.sells,
    left: looked.flatMap(({ left }) => left),
    answered,
    passes,
    tookMs: Date.now() - run.startedAtMs,
  };
}

/** When the first busy pair can go on. */
const notBeforeMs = (pairs: ReadonlyMap<string, Pair>): number => {
  const busy = [...pairs.values()].filter(({ standing }) => standing === 'busy');
  return busy.length === 0 ? 0 : Math.min(...busy.map((pair) => pair.notBeforeMs));
};

async function look(run: StopRun): Promise<AccountView | undefined> {
  const { exchange } = run.options;
  const looked = await run.attempt('look at the account', async () => {
    const [clock, open, balances] = await Promise.all([
      exchange.clock(),
      exchange.openOrders(),
      exchange.balances(),
    ]);
    const settledMs = clock.marketTimeMs - SETTLED_AFTER_MS * clock.speed;
    return { open: open.filter(run.isOurs), balances, settledMs };
  });
  return looked?.value;
}

/**
 * One pass over the pairs that have something left to do, or over all of them. @returns whether nothing more can be done on
 * any of them
 */
async function passOver(
  run: StopRun,
  pairs: Map<string, Pair>,
  view: AccountView,
  isFull: boolean,
): Promise<boolean> {
  for (const { symbol } of view.open) if (!pairs.has(symbol)) pairs.set(symbol, new Pair(run, symbol));
  const each = [...pairs.values()].map((pair) => ({
    pair,
    own: { ...view, open: view.open.filter(({ symbol }) => symbol === pair.symbol) },
  }));
  const due = each.filter(({ pair, own }) => isFull || own.open.length > 0 || pair.standing === 'busy');
  await all(due.map(({ pair, own }) => pair.pass(own)));
  return [...pairs.values()].every(({ standing }) => standing !== 'busy');
}
