import { setHandler } from '@temporalio/workflow';
import { ExitReason } from '../domain/position';
import {
  configureStrategySignal,
  flattenSignal,
  pauseForNewsSignal,
  pauseSignal,
  resumeSignal,
  stopSignal,
  StrategyMode,
  strategyProgressQuery,
  type Request,
} from './contract';
import { fenceLane } from './fast-lane';
import { handleInOrder, on } from './messages';
import { orderActivities } from './proxies';
import { isFast, show, type StrategyState } from './strategy-state';

/** Registers what `strategy` does about its messages. */
export function listen(state: StrategyState): void {
  const stir = (by: string): void => {
    state.stirred += 1;
    state.stirredBy = by;
  };
  const turn = (mode: StrategyMode, { by, reason }: Request): void => {
    const modeReason = `${reason} (${by})`;
    state.progress = { ...state.progress, mode, modeReason };
    stir(`${mode}: ${modeReason}`);
    show(state.settings, state.progress);
  };

  handleInOrder([
    on(pauseSignal, (request) => {
      if (state.progress.mode === StrategyMode.Running) turn(StrategyMode.Paused, request);
    }),
    on(resumeSignal, (request) => {
      if (state.progress.mode === StrategyMode.Paused) turn(StrategyMode.Running, request);
    }),
    on(flattenSignal, async (request) => {
      if (state.progress.mode === StrategyMode.Running) turn(StrategyMode.Paused, request);
      else if (state.laneIsOpen) stir(`flattened: ${request.reason} (${request.by})`);
      await flatten(state);
    }),
    on(stopSignal, async (request) => {
      turn(StrategyMode.Stopping, request);
      if (request.flatten) await flatten(state);
    }),
    on(pauseForNewsSignal, (pause) => {
      const { newsPause } = state.progress;
      if (newsPause !== undefined && newsPause.untilMs >= pause.untilMs) return;
      state.progress = { ...state.progress, newsPause: pause };
      if (isFast(state.settings)) stir(`news: ${pause.reason}`);
      show(state.settings, state.progress);
    }),
    on(configureStrategySignal, (settings) => {
      const sameBars = settings.timeframe === state.settings.timeframe;
      if (!sameBars) state.progress = { ...state.progress, lastBarCloseMs: null };
      state.settings = settings;
      state.clock = null; // `ballast up` sends this at each start, and the market stood still before
      stir('configured anew');
      show(settings, state.progress);
    }),
  ]);
  setHandler(strategyProgressQuery, () => state.progress);
}

/** Closes every position. A fast lane is fenced before, so that it opens none in between. */
export async function flatten(state: StrategyState): Promise<void> {
  state.flattens += 1;
  if (!state.laneIsOpen) {
    await closePositions(state);
    return;
  }
  state.flattening += 1;
  try {
    await fenceLane(state, state.progress.modeReason);
    await closePositions(state);
  } finally {
    state.flattening -= 1;
  }
}

function closePositions({ settings: { venue, account, name } }: StrategyState): Promise<unknown> {
  return orderActivities(venue, `close every position of ${name}`).flattenPositions({
    account,
    strategy: name,
    reason: ExitReason.Flatten,
  });
}
