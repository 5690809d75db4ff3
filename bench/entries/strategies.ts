import { BUILT_IN_CATALOGUE } from '../../domain/strategies/catalogue';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { createPool } from '../../adapters/store/pool';
import { configureStrategy, strategySettings } from '../../cli/strategy-client';
import { lastCloseMs, Timeframe, timeframeMs } from '../../domain/bar';
import { BallastProcess } from '../ballast-process';
import type { BenchContext, BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';

const STRATEGIES = 100;
const BASES = ['BTC', 'ETH', 'SOL', 'XRP', 'BNB', 'DOGE', 'ADA', 'AVAX', 'LINK', 'LTC'] as const;
const SYMBOLS = BASES.map((base) => `${base}/USDT`);
const TIMEFRAME = Timeframe.M1;
/** Strategies ask for their bars one after the other, a tenth of a second apart. */
const GRACE_STEP_MS = 100;
/** After the close of a bar in wall time: everybody's grace is over, and who has not decided is too late. */
const SETTLED_MS = STRATEGIES * GRACE_STEP_MS + 5_000;
const BARS = 3;
/** Market time per wall time, tried one after the other until bars are missed; how long each is watched. */
const SPEEDS = [4, 8, 16] as const;
const WATCHED_MS = 20_000;
const SECONDS_PER_BAR = timeframeMs(TIMEFRAME) / 1_000;

/** Whether one worker on a small machine carries a hundred strategies, and what each of them costs. */
export const strategies: BenchEntry = { name: 'strategies100x10', measure };

async function measure(context: BenchContext): Promise<readonly NamedMeasurement[]> {
  const configured = Array.from({ length: STRATEGIES }, (_, index) => ({
    name: `s${String(index).padStart(3, '0')}`,
    strategy: 'rsi',
    symbols: SYMBOLS,
    timeframe: TIMEFRAME,
    graceMs: (index + 1) * GRACE_STEP_MS,
  }));
  const ballast = await BallastProcess.start(context.folder('strategies'), {
    BALLAST__market__speed: '1',
    BALLAST__strategies: JSON.stringify(configured),
  });
  const pool = createPool({
    url: ballast.config.postgres.url?.reveal() ?? '',
    applicationName: 'ballast-bench',
    onConnectionError: () => undefined,
  });
  try {
    context.progress(`${STRATEGIES} strategies of ${SYMBOLS.length} symbols for ${BARS} bars in real time`);
    const observed = await observe(ballast, pool, BARS * SECONDS_PER_BAR * 1_000);
    const grownMb = ((await ballast.memory()).worker ?? Number.NaN) - (ballast.idleMemory.worker ?? 0);
    const speed = await fastest(ballast, pool, context.progress, observed.missed === 0 ? 1 : 0);
    return measurements(observed, grownMb / STRATEGIES, speed);
  } finally {
    await pool.end();
    await ballast.close();
  }
}

interface Observed {
  readonly bars: number;
  /** Decisions that were due and were not made in time, or not on the bar. */
  readonly missed: number;
}

/** Watches all bars that close in the next `forMs` of wall time. */
async function observe(ballast: BallastProcess, pool: Pool, forMs: number): Promise<Observed> {
  const from = await newestClose(ballast);
  await sleep(forMs);
  const to = await newestClose(ballast);
  await sleep(SETTLED_MS);
  const bars = (to - from) / timeframeMs(TIMEFRAME);
  const { rows } = await pool.query<{ count: string }>(
    `SELECT count(*) FROM decisions WHERE outcome <> 'skipped' AND bar_close_ms > $1 AND bar_close_ms <= $2`,
    [from, to],
  );
  return { bars, missed: bars * STRATEGIES * SYMBOLS.length - Number(rows[0]?.count ?? 0) };
}

/** The highest of the speeds at which nothing was missed; `slowest` when that is none of them. */
async function fastest(
  ballast: BallastProcess,
  pool: Pool,
  progress: (line: string) => void,
  slowest: number,
): Promise<number> {
  let kept = slowest;
  for (const speed of SPEEDS) {
    await setSpeed(ballast, speed);
    await sleep(SETTLED_MS);
    const { bars, missed } = await observe(ballast, pool, WATCHED_MS);
    progress(`at ${speed}×: ${bars} bars, ${missed} decisions missed`);
    if (missed > 0) return kept;
    kept = speed;
  }
  return kept;
}

/** Strategies wait by the speed that they know: they are told to ask again. */
async function setSpeed(ballast: BallastProcess, speed: number): Promise<void> {
  const { config, client } = ballast;
  const body = JSON.stringify({ action: 'setSpeed', speed });
  const response = await fetch(`${config.exchange.restUrl ?? ''}/emulator/clock`, { method: 'POST', body });
  if (!response.ok) throw new Error(`The exchange's clock refuses: ${await response.text()}`);
  await Promise.all(
    config.strategies.map((entry) =>
      configureStrategy(client, strategySettings(config, entry, BUILT_IN_CATALOGUE)),
    ),
  );
}

async function newestClose({ config }: BallastProcess): Promise<number> {
  const response = await fetch(`${config.exchange.restUrl ?? ''}/emulator/clock`);
  const { marketTimeMs } = (await response.json()) as { readonly marketTimeMs: number };
  return lastCloseMs(marketTimeMs, TIMEFRAME);
}

function measurements(observed: Observed, mbEach: number, speed: number): readonly NamedMeasurement[] {
  const alone = { baseline: null, ratio: null } as const;
  const what = `${STRATEGIES} strategies of ${SYMBOLS.length} symbols each at one-minute bars on one worker`;
  return [
    {
      ...alone,
      name: 'strategies100x10',
      value: (speed * STRATEGIES) / SECONDS_PER_BAR,
      unit: 'cycles/s',
      goal: null,
      how: `the rate at which ${what} missed no bar: of 1, ${SPEEDS.join(', ')} times real time, each watched for at least ${WATCHED_MS / 1_000} s, the fastest before bars were missed`,
    },
    {
      ...alone,
      name: 'strategies100x10Missed',
      value: observed.missed,
      unit: 'decisions',
      goal: { of: 'value', atMost: 0 },
      how: `decisions of ${what} that were not made within ${SETTLED_MS / 1_000} s, in ${observed.bars} bars of real time`,
    },
    {
      ...alone,
      name: 'strategies100x10MbEach',
      value: mbEach,
      unit: 'MB',
      goal: null,
      how: 'by how much the worker has grown since it was ready, after these bars, for each strategy (2^20 bytes)',
    },
  ];
}
