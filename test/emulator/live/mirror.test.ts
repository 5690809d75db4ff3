import { Client, type Answer, type Json } from '../client';
import {
  BTC,
  ETH,
  MINUTE_MS,
  scriptedMarket,
  START_MS,
  waveMarket,
  type ScriptedStep,
} from '../scripted-market';
import { eventually, LiveBench, type Mirror } from './bench';

const bench = new LiveBench();
afterEach(() => bench.end());

const SYMBOL = { symbol: 'BTCUSDT' };
const book = {
  bids: [
    [99, 1],
    [98, 2],
  ],
  asks: [
    [101, 1],
    [102, 2],
  ],
} as const;

/** A venue whose market stands still until `advance` moves it. */
async function venueOf(steps: readonly ScriptedStep[]): Promise<Client & { readonly mirrored: Mirror }> {
  const upstream = await bench.start({
    source: scriptedMarket([{ atMs: 0, ...book, prints: [['buy', 100, 0.1]] }, ...steps]),
  });
  const venue = new Client(upstream);
  await venue.advance(START_MS + 1);
  const mirrored = await bench.mirror(upstream);
  await mirrored.until('live');
  await mirrored.untilSameBook(venue);
  return Object.assign(venue, { mirrored });
}

const place = (client: Client, order: Record<string, string>): Promise<Answer> =>
  client.signed('POST /api/v3/order', { ...SYMBOL, side: 'BUY', ...order });

const rest = (price: string, quantity = '1'): Record<string, string> => ({
  type: 'LIMIT',
  timeInForce: 'GTC',
  price,
  quantity,
});

it('has the venue’s rules, and tells what it is', async () => {
  const upstream = await bench.start({
    source: waveMarket({ symbols: [{ ...BTC, tickSize: '0.1', minNotional: '7.5' }, ETH] }),
  });
  const mirror = await bench.mirror(upstream, { pairs: ['ETH/USDT', 'BTC/USDT'] });
  const infoOf = async (client: Client): Promise<unknown> =>
    ((await client.public('GET /api/v3/exchangeInfo', SYMBOL)).body.symbols as unknown[])[0];
  expect(await infoOf(mirror)).toEqual(await infoOf(new Client(upstream)));
  expect(await mirror.control('GET /emulator/clock')).toMatchObject({
    mode: 'mirrored',
    description: 'live data of binance mirrored (ETH/USDT, BTC/USDT), fills simulated',
    speed: 1,
    endMs: null,
    live: { upstream: 'binance' },
  });
});

it('shows the venue’s book, update by update', async () => {
  const upstream = await bench.start({ source: waveMarket({ everyMs: 50 }), paused: false });
  const mirror = await bench.mirror(upstream, { pairs: ['BTC/USDT', 'ETH/USDT'] });
  await mirror.until('live');
  const venue = new Client(upstream);
  const tops = new Set<string>();
  for (let round = 0; round < 5; round += 1) {
    await venue.control('POST /emulator/clock', { action: 'pause' });
    for (const symbol of ['BTCUSDT', 'ETHUSDT'])
      tops.add(JSON.stringify(await mirror.untilSameBook(venue, symbol)));
    await venue.control('POST /emulator/clock', { action: 'resume' });
    const { marketTimeMs } = await venue.control('GET /emulator/clock');
    await eventually(
      () => venue.control('GET /emulator/clock'),
      (clock) => Number(clock.marketTimeMs) > Number(marketTimeMs) + 200,
    );
  }
  expect(tops.size).toBe(10);
});

it('answers with the venue’s own bars, old ones and those closed since', async () => {
  const upstream = await bench.start({ source: waveMarket() });
  const venue = new Client(upstream);
  const mirror = await bench.mirror(upstream);
  await mirror.until('live');
  const klines = async (client: Client, interval: string, endTime: number): Promise<Json[]> => {
    const query = { ...SYMBOL, interval, endTime, limit: 600 };
    return (await client.public('GET /api/v3/klines', query)).body as unknown as Json[];
  };
  for (const minutes of [3, 4, 9]) {
    const atMs = START_MS + minutes * MINUTE_MS;
    await venue.advance(atMs + 50);
    await eventually(
      () => mirror.control('GET /emulator/clock'),
      (clock) => Number(clock.marketTimeMs) > atMs,
    );
    expect((await klines(venue, '1m', atMs - 1)).at(-1)?.[0]).toBe(atMs - MINUTE_MS);
    // Five-minute bars reach back two days: more than is fetched at the start.
    for (const [interval, lengthMs] of [
      ['1m', MINUTE_MS],
      ['5m', 5 * MINUTE_MS],
    ] as const) {
      const lastMs = Math.floor(atMs / lengthMs) * lengthMs - 1;
      const bars = await klines(mirror, interval, lastMs);
      expect(bars).toHaveLength(600);
      expect(bars).toEqual(await klines(venue, interval, lastMs));
    }
  }
});

