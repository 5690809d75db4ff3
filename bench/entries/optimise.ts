import { join } from 'node:path';
import { searchAtOnce, type SearchPlan } from '../../backtest/optimise/search';
import { createStudy, INDICATOR_BYTES, type StudySetup } from '../../backtest/optimise/study';
import { openTrialPool } from '../../backtest/optimise/trial-pool';
import { findStrategy } from '../../domain/strategies/registry';
import { randomBars } from '../backtest/random-bars';
import { REFERENCE_BALANCE, REFERENCE_INSTRUMENT, referenceRules } from '../backtest/reference-task';
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

/** A thousand trials: by two threads and by one, and with what trials have in common computed once and every time. */
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

async function measure({ progress }: BenchContext): Promise<readonly NamedMeasurement[]> {
  const setup = setupOf();
  const ways = [
    { name: 'one', threads: 1, indicatorBytes: INDICATOR_BYTES },
    { name: 'two', threads: 2, indicatorBytes: INDICATOR_BYTES },
    { name: 'anew', threads: 2, indicatorBytes: 0 },
  ] as const;
  const times = new Map(ways.map(({ name }) => [name, [] as number[]]));
  const results = new Set<string>();
  let counts = { hits: 0, misses: 0, bytes: 0 };
  for (let round = 0; round < ROUNDS; round += 1)
    // There and back, so that whatever else the machine does meets all alike.
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
      const run = await sweep(setup, way);
      progress(`${way.name}: ${TRIALS} trials in ${Math.round(run.ms)} ms`);
      times.get(way.name)?.push(run.ms);
      results.add(run.result);
      if (way.name === 'two') counts = run.indicators;
    }
  if (results.size !== 1) throw new Error('The ways do not make the same trials.');
  const of = (name: (typeof ways)[number]['name']): number => median(times.get(name) ?? []);
  const share = (counts.hits / (counts.hits + counts.misses)) * 100;
  const task = `${TRIALS} trials of ema-cross on ${BARS} one-minute bars (four parameters, random search)`;
  return [
    {
      ...{ name: 'optimise', value: of('two'), unit: 'ms', baseline: of('one') },
      ratio: ratio(of('two'), of('one')),
      goal: { of: 'ratio', atMost: 1 / 1.8 },
      how: `median of ${ROUNDS} times ${task} in two threads, against one thread, in turn; the threads are there before the clock starts, and every trial is the same`,
    },
    {
      ...{ name: 'optimiseShared', value: of('two'), unit: 'ms', baseline: of('anew') },
      ratio: ratio(of('two'), of('anew')),
      goal: null,
      how: `the same in two threads, against two threads that compute every indicator anew for every trial; shared, ${share.toFixed(1)} % of ${counts.hits + counts.misses} were there already`,
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
