import { CancellationScope, condition, log, sleep } from '@temporalio/workflow';
import type { LaneEnd, LaneSettings } from '../activities/lane/contract';
import type { ClockReading } from '../domain/clock';
import { StrategyMode, type StrategySettings } from './contract';
import { laneActivities, laneDesk } from './proxies';
import { inSession, readClock, show, STANDSTILL_MS, type StrategyState } from './strategy-state';

/** Before a lane is opened again that failed, or that ended as soon as it had begun. */
const PAUSE_MS = 1_000;

const ENDS: Readonly<Record<LaneEnd['reason'], string>> = {
  'session-over': 'the market began a new session',
  superseded: 'another lane had been opened',
};

/**
 * One life of a strategy's fast lane: opens the next generation, and lets it run until it ends, until a message stirs the strategy, or
 * until this run has become long. A lane is opened before anything else is asked for, because that is what fences the one before it: a
 * pause holds from then on, whoever is away.
 */
export async function superviseLane(state: StrategyState, isLong: () => boolean): Promise<void> {
  // The lane that a flatten has fenced stays the last one until everything is being closed.
  await condition(() => state.flattening === 0);
  const seen = state.stirred;
  const isStirred = (): boolean => state.stirred !== seen;
  const generation = await openNext(state);
  if (isStirred()) return;
  const openedMs = Date.now();
  const scope = new CancellationScope();
  const ended: { how?: string; failed?: boolean } = {};
  const life = scope
    .run(() => live(state, generation))
    .then(
      ({ reason }) => {
        ended.how = ENDS[reason];
      },
      (error: unknown) => {
        if (scope.consideredCancelled) return;
        log.warn('the fast lane failed; opening it again', { generation, error });
        Object.assign(ended, { how: 'it failed', failed: true });
      },
    );
  try {
    await condition(() => ended.how !== undefined || isStirred() || isLong());
  } finally {
    scope.cancel();
  }
  await life;
  noteEnd(state, ended.how ?? (isStirred() ? state.stirredBy : 'its workflow began a new run'));
  if (ended.how !== undefined && (ended.failed === true || Date.now() - openedMs < PAUSE_MS))
    await condition(isStirred, PAUSE_MS, { summary: 'before the lane is opened again' });
}

/** Opens the next lane, in the mode of now. Returns its generation. */
async function openNext(state: StrategyState): Promise<number> {
  const { settings, progress } = state;
  state.laneIsOpen = true;
  const generation = await open(settings, {
    entriesPaused: progress.mode !== StrategyMode.Running,
    reason: `${progress.mode}: ${progress.modeReason}`,
  });
  // A fence that came in between may have been overtaken by this.
  state.laneIsOpen = true;
  const lastEnd = state.progress.lane?.lastEnd ?? null;
  state.progress = {
    ...state.progress,
    lastBarCloseMs: null,
    managedToMs: null,
    lane: { generation, sinceMs: Date.now(), lastEnd },
  };
  show(state.settings, state.progress);
  return generation;
}

/** Waits for a market that moves, and runs the lane in its session. */
async function live(state: StrategyState, generation: number): Promise<LaneEnd> {
  const { session } = await movingMarket(state.settings);
  state.progress = inSession(state.progress, session);
  show(state.settings, state.progress);
  const { settings, progress } = state;
  const { venue, name, symbols, timeframe } = settings;
  const what = `${name}: lane ${generation} on ${symbols.join(', ')}, ${timeframe} bars`;
  return laneActivities(venue, what).runLane({
    settings: laneSettings(settings),
    session,
    generation,
    entriesPaused: progress.mode !== StrategyMode.Running,
    newsPause: progress.newsPause ?? null,
  });
}

async function movingMarket(settings: StrategySettings): Promise<ClockReading> {
  for (;;) {
    const clock = await readClock(settings);
    if (clock.state === 'running') return clock;
    await sleep(STANDSTILL_MS, { summary: 'until the market moves again' });
  }
}

function noteEnd(state: StrategyState, lastEnd: string): void {
  const { lane } = state.progress;
  if (lane === undefined) return;
  state.progress = { ...state.progress, lane: { ...lane, lastEnd } };
  show(state.settings, state.progress);
}

/** From here on no lane opens a position, until the next is opened. */
export async function fenceLane(state: StrategyState, reason: string): Promise<void> {
  await open(state.settings, { entriesPaused: true, reason });
  state.laneIsOpen = false;
}

/** The strategy leaves the fast lane, for good or for the durable path. */
export async function closeLane(state: StrategyState, reason: string): Promise<void> {
  await condition(() => state.flattening === 0);
  if (state.laneIsOpen) await fenceLane(state, reason);
  state.progress = { ...state.progress, lane: undefined };
  show(state.settings, state.progress);
}

const open = (
  { account, name }: StrategySettings,
  how: { readonly entriesPaused: boolean; readonly reason: string },
): Promise<number> =>
  laneDesk(`${name}: ${how.entriesPaused ? 'no entries' : 'entries'}`).openLane({
    account,
    strategy: name,
    ...how,
  });

/** What a lane needs to know. */
function laneSettings(settings: StrategySettings): LaneSettings {
  const { deployment, account, venue, name, strategyId, symbols, timeframe, parameters } = settings;
  const { filters, strategyVersion, limits, entryTtlBars, maxHoldingBars } = settings;
  return {
    ...{ deployment, account, venue, name, strategyId, symbols, timeframe, parameters },
    ...(filters !== undefined && { filters }),
    ...(strategyVersion !== undefined && { strategyVersion }),
    ...{ limits, entryTtlBars, maxHoldingBars },
  };
}
