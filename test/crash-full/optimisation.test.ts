import { createHistory } from '../../adapters/history/history';
import { candlesKey } from '../../adapters/history/port';
import { candleRows } from '../../adapters/history/rows';
import type { SweepReport } from '../../backtest/optimise/sweep-report';
import { randomBars } from '../../bench/backtest/random-bars';
import { PriceKind } from '../../domain/series';
import { Instant } from '../crash/harness/moments';
import { startServers, type Servers } from '../crash/harness/servers';
import { World } from '../crash/harness/world';

const ARGS = [
  ...['optimise', 'ema-cross', '--symbol', 'BTC/USDT', '--timeframe', '1h', '--fraction', '0.5'],
  ...['--space', 'fast=3..20,slow=10..60,stopAtr=1..6', '--param', 'minAdx=null'],
  ...['--trials', '48', '--batch', '12', '--min-trades', '1', '--top', '3', '--json'],
];

/** When the worker is killed, one after the other, and what becomes of the message. */
const DEATHS = [
  [Instant.Write, 'UPDATE sweeps SET ground', 'drop'],
  [Instant.Write, 'INSERT INTO sweep_trials', 'drop'],
  [Instant.Written, 'INSERT INTO sweep_trials', 'drop'],
  [Instant.Write, 'UPDATE sweep_trials SET result', 'drop'],
  [Instant.Written, 'UPDATE sweep_trials SET result', 'drop'],
  [Instant.Write, 'UPDATE sweep_trials SET out_of_sample', 'drop'],
] as const;

describe('SIGKILL of the worker during a durable optimisation', () => {
  let servers: Servers;
  let world: World;
  beforeAll(async () => {
    servers = await startServers();
    world = await World.open(servers, { name: 'optimisation' });
    const key = { venue: 'walk', symbol: 'BTC/USDT', timeframe: '1h', price: PriceKind.Last } as const;
    const bars = randomBars({
      ...{ seed: 8, length: 3_000, barMs: 3_600_000 },
      ...{ startMs: Date.UTC(2024, 0, 1), stepDeviation: 0.004 },
    });
    await createHistory(world.pool).write(candlesKey(key), candleRows(bars));
  });
  afterAll(async () => {
    await world.close();
    await servers.close();
  });

  const run = async (...more: readonly string[]): Promise<SweepReport> => {
    const { code, stdout, stderr } = await world.ballast(...ARGS, ...more);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as SweepReport;
  };

  it('comes to what an undisturbed run in one process comes to', async () => {
    const undisturbed = await run();
    expect(undisturbed.trials).toBe(48);
    const durable = run('--durable');
    // A fault of the command is told where it is waited for.
    durable.catch(() => undefined);
    const starts = world.worker.starts;
    for (const [instant, words, verdict] of DEATHS)
      await world.when(instant, [words], (worker) => {
        worker.kill();
        return verdict;
      });
    expect(await durable).toEqual(undisturbed);
    expect(world.worker.starts).toBe(starts + DEATHS.length);
    const { rows } = await world.pool.query<{ count: number }>(
      'SELECT count(*)::integer AS count FROM sweep_trials WHERE result IS NOT NULL',
    );
    expect(rows).toEqual([{ count: 48 }]);
  });

  it('has the result at once when the same is asked again', async () => {
    const [first, second] = [await run('--durable'), await run('--durable')];
    expect(second).toEqual(first);
  });
});
