import { join } from 'node:path';
import { searchAtOnce, search, type SearchPlan } from '../../../backtest/optimise/search';
import { createStudy } from '../../../backtest/optimise/study';
import { openTrialPool, type TrialPool } from '../../../backtest/optimise/trial-pool';
import { findStrategy } from '../../../domain/strategies/registry';
import { emaSetup, PERIOD } from './setup';

const none = join(__dirname, 'none');
const folders = { strategiesDir: none, stateDir: none };
const script = join(__dirname, '../../../dist/workers/trial-thread.js');
const plan: SearchPlan = {
  space: { fast: { kind: 'int', low: 5, high: 12 }, slow: { kind: 'int', low: 8, high: 40 } },
  ...{ method: 'tpe', trials: 40, seed: 3 },
};
const study = createStudy(findStrategy('ema-cross'), emaSetup);
const allows = study.allows;

describe('trials in threads', () => {
  const opened: TrialPool[] = [];
  const open = async (threads: number): Promise<TrialPool> => {
    const pool = await openTrialPool({
      ...{ strategyId: 'ema-cross', folders, setup: emaSetup, threads, script },
    });
    opened.push(pool);
    return pool;
  };
  afterEach(() => Promise.all(opened.splice(0).map((pool) => pool.close())));

  it('are those that one thread makes, one after the other', async () => {
    const alone = search(plan, { allows, evaluate: (point) => study.tryPoint(point, PERIOD) });
    const pool = await open(2);
    const ended: number[] = [];
    const together = await searchAtOnce(plan, {
      allows,
      evaluate: (point) => pool.tryPoint(point, PERIOD),
      onTrial: ({ number }) => ended.push(number),
    });
    expect(together).toEqual(alone);
    expect(ended.toSorted((a, b) => a - b)).toEqual(together.trials.map(({ number }) => number));
    const { hits, misses } = pool.indicators();
    expect(hits + misses).toBe(2 * 40);
    expect(hits).toBeGreaterThan(0);
  });

  it('tell what went wrong, and go on', async () => {
    const pool = await open(1);
    const [bad, good] = await Promise.allSettled([
      pool.tryPoint({ fast: 20, slow: 10 }, PERIOD),
      pool.tryPoint({ fast: 10, slow: 20 }, PERIOD),
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { message: /below "slow"/ } });
    expect(good).toEqual({ status: 'fulfilled', value: study.tryPoint({ fast: 10, slow: 20 }, PERIOD) });
  });

  it('end with the pool, told so', async () => {
    const pool = await open(1);
    const waiting = [1, 2, 3].map((more) => pool.tryPoint({ fast: 5, slow: 20 + more }, PERIOD));
    const all = Promise.allSettled(waiting);
    await pool.close();
    expect((await all).map(({ status }) => status)).toContain('rejected');
    await expect(pool.tryPoint({ fast: 5, slow: 20 }, PERIOD)).rejects.toThrow('stopped');
  });

  it('are refused when a thread cannot begin', async () => {
    const options = { folders, setup: emaSetup, threads: 1, script };
    await expect(openTrialPool({ ...options, strategyId: 'none' })).rejects.toThrow(/no strategy "none"/);
    await expect(openTrialPool({ ...options, strategyId: 'ema-cross', threads: 0 })).rejects.toThrow(
      RangeError,
    );
  });
});
