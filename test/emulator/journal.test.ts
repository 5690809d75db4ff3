import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExchangeState } from '../../emulator/accounts/state';
import { createInstrument } from '../../emulator/engine/instrument';
import { Journal } from '../../emulator/journal/journal';
import { readExchangeRecord } from '../../emulator/journal/record';
import { startEmulator } from '../../emulator/main';
import { MarketMode } from '../../emulator/market/source';
import { Client, Fixture, type Json } from './client';
import { compileEmulator, removeCompiled, spawnEmulator } from './compiled';
import { BTC, ETH, MINUTE_MS, scriptedMarket, START_MS, waveMarket } from './scripted-market';

const fixture = new Fixture();
afterAll(() => fixture.end());

const source = waveMarket();
const limit = (price: number, side: 'BUY' | 'SELL' = 'BUY'): Record<string, string> => ({
  symbol: 'BTCUSDT',
  side,
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.001',
  price: price.toFixed(2),
});

/** Trades for a while: orders around the market, so that market steps fill some of them. */
async function trade(client: Client, fromMs: number, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    await client.advance(fromMs + round * MINUTE_MS);
    const { body } = await client.public('GET /api/v3/ticker/bookTicker', { symbol: 'BTCUSDT' });
    const bid = Number(body.bidPrice);
    await client.signed('POST /api/v3/order', limit(bid - round * 7));
    await client.signed('POST /api/v3/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.004',
    });
    await client.signed('POST /api/v3/order', {
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_LOSS',
      quantity: '0.003',
      stopPrice: (bid - 30).toFixed(2),
    });
  }
}

describe('a restart', () => {
  it('changes nothing: a session that was interrupted ends like one that was not', async () => {
    const whole = { source, journalDir: fixture.folder() };
    const parts = { source, journalDir: fixture.folder() };
    const uninterrupted = await fixture.start(whole);
    await trade(new Client(uninterrupted), START_MS + MINUTE_MS, 6);
    await trade(new Client(uninterrupted), START_MS + 7 * MINUTE_MS, 6);
    await new Client(uninterrupted).advance(START_MS + 60 * MINUTE_MS);
    await fixture.stop(uninterrupted);

    const first = await fixture.start(parts);
    await trade(new Client(first), START_MS + MINUTE_MS, 6);
    await fixture.stop(first);
    const second = await fixture.start(parts);
    expect(second.sessionId).toBe(first.sessionId);
    await trade(new Client(second), START_MS + 7 * MINUTE_MS, 6);
    await new Client(second).advance(START_MS + 30 * MINUTE_MS);
    await fixture.stop(second);
    const third = await fixture.start(parts);
    await new Client(third).advance(START_MS + 60 * MINUTE_MS);
    await fixture.stop(third);

    const [expected, actual] = [readExchangeRecord(whole.journalDir), readExchangeRecord(parts.journalDir)];
    expect(expected.trades.length).toBeGreaterThan(20);
    expect({ ...actual, sessionId: '' }).toEqual({ ...expected, sessionId: '' });
  });

  it('continues the market where it stood and keeps what a taker has taken from the ladder', async () => {
    const options = {
      source: scriptedMarket([
        {
          atMs: 1,
          bids: [[99, 1]],
          asks: [
            [101, 1],
            [102, 9],
          ],
          prints: [['buy', 100, 1]],
        },
      ]),
      journalDir: fixture.folder(),
    };
    const first = await fixture.start(options);
    await new Client(first).advance(START_MS + 500);
    await new Client(first).signed('POST /api/v3/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'MARKET',
      quantity: '0.7',
    });
    await fixture.stop(first);
    const second = new Client(await fixture.start(options));
    expect((await second.control('GET /emulator/clock')).marketTimeMs).toBe(START_MS + 500);
    const { body } = await second.public('GET /api/v3/depth', { symbol: 'BTCUSDT' });
    expect(body.asks).toEqual([
      ['101.00000000', '0.30000000'],
      ['102.00000000', '9.00000000'],
    ]);
  });

  it('refuses a market that the session does not belong to, and says what to do', async () => {
    const journalDir = fixture.folder();
    await fixture.stop(await fixture.start({ source, journalDir }));
    const start = (other: object): Promise<unknown> =>
      startEmulator({ port: 0, speed: 1, journalDir, source: { ...source, ...other } });
    await expect(start({ mode: MarketMode.Replay })).rejects.toThrow(
      /simulated market and this one is replay; use another --journal/,
    );
    await expect(start({ symbols: [{ ...BTC, tickSize: '0.1' }, ETH] })).rejects.toThrow(
      /BTCUSDT at tick 0.01/,
    );
    await expect(start({ endMs: START_MS - 1 })).rejects.toThrow(/does not cover/);
    await expect(
      fixture.start({
        source: waveMarket({ symbols: [BTC, ETH, { ...BTC, symbol: 'XRPUSDT', base: 'XRP' }] }),
        journalDir,
      }),
    ).resolves.toBeDefined();
  });
});