it('fills market orders at the prices of the mirrored book', async () => {
  const { mirrored } = await venueOf([]);
  const { body } = await place(mirrored, { type: 'MARKET', quantity: '1.5' });
  expect(body.status).toBe('FILLED');
  expect((body.fills as Json[]).map(({ price, qty }) => [price, qty])).toEqual([
    ['101.00000000', '1.00000000'],
    ['102.00000000', '0.50000000'],
  ]);
});

it('fills a resting order when the venue trades through it, behind the depth that was there', async () => {
  const venue = await venueOf([
    { atMs: 1000, ...book, prints: [['sell', 99, 0.4]] },
    { atMs: 2000, ...book, prints: [['sell', 99, 1.3]] },
    { atMs: 3000, ...book, prints: [['sell', 98.5, 5]] },
  ]);
  const { body: order } = await place(venue.mirrored, rest('99'));
  const filledAfter = async (atMs: number, trades: number): Promise<unknown> => {
    await venue.advance(START_MS + atMs);
    await eventually(
      async () => (await venue.mirrored.public('GET /api/v3/trades', SYMBOL)).body as unknown as Json[],
      (tape) => tape.length === trades,
    );
    const { body } = await venue.mirrored.signed('GET /api/v3/order', {
      ...SYMBOL,
      orderId: Number(order.orderId),
    });
    return body.executedQty;
  };
  // A whole unit of other people's orders rests at 99, and each print meets it anew.
  expect(await filledAfter(1500, 1)).toBe('0.00000000');
  expect(await filledAfter(2500, 2)).toBe('0.30000000');
  expect(await filledAfter(3500, 3)).toBe('1.00000000');
});

it('triggers a stop on the venue’s trades and sells into the venue’s book', async () => {
  const crash = { bids: [[90, 5]], asks: [[91, 5]] } as const;
  const venue = await venueOf([
    { atMs: 1000, ...crash },
    { atMs: 2000, ...crash, prints: [['sell', 90, 1]] },
  ]);
  await place(venue.mirrored, { type: 'MARKET', quantity: '1' });
  const stop = await place(venue.mirrored, {
    side: 'SELL',
    type: 'STOP_LOSS',
    quantity: '0.9',
    stopPrice: '95',
  });
  await venue.advance(START_MS + 1500);
  await venue.mirrored.untilSameBook(venue);
  await venue.advance(START_MS + 2500);
  const filled = await venue.mirrored.untilOrder(stop.body.orderId, 'FILLED');
  expect(filled.cummulativeQuoteQty).toBe('81.00000000');
});

it('keeps the venue’s time and refuses to be set', async () => {
  const upstream = await bench.start({ source: waveMarket(), speed: 60, paused: false });
  const mirror = await bench.mirror(upstream);
  await mirror.until('live');
  const clockOf = (client: Client): Promise<Json> => client.control('GET /emulator/clock');
  const { marketTimeMs } = await clockOf(new Client(upstream));
  await eventually(
    () => clockOf(mirror),
    (clock) => Number(clock.marketTimeMs) > Number(marketTimeMs) + MINUTE_MS,
  );
  const [theirs, ours] = [await clockOf(new Client(upstream)), await clockOf(mirror)];
  // Readings a moment apart: at 60× a minute is a second.
  expect(Math.abs(Number(theirs.marketTimeMs) - Number(ours.marketTimeMs))).toBeLessThan(5 * MINUTE_MS);
  expect(ours.speed).toBe(60);
  for (const command of [
    { action: 'pause' },
    { action: 'setSpeed', speed: 5 },
    { action: 'advanceTo', toMs: START_MS },
  ]) {
    await expect(mirror.control('POST /emulator/clock', command)).rejects.toThrow(
      /mirrored live: its time is that of binance and cannot be paused, sped up or advanced/,
    );
  }
});
