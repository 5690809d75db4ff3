import { Timeframe, timeframeMs } from '../../domain/bar';
import { Instant } from '../crash/harness/moments';
import { startServers, type Servers } from '../crash/harness/servers';
import { World } from '../crash/harness/world';

const SYMBOL = 'BTC/USDT';
const MINUTE_MS = timeframeMs(Timeframe.M1);
/** Five pages of a thousand bars, of which the last is not full. */
const BARS = 4_320;

interface Stored {
  readonly openTimeMs: number;
  readonly close: number;
}

describe('SIGKILL of the worker in the middle of a download', () => {
  let servers: Servers;
  let world: World;
  let worlds = 0;
  beforeAll(async () => {
    servers = await startServers();
  });
  beforeEach(async () => {
    worlds += 1;
    world = await World.open(servers, { name: `download_${worlds}` });
  });
  afterEach(() => world.close());
  afterAll(() => servers.close());

  /** What the history holds. */
  async function stored(): Promise<readonly Stored[]> {
    const { rows } = await world.pool.query<{ time: string; close: number }>(
      `SELECT time_ms AS time, close FROM history_candles ORDER BY time_ms`,
    );
    return rows.map(({ time, close }) => ({ openTimeMs: Number(time), close }));
  }

  /** What the exchange tells of the same time. */
  async function told(fromMs: number, toMs: number): Promise<readonly Stored[]> {
    const pages: Stored[] = [];
    for (let untilMs = toMs; untilMs > fromMs; untilMs -= 1_000 * MINUTE_MS) {
      const limit = Math.min(1_000, (untilMs - fromMs) / MINUTE_MS);
      const bars = await world.port.bars({ symbol: SYMBOL, timeframe: Timeframe.M1, limit, untilMs });
      pages.unshift(...bars.map(({ openTimeMs, close }) => ({ openTimeMs, close })));
    }
    return pages;
  }

  it.each([
    { instant: Instant.Ask, of: 'for a page', words: ['GET /api/v3/klines'] },
    { instant: Instant.Asked, of: 'with a page', words: ['GET /api/v3/klines'] },
    { instant: Instant.Write, of: 'of a page', words: ['INSERT INTO history_candles'] },
    { instant: Instant.Written, of: 'of a page', words: ['INSERT INTO history_candles'] },
  ])('$instant $of: no bar is missing, none is there twice', async ({ instant, words }) => {
    const { marketTimeMs } = await world.port.clock();
    const toMs = Math.floor(marketTimeMs / MINUTE_MS) * MINUTE_MS;
    const fromMs = toMs - BARS * MINUTE_MS;
    const killed = world.when(instant, words, (worker) => {
      worker.kill();
      return 'drop';
    });
    const iso = (ms: number): string => new Date(ms).toISOString();
    const done = await world.ballast(
      ...['data', 'download', '--symbol', SYMBOL, '--timeframe', '1m', '--json'],
      ...['--from', iso(fromMs), '--to', iso(toMs)],
    );
    await killed;
    expect(done).toMatchObject({ code: 0 });
    const bars = await stored();
    expect(bars).toHaveLength(BARS);
    expect(bars).toEqual(await told(fromMs, toMs));
    expect(JSON.parse(done.stdout)).toMatchObject({ done: true, bars: BARS });
  });
});
