import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { historyToJSON, type History } from '@temporalio/common/lib/proto-utils';
import { workflowIds } from '../workflows/contract';
import { countActions, heartbeatActions, totalActions, type JsonHistory } from './actions';
import { BallastProcess } from './ballast-process';
import { mean } from './statistics';

/** The strategy whose cycles are counted: its bars are a minute, a second at the speed of the run. */
const COUNTED = 'rsi-1m';
const SPEED = 60;
const WARM_UP_MS = 60_000;
const SAMPLING_MS = 120_000;
const SAMPLE_MS = 2_000;
/** Cycles whose histories are read; more would say the same and take longer. */
const MAX_CYCLES = 100;
/** Heartbeat timeout of the account's feed, as workflows/proxies.ts sets it. */
const FEED_HEARTBEAT_MS = 5_000;
const MINUTE_MS = 60_000;
/** What a quiet cycle calls, once each. */
const QUIET: readonly string[] = ['evaluateStrategy', 'fetchCandles'];

/** What a run of the whole system with its two default strategies at 60 times speed has cost. */
export interface SteadyRun {
  /** Memory of the worker after the warm-up, one sample every two seconds, megabytes. */
  readonly workerMb: readonly number[];
  /** Quiet cycles looked at. */
  readonly cycles: number;
  /** Means of these: of the cycle's own history, and of what its bar adds to its strategy's. */
  readonly actions: { readonly cycle: number; readonly strategy: number };
  readonly bytes: { readonly cycle: number; readonly strategy: number };
  /** What the account's own desks cost, whatever its strategies do: actions per wall minute. */
  readonly accountActionsPerMinute: number;
}

/** Runs the system for three minutes and reads what it has left behind. */
export async function runSteadily(folder: string, progress: (line: string) => void): Promise<SteadyRun> {
  const ballast = await BallastProcess.start(folder, { BALLAST__market__speed: String(SPEED) });
  try {
    progress(
      `two strategies at ${SPEED}×: ${WARM_UP_MS / 1000} s of warm-up, ${SAMPLING_MS / 1000} s of samples`,
    );
    await sleep(WARM_UP_MS);
    const workerMb: number[] = [];
    for (let elapsedMs = 0; elapsedMs < SAMPLING_MS; elapsedMs += SAMPLE_MS) {
      workerMb.push((await ballast.memory()).worker ?? Number.NaN);
      await sleep(SAMPLE_MS);
    }
    const { client, account } = ballast;
    const [cycles, strategy, accountActionsPerMinute] = await Promise.all([
      quietCycles(client),
      strategyPerBar(client, workflowIds.strategy(account.account, COUNTED)),
      deskActionsPerMinute(client, account.account),
    ]);
    return {
      workerMb,
      cycles: cycles.length,
      actions: { cycle: mean(cycles.map(({ actions }) => actions)), strategy: strategy.actions },
      bytes: { cycle: mean(cycles.map(({ bytes }) => bytes)), strategy: strategy.bytes },
      accountActionsPerMinute,
    };
  } finally {
    await ballast.close();
  }
}

interface Cost {
  readonly actions: number;
  readonly bytes: number;
}

/** The cost of the newest cycles that called nothing but what every cycle calls. */
async function quietCycles(client: Client): Promise<readonly Cost[]> {
  const costs: Cost[] = [];
  const query = `WorkflowType = 'tradingCycle' AND ExecutionStatus = 'Completed' AND Strategy = '${COUNTED}'`;
  let seen = 0;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    if ((seen += 1) > MAX_CYCLES) break;
    const { history, bytes } = await readRun(client, workflowId, runId);
    if (isQuiet(history)) costs.push({ actions: totalActions(countActions(history)), bytes });
  }
  return costs;
}

const isQuiet = (history: JsonHistory): boolean =>
  activities(history).toSorted().join() === QUIET.join() && !hasChildren(history);

const activities = ({ events }: JsonHistory): readonly string[] =>
  events.flatMap(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name ?? [],
  );

const CHILD = 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED';
const hasChildren = ({ events }: JsonHistory): boolean => events.some(({ eventType }) => eventType === CHILD);

/** What one bar adds to its strategy's history: from the start of one cycle to the start of the next. */
async function strategyPerBar(client: Client, workflowId: string): Promise<Cost> {
  const { history, bytes } = await readRun(client, workflowId);
  const starts = history.events.flatMap(({ eventType }, index) => (eventType === CHILD ? [index] : []));
  const [first, last] = [starts[0], starts.at(-1)];
  const bars = starts.length - 1;
  if (first === undefined || last === undefined || bars < 1)
    throw new Error(`${workflowId} has run too few cycles to be counted.`);
  const between = { events: history.events.slice(first, last) };
  return { actions: totalActions(countActions(between)) / bars, bytes: bytes / starts.length };
}

/** The risk desk and the feed, over the time that their current runs have lasted. */
async function deskActionsPerMinute(client: Client, account: string): Promise<number> {
  const desk = await readRun(client, workflowIds.riskDesk(account));
  const feed = await readRun(client, workflowIds.accountFeed(account));
  const deskPerMinute = (totalActions(countActions(desk.history)) * MINUTE_MS) / desk.lastedMs;
  const feedActions =
    totalActions(countActions(feed.history)) + heartbeatActions(feed.lastedMs, FEED_HEARTBEAT_MS);
  return deskPerMinute + (feedActions * MINUTE_MS) / feed.lastedMs;
}

async function readRun(
  client: Client,
  workflowId: string,
  runId?: string,
): Promise<{ readonly history: JsonHistory; readonly bytes: number; readonly lastedMs: number }> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const history: History = await handle.fetchHistory();
  const { historySize = 0, startTime } = await handle.describe();
  return {
    history: JSON.parse(historyToJSON(history)) as JsonHistory,
    bytes: historySize,
    lastedMs: Date.now() - startTime.getTime(),
  };
}
