import { BarSourceError } from '../../adapters/exchange/bar-source';
import {
  backfillProgressQuery,
  workflowIds,
  type BackfillInput,
  type BackfillProgress,
} from '../../workflows/contract';
import type { backfill } from '../../workflows';
import { Harness, type World } from './harness';

const MINUTE_MS = 60_000;
const BARS = 430;

describe('the download of candles', () => {
  let harness: Harness;
  let world: World;
  let toMs: number;
  let input: BackfillInput;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.shutdown());
  beforeEach(async () => {
    world = await harness.newWorld();
    toMs = Math.floor(world.time.nowMs / MINUTE_MS) * MINUTE_MS;
    input = { source: 'fake', symbol: 'BTC/USDT', timeframe: '1m', fromMs: toMs - BARS * MINUTE_MS, toMs };
  });

  const start = (name: string, change: Partial<BackfillInput> = {}) =>
    harness.start<typeof backfill>('backfill', workflowIds.job('backfill', name), { ...input, ...change });
  const stored = (): number => world.history.rows.get('fake BTC/USDT 1m')?.size ?? 0;
  const all: Partial<BackfillProgress> = { done: true, bars: BARS, pages: 43, changed: 0 };

  it('asks step by step, and tells how far it is', async () => {
    const handle = await start('steps');
    expect(await handle.result()).toMatchObject({
      ...all,
      inserted: BARS,
      nextMs: toMs,
      firstMs: input.fromMs,
    });
    expect(stored()).toBe(BARS);
    expect(world.calls.filter(({ name }) => name === 'backfillPages')).toHaveLength(3);
    expect(await handle.query(backfillProgressQuery)).toMatchObject(all);
  });

  it('loses nothing and doubles nothing when a step dies after it has written', async () => {
    let deaths = 2;
    world.script.backfillPages = async (step) => {
      const result = await world.real.backfillPages(step);
      if (deaths-- > 0) throw new Error('the worker died');
      return result;
    };
    const handle = await start('deaths');
    // What the first tries have written is there already when the step is repeated.
    expect(await handle.result()).toMatchObject({ ...all, inserted: BARS - 200 });
    expect(stored()).toBe(BARS);
  });

  it('waits for a venue that is away', async () => {
    world.bars.failures.push(...Array.from({ length: 4 }, () => new BarSourceError('fake: away', false)));
    expect(await (await start('away')).result()).toMatchObject(all);
  });

  it('fails with what the venue says when asking again is of no use', async () => {
    world.bars.failures.push(new BarSourceError('fake: no market symbol BTC/USDT', true));
    const failure: unknown = await (await start('refused')).result().catch((error: unknown) => error);
    expect(failure).toMatchObject({ cause: { cause: { message: 'fake: no market symbol BTC/USDT' } } });
  });

  it('goes on from what a run before it has done', async () => {
    const fromMs = input.fromMs + 100 * MINUTE_MS;
    const carried: BackfillProgress = {
      ...{ fromMs: input.fromMs, nextMs: fromMs, pages: 10, bars: 100, inserted: 100, changed: 0 },
      ...{ firstMs: input.fromMs, done: false },
    };
    const handle = await start('carried', { carried });
    expect(await handle.result()).toMatchObject({ ...all, inserted: BARS, firstMs: input.fromMs });
    expect(world.bars.asked[0]).toBe(fromMs);
  });
});
