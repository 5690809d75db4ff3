import { createExchange } from '../../../adapters/exchange/exchange';
import { decimal } from '../../../domain/decimal';
import { FailureKind } from '../../../domain/errors';
import { readExchangeRecord } from '../../../emulator/journal/record';
import type { RunningEmulator } from '../../../emulator/main';
import type { LiveFeed } from '../../../emulator/market/live/feed';
import { Client, type Json } from '../client';
import { MINUTE_MS, scriptedMarket, START_MS, waveMarket } from '../scripted-market';
import { BTC_PAIR, eventually, LiveBench, type Mirror, type MirrorOptions } from './bench';

const bench = new LiveBench();
afterEach(() => bench.end());

const SYMBOL = { symbol: 'BTCUSDT' };
const calm = {
  bids: [[99, 5]],
  asks: [[101, 5]],
} as const;

/**
 * A venue that trades at 90 for a minute, from the tenth on, and is back at 100 afterwards; both trades that follow an
 * outage are at 100.
 */
const market = scriptedMarket([
  { atMs: 0, ...calm, prints: [['buy', 100, 0.1]] },
  { atMs: 10 * MINUTE_MS, bids: [[89, 5]], asks: [[91, 5]], prints: [['sell', 90, 3]] },
  { atMs: 11 * MINUTE_MS, ...calm, prints: [['buy', 101, 2]] },
  { atMs: 20 * MINUTE_MS, ...calm, prints: [['sell', 99, 1]] },
  { atMs: 21 * MINUTE_MS, ...calm, prints: [['buy', 101, 1]] },
]);

async function openVenue(journalDir: string, port = 0): Promise<RunningEmulator> {
  const upstream = await bench.start({ source: market, journalDir, port });
  await new Client(upstream).advance(START_MS + 1);
  return upstream;
}

const portOf = ({ url }: RunningEmulator): number => Number(new URL(url).port);
const tapeOf = async (client: Client): Promise<Json[]> =>
  (await client.public('GET /api/v3/trades', SYMBOL)).body as unknown as Json[];
const order = (quantity: string): Record<string, string> => ({
  ...SYMBOL,
  side: 'BUY',
  type: 'MARKET',
  quantity,
});

it('says so when the venue is lost, refuses orders, and invents nothing when it is back', async () => {
  const venueDir = bench.folder();
  const upstream = await openVenue(venueDir);
  const mirror = await bench.mirror(upstream);
  await mirror.until('live');
  const rest = { ...SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '1', price: '95' };
  const resting = (await mirror.signed('POST /api/v3/order', rest)).body;
  await mirror.signed('POST /api/v3/order', order('1'));
  const stop = { ...SYMBOL, side: 'SELL', type: 'STOP_LOSS', quantity: '0.9', stopPrice: '92' };
  const stopped = (await mirror.signed('POST /api/v3/order', stop)).body;

  await bench.stop(upstream);
  expect(await mirror.until('stale')).toMatchObject({ reason: expect.any(String) as string });
  // The first order waits a moment; from then on it is refused at once, as in maintenance.
  const refused = await mirror.signed('POST /api/v3/order', order('1'));
  expect(refused).toMatchObject({ status: 503, body: { code: 1, msg: 'System is under maintenance.' } });
  expect((await mirror.signed('GET /api/v3/openOrders', SYMBOL)).body).toHaveLength(2);

  // Out of the mirror's sight the venue trades through both orders, and is back where it was.
  const elsewhere = await bench.start({ source: market, journalDir: venueDir });
  await new Client(elsewhere).advance(START_MS + 15 * MINUTE_MS);
  await bench.stop(elsewhere);
  const back = await bench.start({ source: market, journalDir: venueDir, port: portOf(upstream) });
  await mirror.until('live');
  for (const { orderId } of [resting, stopped]) await mirror.untilOrder(orderId, 'NEW');

  await new Client(back).advance(START_MS + 22 * MINUTE_MS);
  await eventually(
    () => tapeOf(mirror),
    (tape) => tape.at(-1)?.price === '101.00000000' && tape.at(-2)?.price === '99.00000000',
  );
  // Each trade after the outage once, those during it never.
  const prints = (await tapeOf(mirror)).map(({ price, qty }) => [price, qty]);
  expect(prints.slice(-2)).toEqual([
    ['99.00000000', '1.00000000'],
    ['101.00000000', '1.00000000'],
  ]);
  expect(prints.some(([price]) => price === '90.00000000')).toBe(false);
  expect(readExchangeRecord(mirror.journalDir).trades).toHaveLength(1);
  expect((await mirror.signed('POST /api/v3/order', order('0.5'))).body.status).toBe('FILLED');
});