describe('the folder', () => {
  const begin = (): {
    session: { sessionId: string; mode: MarketMode; symbols: (typeof BTC)[] };
    clockMs: number;
  } => ({
    session: { sessionId: 's', mode: MarketMode.Simulated, symbols: [BTC] },
    clockMs: START_MS,
  });
  const opened = { kind: 'accountOpened', account: 'a', balances: { USDT: 5n } } as const;

  it('has one writer, and takes over the lock of a dead one', async () => {
    const dir = fixture.folder();
    const { journal } = Journal.open(dir, begin);
    expect(() => Journal.open(dir, begin)).toThrow(new RegExp(`in use by process ${process.pid}`));
    await journal.close();
    expect(existsSync(join(dir, 'lock'))).toBe(false);
    writeFileSync(join(dir, 'lock'), JSON.stringify({ pid: process.ppid, startedAt: 'long ago' }));
    await Journal.open(dir, begin).journal.close();
    writeFileSync(join(dir, 'lock'), '');
    await Journal.open(dir, begin).journal.close();
    writeFileSync(join(dir, 'lock'), JSON.stringify({ pid: process.ppid, startedAt: '' }));
    expect(() => Journal.open(dir, begin)).toThrow(new RegExp(`in use by process ${process.ppid}`));
  });

  it('a torn last line is cut off, a damaged one is an error', async () => {
    const dir = fixture.folder();
    const { journal } = Journal.open(dir, begin);
    await journal.append(START_MS + 1, [opened]);
    await journal.close();
    const path = join(dir, 'journal-00000001.ndjson');
    const whole = readFileSync(path, 'utf8');
    appendFileSync(path, '{"clockMs":17,"events":[{"ki');
    expect(readExchangeRecord(dir).balances).toHaveLength(1);
    const again = Journal.open(dir, begin);
    expect(again.contents.records).toHaveLength(1);
    await again.journal.append(START_MS + 2, [opened]);
    await again.journal.close();
    expect(readFileSync(path, 'utf8').startsWith(whole)).toBe(true);
    expect(readExchangeRecord(dir).balances).toEqual([
      { account: 'a', asset: 'USDT', free: '0.00000010', locked: '0.00000000' },
    ]);
    writeFileSync(path, whole.replace('"events"', '"eve'));
    expect(() => readExchangeRecord(dir)).toThrow(/line 2 of .* is damaged/);
  });

  it('compaction keeps the state, the session and what is appended meanwhile', async () => {
    const dir = fixture.folder();
    const { journal } = Journal.open(dir, begin);
    const state = new ExchangeState(new Map([[BTC.symbol, createInstrument(BTC)]]));
    const record = async (clockMs: number): Promise<void> => {
      state.apply(opened);
      await journal.append(clockMs, [opened]);
    };
    await record(START_MS + 1);
    state.apply(opened);
    const unsynced = journal.append(START_MS + 2, [opened]);
    const compacted = journal.compact(START_MS + 2, begin().session, state.snapshot());
    await Promise.all([unsynced, compacted, record(START_MS + 3)]);
    await journal.close();
    expect(readdirSync(dir).filter((name) => name.startsWith('journal'))).toEqual([
      'journal-00000002.ndjson',
    ]);
    expect(readExchangeRecord(dir)).toMatchObject({
      sessionId: 's',
      clockMs: START_MS + 3,
      balances: [{ free: '0.00000015' }],
    });
  });

  it('a draft that a crash left behind is ignored', () => {
    const dir = fixture.folder();
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'journal-00000001.ndjson.draft'), '{"form');
    expect(() => readExchangeRecord(dir)).toThrow('has no exchange journal');
  });
});

