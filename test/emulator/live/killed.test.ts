import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readExchangeRecord, type RecordedOrder } from '../../../emulator/journal/record';
import { MirrorRecord } from '../../../emulator/market/live/record';
import type { News } from '../../../emulator/market/live/news';
import type { MarketSource, MarketStep } from '../../../emulator/market/source';
import { Client, type Json } from '../client';
import { compileEmulator, removeCompiled, spawnProgram } from '../compiled';
import { BTC, MINUTE_MS, scriptedMarket, START_MS } from '../scripted-market';
import { LiveBench, Mirror } from './bench';

const bench = new LiveBench();
let compiled: string;
beforeAll(() => {
  compiled = compileEmulator();
});
afterAll(async () => {
  await bench.end();
  removeCompiled(compiled);
});

const EVERY_MS = 20;
const LOTS = 7;
const restAt = (price: string, quantity: string): Record<string, string> => ({
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity,
  price,
});

/** Sells 7 lots at 100 every 20 ms; nobody else bids above 90, so an order at 100 gets every one of them. */
function sellingMarket(): MarketSource {
  const stepAt = (timeMs: number): MarketStep => ({
    symbol: 'BTCUSDT',
    timeMs,
    bids: [{ priceTicks: 9000, quantityLots: 10_000 + (timeMs % 1000) }],
    asks: [{ priceTicks: 11_000, quantityLots: 10_000 }],
    prints: [{ side: 'sell', priceTicks: 10_000, quantityLots: LOTS }],
  });
  const floor = (timeMs: number): number => Math.floor(timeMs / EVERY_MS) * EVERY_MS;
  return {
    ...scriptedMarket([]),
    symbols: [BTC],
    *steps(fromMs, toMs) {
      for (let timeMs = floor(fromMs) + EVERY_MS; timeMs <= toMs; timeMs += EVERY_MS) yield stepAt(timeMs);
    },
    at: (_symbol, timeMs) => stepAt(floor(timeMs)),
  };
}

const newsOf = (journalDir: string): readonly News[] =>
  MirrorRecord.read(join(journalDir, 'mirror'))?.news ?? [];

/** Moments and lots of the recorded prints which an order that rests since `fromMs` had to get until `toMs`. */
function duePrints(journalDir: string, fromMs: number, toMs: number): [number, number][] {
  return newsOf(journalDir)
    .flatMap((news): [number, number][] => {
      if (news.kind === 'trade') return [[news.timeMs, news.print[2]]];
      return news.kind === 'book' ? news.prints.map(([, , lots]) => [news.timeMs, lots]) : [];
    })
    .filter(([timeMs]) => timeMs > fromMs && timeMs <= toMs);
}

function orderIn(journalDir: string): RecordedOrder {
  const [order] = readExchangeRecord(journalDir).orders;
  if (order === undefined) throw new Error('there is no order in the record');
  return order;
}

it('killed at any moment, every recorded print fills the resting order exactly once', async () => {
  const upstream = await bench.start({ source: sellingMarket(), paused: false });
  const journalDir = bench.folder();
  const options = { journalDir, restUrl: upstream.url, wsUrl: upstream.wsUrl };
  const program = join(compiled, 'test/emulator/live/mirror-process.js');
  for (let kill = 0; kill < 6; kill += 1) {
    const running = await spawnProgram(program, options);
    const mirror = new Mirror({ ...running, close: () => Promise.resolve() }, journalDir);
    await mirror.until('live');
    if (kill === 0) await mirror.signed('POST /api/v3/order', restAt('100', '90'));
    await sleep(150 + kill * 37);
    await running.end('SIGKILL');

    const { clockMs, trades } = readExchangeRecord(journalDir);
    const fills = trades.map(({ timeMs, quantity }) => [timeMs, Math.round(Number(quantity) * 100_000)]);
    expect(fills).toEqual(duePrints(journalDir, orderIn(journalDir).createdMs, clockMs));
    expect(new Set(trades.map(({ tradeId }) => tradeId)).size).toBe(trades.length);
  }
  expect(readExchangeRecord(journalDir).trades.length).toBeGreaterThan(20);
});

it('killed between a print and its fill, the print fills after the restart, once', async () => {
  const venueDir = bench.folder();
  const source = scriptedMarket([
    { atMs: 0, bids: [[90, 1]], asks: [[110, 1]], prints: [['buy', 100, 1]] },
    { atMs: MINUTE_MS, bids: [[90, 2]], asks: [[110, 2]] },
  ]);
  const upstream = await bench.start({ source, journalDir: venueDir });
  await new Client(upstream).advance(START_MS + 1);
  const journalDir = bench.folder();
  const first = await bench.mirror(upstream, { journalDir });
  await first.until('live');
  await first.signed('POST /api/v3/order', restAt('100', '0.5'));
  await bench.stop(first.running);
  await bench.stop(upstream);

  // What a kill leaves behind when the print has reached the disk, its fill has not, and the next line is torn.
  const { clockMs } = readExchangeRecord(journalDir);
  const folder = join(journalDir, 'mirror');
  const newest = readdirSync(folder).sort().at(-1) ?? '';
  const print: News = {
    kind: 'trade',
    symbol: 'BTCUSDT',
    timeMs: clockMs + 1,
    tradeId: Number.MAX_SAFE_INTEGER - 1,
    print: ['sell', 10_000, 20_000],
  };
  appendFileSync(join(folder, newest), `${JSON.stringify(print)}\n{"kind":"trade","symb`);

  for (let restart = 0; restart < 2; restart += 1) {
    const again = await bench.mirror(upstream, { journalDir });
    const [order] = (await again.signed('GET /api/v3/openOrders', { symbol: 'BTCUSDT' }))
      .body as unknown as Json[];
    expect(order).toMatchObject({ status: 'PARTIALLY_FILLED', executedQty: '0.20000000' });
    await bench.stop(again.running);
    const { trades } = readExchangeRecord(journalDir);
    expect(trades).toMatchObject([{ timeMs: clockMs + 1, quantity: '0.20000000', price: '100.00000000' }]);
  }
});
