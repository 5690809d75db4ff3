import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTrainingActivities } from '../../activities/training';
import { createCandleCache } from '../../adapters/history/candle-cache';
import { candlesKey } from '../../adapters/history/port';
import { candleRows } from '../../adapters/history/rows';
import { createTrainingStore } from '../../adapters/store/trainings';
import { PriceKind } from '../../domain/series';
import { BUILT_IN_CATALOGUE } from '../../domain/strategies/catalogue';
import { createTrainings } from '../../workers/trainings';
import { createHistoryBench, temporaryFolder, type HistoryBench } from '../adapters/history/support';
import { clockMarket } from '../backtest/learn/setup';
import { Harness } from './harness';

const MAIN = join(__dirname, '../../dist/cli/main.js');
const SYMBOL = 'COIN/USDT';

/**
 * The command line as a process of its own, against a dev server on which the real workflow and activities run, and the server of
 * BALLAST_TEST_POSTGRES_URL.
 */
describe('ballast train --durable', () => {
  let harness: Harness;
  let bench: HistoryBench;
  /** Of the worker, and of the command. */
  const [there, here] = [temporaryFolder(), temporaryFolder()];
  let deaths = 0;
  beforeAll(async () => {
    bench = await createHistoryBench();
    const key = { venue: 'walk', symbol: SYMBOL, timeframe: '1h', price: PriceKind.Last } as const;
    await bench.history.write(candlesKey(key), candleRows(clockMarket(1, 800, 0.002)));
    harness = await Harness.startOnDevServer(10_000);
    const world = await harness.newWorld();
    const real = createTrainingActivities({
      trainings: createTrainings({
        store: createTrainingStore(bench.pool),
        history: bench.history,
        candles: createCandleCache({ folder: there.folder, store: bench.history, warn: () => undefined }),
        strategies: BUILT_IN_CATALOGUE,
        folders: { strategiesDir: there.folder, stateDir: there.folder },
        script: join(__dirname, '../../dist/workers/training-thread.js'),
        codeVersion: 'test',
      }),
    });
    Object.assign(world.script, real, {
      trainStep: async (input: Parameters<typeof real.trainStep>[0]) => {
        await real.trainStep(input);
        // The worker dies after it has kept the first step, before it says so.
        if ((deaths += 1) === 1) throw new Error('the worker died');
      },
    });
  });
  afterAll(async () => {
    await harness.shutdown();
    await bench.close();
    there.remove();
    here.remove();
  });

  const train = (...more: readonly string[]) =>
    promisify(execFile)(
      process.execPath,
      [
        ...[MAIN, 'train', 'learned', '--symbol', SYMBOL, '--timeframe', '1h', '--folds', '3'],
        ...['--features', 'change1,change6,hour', '--horizon', '6', '--trees', '20', '--durable', ...more],
      ],
      {
        cwd: here.folder,
        env: {
          ...{ PATH: process.env.PATH, HOME: here.folder },
          ...{ BALLAST_TEMPORAL_ADDRESS: harness.address, BALLAST_POSTGRES_URL: bench.url },
        },
      },
    );

  it('trains over a death, keeps the model here, and has it at once when asked again', async () => {
    const { stdout, stderr } = await train();
    expect(stdout).toMatch(/^Walk-forward: each fold knows only what lies before it$/m);
    expect(stderr).toContain('training');
    const [, id] = /^Model (signal-coinusdt-1h-[0-9a-f]{12}): /m.exec(stdout) ?? [];
    expect(deaths).toBe(4);
    const again = JSON.parse((await train('--json')).stdout) as { id: string; kind: string; trees: number };
    expect(again).toMatchObject({ id, kind: 'signal', codeVersion: 'test' });
    expect(again.trees).toBeGreaterThan(0);
    expect((await bench.pool.query('SELECT FROM training_parts')).rows).toHaveLength(3);
  });

  it('refuses bars that other workers cannot read', async () => {
    const refused = train('--data', here.folder).catch((error: unknown) => error);
    expect(await refused).toMatchObject({
      stderr: expect.stringContaining('neither --data nor --simulate') as string,
    });
  });
});