it('is an exchange in maintenance to the adapter: not executed, try again', async () => {
  const upstream = await openVenue(bench.folder());
  const mirror = await bench.mirror(upstream);
  await mirror.until('live');
  const exchange = await createExchange({
    venue: 'binance',
    restUrl: mirror.running.url,
    wsUrl: mirror.running.wsUrl,
    clock: 'emulator',
    apiKey: mirror.running.apiKey,
    secret: mirror.running.secret,
    requestTimeoutMs: 4000,
    recvWindowMs: 5000,
  });
  try {
    expect(await exchange.clock()).not.toHaveProperty('staleSinceMs');
    await bench.stop(upstream);
    await mirror.until('stale');
    const request = {
      clientOrderId: 'stale-1',
      symbol: BTC_PAIR,
      side: 'buy',
      type: 'market',
      quantity: decimal('0.1'),
      limitPrice: null,
      stopPrice: null,
      sendDeadlineMs: Date.now() + 10_000,
    } as const;
    await expect(exchange.submit(request)).rejects.toMatchObject({
      kind: FailureKind.NotExecuted,
      detail: { errorClass: 'OnMaintenance' },
    });
    expect(await exchange.lookUp(BTC_PAIR, 'stale-1')).toBeUndefined();
    expect((await exchange.clock()).staleSinceMs).toBeLessThanOrEqual(Date.now());
  } finally {
    await exchange.close();
  }
});

it('an order that comes while the book is fetched anew waits for it', async () => {
  const upstream = await openVenue(bench.folder());
  let answer: (() => void) | undefined;
  const slowBook = (feed: LiveFeed): LiveFeed => ({
    ...feed,
    book: async (symbol) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return feed.book(symbol);
    },
  });
  const mirror = await bench.mirror(upstream, { through: slowBook, timing: { holdMs: 10_000 } });
  const placed = mirror.signed('POST /api/v3/order', order('1'));
  await eventually(
    () => Promise.resolve(answer),
    (asked) => asked !== undefined,
  );
  expect((await mirror.status()).state).toBe('stale');
  answer?.();
  expect((await placed).body).toMatchObject({ status: 'FILLED' });
});

