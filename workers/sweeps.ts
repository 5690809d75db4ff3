import { join } from 'node:path';
import type { BestTrial, Sweeps } from '../activities/optimisation';
import type { CandleCache } from '../adapters/history/candle-cache';
import type { HistoryStore } from '../adapters/history/port';
import type { SweepStore } from '../adapters/store/sweeps';
import { createAsk, type Ask } from '../backtest/optimise/search';
import type { Point } from '../backtest/optimise/space';
import { trialOf } from '../backtest/optimise/stored-trial';
import type { TrialResult } from '../backtest/optimise/study';
import {
  groundOf,
  rankedTrials,
  sampleStrategies,
  type StoredSweep,
  type SweepGround,
  type SweepPeriods,
} from '../backtest/optimise/sweep';
import type { StrategyFolders } from '../backtest/optimise/trial-messages';
import { openTrialPool, type TrialPool } from '../backtest/optimise/trial-pool';
import { loadInput } from '../cli/backtest-input';
import { historySource } from '../cli/backtest-source';
import { runsOf } from '../cli/optimise-run';
import { UserError } from '../domain/errors';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import { dataHash } from './data-hash';

/** A sweep that nobody has worked on for so long is closed: its threads and its bars take room. */
const IDLE_MS = 60_000;

export interface SweepsParts {
  readonly store: SweepStore;
  readonly history: HistoryStore;
  readonly candles: CandleCache;
  readonly strategies: StrategyCatalogue;
  readonly folders: StrategyFolders;
  /** Threads of a sweep: as many as activities may run at once. */
  readonly threads: number;
}

interface OpenSweep {
  readonly definition: StoredSweep['definition'];
  readonly periods: SweepPeriods;
  readonly ask: Ask;
  readonly pool: TrialPool;
  idle: NodeJS.Timeout | undefined;
}

/** Makes the sweeps that the database holds, in threads of this process. Each is opened when it is first worked on. */
export function createSweeps(parts: SweepsParts): Sweeps & { readonly close: () => Promise<void> } {
  const { store } = parts;
  const opened = new Map<string, Promise<OpenSweep>>();

  const close = async (sweepId: string): Promise<void> => {
    const sweep = opened.get(sweepId);
    opened.delete(sweepId);
    await sweep?.then(
      ({ pool, idle }) => {
        clearTimeout(idle);
        return pool.close();
      },
      () => undefined,
    );
  };

  /** Works on a sweep, which stays open for a while. */
  async function on<T>(sweepId: string, work: (sweep: OpenSweep) => Promise<T>): Promise<T> {
    const opening = opened.get(sweepId) ?? openSweep(parts, sweepId);
    opened.set(sweepId, opening);
    let sweep: OpenSweep;
    try {
      sweep = await opening;
    } catch (error) {
      opened.delete(sweepId);
      throw error;
    }
    clearTimeout(sweep.idle);
    try {
      return await work(sweep);
    } finally {
      clearTimeout(sweep.idle);
      sweep.idle = setTimeout(() => void close(sweepId), IDLE_MS).unref();
    }
  }

  return {
    propose: (sweepId) =>
      on(sweepId, async ({ ask }) => {
        const trials = await store.trials(sweepId);
        const waiting = trials.findIndex(({ result }) => result === null);
        if (waiting >= 0) return { from: waiting, to: trials.length };
        const asked = [...ask(trials.map(trialOf))];
        const proposed = asked.map((one, index) => ({ ...one, number: trials.length + index }));
        if (proposed.length > 0) await store.propose(sweepId, proposed);
        return { from: trials.length, to: trials.length + proposed.length };
      }),
    run: (sweepId, range, signal) =>
      on(sweepId, async ({ pool, periods }) => {
        let best: BestTrial = null;
        for (const { number, point, result } of await store.trials(sweepId, range)) {
          signal.throwIfAborted();
          const tried = (result ?? (await pool.tryPoint(point as Point, periods.inSample))) as TrialResult;
          if (result === null) await store.record(sweepId, number, tried);
          if (tried.score !== null && tried.score > (best?.score ?? -Infinity))
            best = { number, score: tried.score };
        }
        return best;
      }),
    finish: (sweepId) =>
      on(sweepId, async ({ pool, periods, definition }) => {
        const { outOfSample } = periods;
        if (outOfSample === null) return;
        const trials = (await store.trials(sweepId)).map(trialOf);
        for (const { number, point } of rankedTrials({ trials }, definition.top))
          await store.recordOutOfSample(sweepId, number, await pool.tryPoint(point, outOfSample));
      }),
    close: async () => {
      await Promise.all([...opened.keys()].map(close));
    },
  };
}

/** Every worker can read it. */
export const HISTORY = { data: undefined, simulate: false, seed: 0 };

async function openSweep(parts: SweepsParts, sweepId: string): Promise<OpenSweep> {
  const { store, strategies, folders, threads } = parts;
  const found = await store.find(sweepId);
  if (found === undefined) throw new UserError(`The database has no sweep ${sweepId}.`);
  const { definition, fromMs, toMs } = found.definition as StoredSweep;
  const strategy = strategies.find(definition.strategyId);
  const loaded = await loadInput(await historySource(parts), {
    runs: runsOf(sampleStrategies(strategy, definition)),
    ...{ fromMs: fromMs ?? undefined, toMs, source: HISTORY, l2: [] },
    ...definition,
    ...{ venue: definition.venue, finer: definition.finer, config: undefined, profile: undefined },
  });
  const { setup, study, periods } = groundOf(strategy, definition, loaded);
  const mine: SweepGround = {
    ...{ periods, data: loaded.description, notes: loaded.notes },
    dataHash: dataHash(setup),
    strategyVersion: strategy.origin?.version ?? null,
  };
  const first = (await store.settle(sweepId, mine)) as SweepGround;
  if (first.strategyVersion !== mine.strategyVersion)
    throw new UserError(
      `The file of the strategy ${strategy.id} has changed since this sweep began: its trials would not be comparable.`,
      'Begin another, with another --seed or --to.',
    );
  if (first.dataHash !== mine.dataHash)
    throw new UserError(
      'The market history has changed since this sweep began: its trials would not be comparable.',
      'Begin another, with another --to or --seed.',
    );
  const pool = await openTrialPool({
    ...{ strategyId: strategy.id, folders, setup, threads },
    script: join(__dirname, 'trial-thread.js'),
  });
  const ask = createAsk(definition.plan, (point) => study.allows(point));
  return { definition, periods, ask, pool, idle: undefined };
}
