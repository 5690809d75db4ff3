import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  log,
  patched,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { AGENT_ID, boundsOf } from '../domain/agent/tool-names';
import { lastCloseMs, timeframeMs } from '../domain/bar';
import { marketTimeAt, wallDelayUntil, type ClockReading } from '../domain/clock';
import { abandoned } from './children';
import {
  StrategyMode,
  tags,
  workflowIds,
  type StrategyInput,
  type StrategyProgress,
  type StrategySettings,
  type TradingCycleResult,
} from './contract';
import { closeLane, fenceLane, superviseLane } from './fast-lane';
import { watchRunLength } from './run-length';
import { flatten, listen } from './strategy-messages';
import { inSession, isFast, readClock, show, STANDSTILL_MS, type StrategyState } from './strategy-state';
import { tradingCycle } from './trading-cycle.workflow';

/** A reading of the exchange's clock serves at least this long. */
const CLOCK_MS = 60_000;
/** How fast two machines' clocks may drift apart: with cycles that bring a reading along, one serves until this could use up the grace. */
const CLOCK_DRIFT = 0.0002;
/** A cycle that takes longer than this has lost its bar. */
const CYCLE_TIMEOUT_MS = 45_000;
/** Cycles after which a run is continued as new that began before its events were counted. */
const CYCLES_PER_RUN = 500;

const FRESH: StrategyProgress = {
  mode: StrategyMode.Running,
  modeReason: 'started',
  session: null,
  lastBarCloseMs: null,
  managedToMs: null,
  cycles: 0,
  skippedBars: 0,
};

/**
 * One running strategy, until it is stopped. On the durable path it waits for each bar to close by the exchange's clock and lets one
 * cycle decide on it; it never queues bars: a slow cycle, or a time without workers, skips to the newest closed bar and counts what it
 * missed. On the fast lane it sees to it that there is one. Pause, resume, flatten and stop are its messages; open positions have
 * workflows of their own and do not need it.
 */
export async function strategy(input: StrategyInput): Promise<StrategyProgress> {
  const state: StrategyState = {
    settings: input.settings,
    progress: input.carried ?? FRESH,
    stirred: 0,
    stirredBy: '',
    flattens: 0,
    clock: null,
    confirmed: false,
    clockComesAlong: patched('clock-comes-along'),
    laneIsOpen: input.carried?.lane !== undefined,
    flattening: 0,
  };
  const isLong = watchRunLength();
  listen(state);
  show(state.settings, state.progress);
  try {
    await trade(state, isLong);
    if (state.progress.lane !== undefined) await closeLane(state, state.progress.modeReason);
  } catch (error) {
    if (isCancellation(error) && state.laneIsOpen)
      await CancellationScope.nonCancellable(() => fenceLane(state, 'its workflow was cancelled'));
    throw error;
  }
  await condition(allHandlersFinished);
  return state.progress;
}

/** Until the strategy is stopped, or its run is long enough. */
async function trade(state: StrategyState, isLong: () => boolean): Promise<void> {
  // Every run decides a bar, or waits for one, before it ends: however many messages come, bars are decided.
  let waited = false;
  for (let cycles = 0; state.progress.mode !== StrategyMode.Stopping;) {
    if ((waited || cycles > 0) && (cycles >= CYCLES_PER_RUN || isLong())) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof strategy>({ settings: state.settings, carried: state.progress });
    }
    if (isFast(state.settings)) {
      await superviseLane(state, isLong);
      waited = true;
      continue;
    }
    if (state.progress.lane !== undefined) {
      await leaveLane(state);
      continue;
    }
    const { settings, stirred: seen } = state;
    const clock = freshClock(state) ?? (await readClock(settings));
    state.clock = clock;
    state.progress = inSession(state.progress, clock.session);
    const waitMs = untilDue(settings, state.progress, clock);
    if (waitMs > 0) {
      await condition(() => state.stirred !== seen, waitMs, { summary: 'until the next bar closes' });
      waited = true;
      continue;
    }
    const due = lastCloseMs(marketTimeAt(clock, Date.now() - settings.graceMs), settings.timeframe);
    if (!state.confirmed && leapsAhead(settings, state.progress, due)) {
      // Bars have passed while nobody decided, or the market stood still and the old reading did not: ask which.
      state.clock = null;
      state.confirmed = true;
      continue;
    }
    await decide(state, clock.session, due);
    cycles += 1;
  }
}

/**
 * From the fast lane to the durable path, whose first bar is the next one that closes: the lane may have decided the last. What the lane
 * has managed is not known here, so the first look at an open position goes back to its beginning.
 */