describe('a venue at fault', () => {
  let upstream: RunningEmulator;
  let mirror: Mirror;
  let snapshots: number;
  const open = async (options: Pick<MirrorOptions, 'timing' | 'staleAfterMs'> = {}): Promise<void> => {
    upstream = await bench.start({ source: waveMarket({ everyMs: 50 }), paused: false });
    snapshots = 0;
    const counted = (feed: LiveFeed): LiveFeed => ({
      ...feed,
      book: (symbol) => {
        snapshots += 1;
        return feed.book(symbol);
      },
    });
    mirror = await bench.mirror(upstream, { through: counted, ...options });
    await mirror.until('live');
  };

  /** The market stands still for a moment, so that both books can be compared. */
  const expectSameBook = async (): Promise<void> => {
    const venue = new Client(upstream);
    await mirror.until('live');
    await venue.control('POST /emulator/clock', { action: 'pause' });
    await mirror.untilSameBook(venue);
    await venue.control('POST /emulator/clock', { action: 'resume' });
  };
  const untilFetched = (times: number): Promise<number> =>
    eventually(
      () => Promise.resolve(snapshots),
      (count) => count >= times,
    );

  it.each([
    ['loses an update of the book', { kind: 'ws-gap', match: 'ws:btcusdt@depth@100ms' }],
    ['cuts the connection', { kind: 'ws-disconnect', match: 'ws:market' }],
  ])('%s: the book is fetched anew', async (_what, fault) => {
    await open();
    for (let round = 1; round <= 3; round += 1) {
      await new Client(upstream).control('POST /emulator/faults', fault);
      await untilFetched(round + 1);
      await expectSameBook();
    }
  });

  it('sends news in the wrong order: the book is the venue’s all the same', async () => {
    await open();
    await new Client(upstream).control('POST /emulator/faults', {
      kind: 'ws-reorder',
      match: 'ws:market',
      times: 20,
    });
    await eventually(
      async () => (await new Client(upstream).control('GET /emulator/faults')) as unknown as Json[],
      (planned) => planned.length === 0,
    );
    await expectSameBook();
  });

  it('sends updates and trades twice: each counts once', async () => {
    await open();
    for (const stream of ['depth@100ms', 'aggTrade'])
      await new Client(upstream).control('POST /emulator/faults', {
        kind: 'ws-duplicate',
        match: `ws:btcusdt@${stream}`,
        times: 'always',
      });
    await eventually(
      () => tapeOf(mirror),
      (tape) => tape.length > 50,
    );
    await expectSameBook();
    expect(snapshots).toBe(1);
    // The wave trades 1,500 and 700 lots in turn: a doubled trade would show as two equal ones in a row.
    const sizes = (await tapeOf(mirror)).map(({ qty }) => qty);
    for (const [index, size] of sizes.entries()) expect(size).not.toBe(sizes[index + 1]);
  });

  it('falls silent: stale within the limit, whatever the connection says', async () => {
    await open({ staleAfterMs: 1000 });
    const venue = new Client(upstream);
    await venue.control('POST /emulator/faults', { kind: 'ws-stale', match: 'ws:market' });
    expect(await mirror.until('stale')).toMatchObject({ reason: 'Nothing was heard for 1000 ms.' });
    await venue.control('DELETE /emulator/faults');
    await expectSameBook();
  });

  it('goes on with its trades and forgets its book: stale, until the book is back', async () => {
    await open({ timing: { bookSilenceMs: 500 } });
    const venue = new Client(upstream);
    await venue.control('POST /emulator/faults', { kind: 'ws-mute', match: 'ws:btcusdt@depth@100ms' });
    await untilFetched(2);
    await venue.control('DELETE /emulator/faults');
    await expectSameBook();
  });
});

it('comes up without the venue when it has a record, stale, and finds it later', async () => {
  const [venueDir, journalDir] = [bench.folder(), bench.folder()];
  const upstream = await openVenue(venueDir);
  const first = await bench.mirror(upstream, { journalDir });
  await first.until('live');
  await first.signed('POST /api/v3/order', order('1'));
  await bench.stop(first.running);
  await bench.stop(upstream);

  const second = await bench.mirror(upstream, { journalDir });
  expect(await second.status()).toMatchObject({ state: 'stale' });
  expect(second.running.sessionId).toBe(first.running.sessionId);
  const balances = await balancesOf(second);
  expect(balances.BTC).toBe('0.99900000');
  await bench.start({ source: market, journalDir: venueDir, port: portOf(upstream) });
  await second.until('live');
  expect((await second.signed('POST /api/v3/order', { ...order('0.999'), side: 'SELL' })).body.status).toBe(
    'FILLED',
  );
});

it('does not come up without the venue when there is nothing to go on from', async () => {
  const upstream = await openVenue(bench.folder());
  await bench.stop(upstream);
  await expect(bench.mirror(upstream)).rejects.toThrow(
    /live data of binance cannot be reached: .*ECONNREFUSED/,
  );
});

it('says which pair the venue does not list', async () => {
  const upstream = await openVenue(bench.folder());
  await expect(bench.mirror(upstream, { pairs: ['NO/USDT'] })).rejects.toThrow(/Invalid symbol/);
});

async function balancesOf(mirror: Mirror): Promise<Record<string, string>> {
  const { balances } = (await mirror.signed('GET /api/v3/account')).body;
  return Object.fromEntries((balances as Json[]).map(({ asset, free }) => [String(asset), String(free)]));
}
