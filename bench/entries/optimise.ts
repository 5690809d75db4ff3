import { join } from 'node:path';
import { searchAtOnce, type SearchPlan } from '../../backtest/optimise/search';
import { createStudy, INDICATOR_BYTES, type StudySetup } from '../../backtest/optimise/study';
import type { IndicatorCounts } from '../../backtest/optimise/trial-messages';
import { openTrialPool } from '../../backtest/optimise/trial-pool';
import { findStrategy } from '../../domain/strategies/registry';
import { randomBars } from '../backtest/random-bars';
import { REFERENCE_BALANCE, REFERENCE_INSTRUMENT, referenceRules } from '../backtest/reference-task';
import { confinableCores, confinedTo } from '../cores';
import type { BenchContext, BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';
import { median, ratio } from '../statistics';
import { timed } from './submit';

const BARS = 262_800;
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2024, 0, 1);
const TRIALS = 1_000;
const ROUNDS = 2;
const NO_FOLDERS = { strategiesDir: join(__dirname, 'none'), stateDir: join(__dirname, 'none') };
const THREAD = join(__dirname, '../../dist/workers/trial-thread.js');

/** A thousand trials: on two cores and on one, by two threads and by one, what they have in common computed once and every time. */
export const optimise: BenchEntry = { name: 'optimise', measure };

const PLAN: SearchPlan = {
  space: {
    fast: { kind: 'int', low: 5, high: 20 },
    slow: { kind: 'int', low: 21, high: 60 },
    rsiPeriod: { kind: 'int', low: 7, high: 21 },
    maxRsi: { kind: 'float', low: 55, high: 80 },
  },
  ...{ method: 'random', trials: TRIALS, seed: 1 },
};

function setupOf(): StudySetup {
  const bars = randomBars({
    ...{ seed: 1, length: BARS, barMs: MINUTE_MS },
    ...{ startMs: START_MS, stepDeviation: 0.001 },
  });
  return {
    fixed: { minAdx: null, stopFraction: 0.02, targetFraction: 0.04, trailAtr: null },
    symbols: [REFERENCE_INSTRUMENT.symbol],
    markets: [{ instrument: REFERENCE_INSTRUMENT, timeframe: '1m', bars }],
    ...{ rules: referenceRules, startingBalance: REFERENCE_BALANCE, maxHoldingBars: null },
    ...{ objective: 'totalReturn', minTrades: 1 },
  };
}

/** How the trials are made. `cores` is how many the whole process may use, where that can be said. */
const WAYS = {
  two: { threads: 2, cores: 2, indicatorBytes: INDICATOR_BYTES },
  oneCore: { threads: 1, cores: 1, indicatorBytes: INDICATOR_BYTES },
  oneThread: { threads: 1, cores: 2, indicatorBytes: INDICATOR_BYTES },
  anew: { threads: 2, cores: 2, indicatorBytes: 0 },
} as const;
type Way = keyof typeof WAYS;
const IN_TURN = ['two', 'oneCore', 'oneThread', 'anew'] as const satisfies readonly Way[];

async function measure({ progress }: BenchContext): Promise<readonly NamedMeasurement[]> {
  const setup = setupOf();
  const all = confinableCores();
  const home = all !== null && all.length > 1 ? all : null;
  const ways = IN_TURN.filter((name) => home !== null || name !== 'oneCore');
  const times = new Map<Way, number[]>();
  const results = new Set<string>();
  let counts = { hits: 0, misses: 0, bytes: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    const back = round % 2 === 1;
    // There and back, so that whatever else the machine does meets all alike; so for the core.
    for (const name of back ? ways.toReversed() : ways) {
      const { cores } = WAYS[name];
      const chosen = home === null ? null : back ? home.slice(-cores) : home.slice(0, cores);
      const run = await confinedTo(chosen, home, () => sweep(setup, WAYS[name]));
      progress(`${name}: ${TRIALS} trials in ${Math.round(run.ms)} ms`);
      times.set(name, [...(times.get(name) ?? []), run.ms]);
      results.add(run.result);
      if (name === 'two') counts = run.indicators;
    }
  }
  if (results.size !== 1) throw new Error('The ways do not make the same trials.');
  return told(times, counts);
}

function told(
  times: ReadonlyMap<Way, readonly number[]>,
  counts: IndicatorCounts,
): readonly NamedMeasurement[] {
  const of = (name: Way): number => median(times.get(name) ?? []);
  const against = (name: Way) => ({
    ...{ value: of('two'), unit: 'ms', baseline: of(name) },
    ratio: ratio(of('two'), of(name)),
  });
  const task = `median of ${ROUNDS} times ${TRIALS} trials of ema-cross on ${BARS} one-minute bars (four parameters, random search) in two threads`;
  const care = 'in turn; the threads are there before the clock starts, and every trial is the same';
  const share = (counts.hits / (counts.hits + counts.misses)) * 100;
  const oneCore = times.has('oneCore');
  return [
    {
      name: 'optimise',
      ...against(oneCore ? 'oneCore' : 'oneThread'),
      goal: { of: 'ratio', atMost: 1 / 1.8 },
      how: oneCore
        ? `${task}, the whole process on two cores, against one thread, the whole process on one, ${care}`
        : `${task}, against one thread, ${care}; without taskset (Linux) the process of the one thread cannot be kept from the second core, so that its collector and compilers are there for nothing`,
    },
    {
      ...{ name: 'optimiseThreads', ...against('oneThread'), goal: null },
      how: `the same, against one thread of trials in a process that has two cores: proposals, collector and compilers use the second one`,
    },
    {
      ...{ name: 'optimiseShared', ...against('anew'), goal: null },
      how: `the same, against two threads that compute every indicator anew for every trial; shared, ${share.toFixed(1)} % of ${counts.hits + counts.misses} were there already`,
    },
  ];
}

async function sweep(
  setup: StudySetup,
  { threads, indicatorBytes }: { readonly threads: number; readonly indicatorBytes: number },
) {
  const study = createStudy(findStrategy('ema-cross'), setup, 0);
  const pool = await openTrialPool({
    ...{ strategyId: 'ema-cross', folders: NO_FOLDERS, setup, threads, indicatorBytes },
    script: THREAD,
  });
  try {
    let result = '';
    const ms = await timed(async () => {
      const { trials } = await searchAtOnce(PLAN, {
        allows: (point) => study.allows(point),
        evaluate: (point) => pool.tryPoint(point, { fromMs: START_MS, toMs: Infinity }),
      });
      result = JSON.stringify(trials);
    });
    return { ms, result, indicators: pool.indicators() };
  } finally {
    await pool.close();
  }
}