async function leaveLane(state: StrategyState): Promise<void> {
  const { session } = state.progress;
  await closeLane(state, 'configured to decide on the durable path');
  const clock = await readClock(state.settings);
  state.clock = clock;
  state.progress = inSession(state.progress, clock.session);
  if (clock.session !== session) return;
  const lastBarCloseMs = lastCloseMs(marketTimeAt(clock, Date.now()), state.settings.timeframe);
  state.progress = { ...state.progress, lastBarCloseMs };
}

/** Lets one cycle decide on the bar that closed at `due`, and takes note of what became of it. */
async function decide(state: StrategyState, session: string, due: number): Promise<void> {
  const { settings, flattens } = state;
  const result = await runCycle(settings, state.progress, session, due);
  // A cycle that had decided before the wish may have opened a position after it.
  if (state.flattens !== flattens) await flatten(state);
  const complete = result?.outcomes.every(({ outcome }) => outcome !== 'skipped') ?? false;
  if (settings.timeframe === state.settings.timeframe) {
    const managedToMs = complete ? due : state.progress.managedToMs;
    state.progress = { ...advanced(state.progress, settings, due), managedToMs };
  }
  if (!complete) state.clock = null;
  else if (state.clockComesAlong) state.clock = result?.clock ?? state.clock;
  state.confirmed = false;
  show(state.settings, state.progress);
}

/** The last reading, when it is of a running market and young enough to be carried on by our own clock. */
function freshClock({ clock, settings, clockComesAlong }: StrategyState): ClockReading | null {
  if (clock?.state !== 'running') return null;
  const servesMs = clockComesAlong ? Math.max(CLOCK_MS, settings.graceMs / CLOCK_DRIFT) : CLOCK_MS;
  return Date.now() - clock.wallTimeMs <= servesMs ? clock : null;
}

/** The bar that seems to be due is not the one after the last. */
const leapsAhead = (
  { timeframe }: StrategySettings,
  { lastBarCloseMs }: StrategyProgress,
  due: number,
): boolean => lastBarCloseMs !== null && due - lastBarCloseMs > timeframeMs(timeframe);

/** Wall milliseconds until the next undecided bar is closed and its grace is over; 0 when one is due. */
function untilDue(settings: StrategySettings, progress: StrategyProgress, clock: ClockReading): number {
  if (clock.state !== 'running') return STANDSTILL_MS;
  const nowMs = Date.now() - settings.graceMs;
  const newest = lastCloseMs(marketTimeAt(clock, nowMs), settings.timeframe);
  if (progress.lastBarCloseMs === null || newest > progress.lastBarCloseMs) return 0;
  return Math.max(1, wallDelayUntil(clock, progress.lastBarCloseMs + timeframeMs(settings.timeframe), nowMs));
}

/** An agent has its own time beside the cycle's. */
const cycleTimeoutMs = ({ strategyId, parameters }: StrategySettings): number =>
  CYCLE_TIMEOUT_MS + (strategyId === AGENT_ID ? boundsOf(parameters).timeoutMs : 0);

/** Runs the bar's one cycle. Null when it failed or had been run before: the bar is over either way. */
async function runCycle(
  settings: StrategySettings,
  progress: StrategyProgress,
  session: string,
  barCloseMs: number,
): Promise<TradingCycleResult | null> {
  const { account, name, timeframe } = settings;
  try {
    return await executeChild(tradingCycle, {
      ...abandoned,
      workflowId: workflowIds.tradingCycle(account, session, name, barCloseMs),
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      workflowExecutionTimeout: cycleTimeoutMs(settings),
      args: [
        {
          settings,
          session,
          barCloseMs,
          previousBarCloseMs: progress.managedToMs,
          entriesPaused: progress.mode !== StrategyMode.Running || restsForNews(progress, barCloseMs),
        },
      ],
      staticSummary: `${name} ${timeframe} ${new Date(barCloseMs).toISOString()}`,
      typedSearchAttributes: tags({ account, strategy: name }),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError))
      log.warn('the cycle failed; its bar is lost', { barCloseMs, error });
    return null;
  }
}

const restsForNews = ({ newsPause }: StrategyProgress, barCloseMs: number): boolean =>
  newsPause !== undefined && barCloseMs < newsPause.untilMs;

function advanced(
  progress: StrategyProgress,
  settings: StrategySettings,
  barCloseMs: number,
): StrategyProgress {
  const { lastBarCloseMs, cycles } = progress;
  const passed =
    lastBarCloseMs === null ? 1 : (barCloseMs - lastBarCloseMs) / timeframeMs(settings.timeframe);
  return {
    ...progress,
    lastBarCloseMs: barCloseMs,
    cycles: cycles + 1,
    skippedBars: progress.skippedBars + passed - 1,
  };
}