describe('SIGKILL', () => {
  let compiled: string;
  beforeAll(() => {
    compiled = compileEmulator();
  });
  afterAll(() => {
    removeCompiled(compiled);
  });

  it('loses nothing that was answered or told, and never moves the market back', async () => {
    const journalDir = fixture.folder();
    let sessionId = '';
    let marketTimeMs = 0;
    const answered = new Map<number, Json>();
    const told: Json[] = [];
    for (let life = 0; life < 5; life += 1) {
      const emulator = await spawnEmulator(compiled, { journalDir, port: 0, speed: 600 });
      const client = new Client(emulator);
      expect([emulator.sessionId, sessionId]).toContain(sessionId === '' ? '' : emulator.sessionId);
      sessionId = emulator.sessionId;
      const clock = Number((await client.control('GET /emulator/clock')).marketTimeMs);
      expect(clock).toBeGreaterThanOrEqual(marketTimeMs);
      for (const [orderId, seen] of answered) {
        const { body } = await client.signed('GET /api/v3/order', { symbol: 'BTCUSDT', orderId });
        expect(Number(body.executedQty)).toBeGreaterThanOrEqual(Number(seen.executedQty));
      }
      const stream = await client.userStream();
      // Requests go on until the connection breaks: the kill falls wherever it falls.
      const trading = (async () => {
        for (let count = 0; ; count += 1) {
          const { body } = await client.public('GET /api/v3/ticker/bookTicker', { symbol: 'BTCUSDT' });
          const bid = Number(body.bidPrice);
          const market = { symbol: 'BTCUSDT', type: 'MARKET' };
          // The price rises at first, so that the resting sells are filled by the market.
          const orders = [
            { ...market, side: 'BUY', quantity: '0.002' },
            limit(bid + 6, 'SELL'),
            limit(bid - 3),
            { ...market, side: 'SELL', quantity: '0.0005' },
          ];
          const order = await client.signed('POST /api/v3/order', orders[count % orders.length]);
          if (order.status === 200) answered.set(Number(order.body.orderId), order.body);
          marketTimeMs = Number((await client.control('GET /emulator/clock')).marketTimeMs);
        }
      })().catch((error: unknown) => error);
      const goal = answered.size + 15 + life * 4;
      const isMakerFill = (message: Json): boolean => (message.event as Json | undefined)?.m === true;
      while (answered.size < goal || (life === 0 && !stream.messages.some(isMakerFill))) await sleep(5);
      await emulator.end('SIGKILL');
      expect(String(await trading)).toContain('fetch failed');
      told.push(
        ...stream.messages.flatMap((message) => (message.event === undefined ? [] : [message.event as Json])),
      );
      stream.close();

      const record = readExchangeRecord(journalDir);
      const orders = new Map(record.orders.map((order) => [order.orderId, order]));
      for (const [orderId, seen] of answered) {
        expect(orders.get(orderId)?.clientOrderId).toBe(seen.clientOrderId);
        expect(Number(orders.get(orderId)?.executedQuantity)).toBeGreaterThanOrEqual(
          Number(seen.executedQty),
        );
      }
      const trades = new Set(
        record.trades.map((trade) => `${trade.orderId} ${trade.tradeId} ${trade.quantity}`),
      );
      const fills = told.filter((event) => event.x === 'TRADE');
      for (const { i, t, l } of fills)
        expect(trades.has(`${String(i)} ${String(t)} ${String(l)}`)).toBe(true);
      expect(record.sessionId).toBe(sessionId);
      expect(record.clockMs).toBeGreaterThanOrEqual(marketTimeMs);
    }
    expect(told.filter((event) => event.x === 'TRADE' && event.m === true).length).toBeGreaterThan(0);
  });

  it('SIGTERM ends it in order with code 0; a port in use is explained and ends it with code 1', async () => {
    const emulator = await spawnEmulator(compiled, { journalDir: fixture.folder(), port: 0, speed: 60 });
    const port = Number(new URL(emulator.url).port);
    await expect(spawnEmulator(compiled, { journalDir: fixture.folder(), port, speed: 60 })).rejects.toThrow(
      /exited with 1 .*is in use; stop what uses it/,
    );
    expect(await emulator.end('SIGTERM')).toBe(0);
  });
});
