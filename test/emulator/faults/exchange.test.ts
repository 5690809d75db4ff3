import { ExchangeState } from '../../../emulator/accounts/state';
import { readExchangeRecord } from '../../../emulator/journal/record';
import { readFaultLog } from '../../../emulator/server/faults/log';
import { Fixture, type Json } from '../client';
import { compileEmulator, removeCompiled, spawnEmulator } from '../compiled';
import { Desk } from '../desk';
import { scriptedMarket, START_MS } from '../scripted-market';
import { FaultWorld } from './world';

const fixture = new Fixture();
afterAll(() => fixture.end());

let world: FaultWorld;
beforeEach(async () => {
  world = await FaultWorld.start(fixture);
});

const rest = (clientOrderId: string): Promise<unknown> => world.place({ newClientOrderId: clientOrderId });
const statusOf = async (clientOrderId: string): Promise<unknown> =>
  (await world.lookUp(clientOrderId)).body.status;

describe('what the exchange does of its own accord', () => {
  it.each([
    ['cancel-order', 'CANCELED'],
    ['expire-order', 'EXPIRED'],
    ['fill-order', 'FILLED'],
  ])('%s ends a resting order as %s and tells its owner', async (kind, status) => {
    const stream = await world.client.userStream();
    await rest('one');
    await rest('other');
    expect(await world.plan({ kind, clientOrderId: 'one' })).toMatchObject({ struck: 1, left: 0 });
    expect(await statusOf('one')).toBe(status);
    expect(await statusOf('other')).toBe('NEW');
    const report = await stream.until(({ event }) => (event as Json | undefined)?.X === status);
    expect(report.event).toMatchObject({ c: 'one', C: '', x: kind === 'fill-order' ? 'TRADE' : status });
    stream.close();
  });

  it('waits for an order that fits, and takes each into account once', async () => {
    await world.plan({ kind: 'cancel-order', orderType: 'STOP_LOSS', skip: 1 });
    await rest('limit');
    await world.holdWithStop('spared');
    await world.holdWithStop('struck');
    while ((await statusOf('struck')) !== 'CANCELED') await new Promise((resolve) => setImmediate(resolve));
    expect([await statusOf('limit'), await statusOf('spared')]).toEqual(['NEW', 'NEW']);
    expect(await world.strikes()).toMatchObject([{ kind: 'cancel-order', clientOrderId: 'struck' }]);
  });

  it('sets off a stop that waits', async () => {
    await world.holdWithStop();
    await world.plan({ kind: 'fill-order', clientOrderId: 'stop' });
    expect((await world.lookUp('stop')).body).toMatchObject({ status: 'FILLED', executedQty: '0.00900000' });
  });

  it('holds a stop back that the market has reached, until it is called off', async () => {
    const book = { bids: [[60_000, 5]], asks: [[60_001, 5]] } as const;
    const fall = { bids: [[49_000, 5]], asks: [[49_001, 5]], prints: [['sell', 49_000, 1]] } as const;
    const minutes = (count: number): number => count * 60_000;
    const steps = [
      { atMs: 0, ...book },
      { atMs: minutes(1), ...fall },
      { atMs: minutes(2), ...fall },
    ];
    world = await FaultWorld.start(fixture, { source: scriptedMarket(steps, { basePrice: 60_000 }) });
    const advance = (count: number): Promise<Json> =>
      world.client.control('POST /emulator/clock', { action: 'advanceTo', toMs: START_MS + minutes(count) });
    await world.holdWithStop();
    await world.plan({ kind: 'hold-stops', symbol: 'BTCUSDT' });
    await advance(1);
    expect(await statusOf('stop')).toBe('NEW');
    expect(await world.strikes()).toMatchObject([{ kind: 'hold-stops', clientOrderId: 'stop' }]);
    await world.client.control('DELETE /emulator/faults');
    await advance(2);
    expect(await statusOf('stop')).toBe('FILLED');
  });

  it('ends both legs of an OCO when one expires', async () => {
    await world.place({ type: 'MARKET', timeInForce: '', price: '' });
    const oco = await world.client.signed('POST /api/v3/orderList/oco', {
      ...{ symbol: 'BTCUSDT', side: 'SELL', quantity: '0.009', listClientOrderId: 'oco' },
      ...{ aboveType: 'LIMIT_MAKER', abovePrice: '70000', aboveClientOrderId: 'above' },
      ...{ belowType: 'STOP_LOSS', belowStopPrice: '50000', belowClientOrderId: 'below' },
    });
    expect(oco.status).toBe(200);
    await world.plan({ kind: 'expire-order', clientOrderId: 'below' });
    expect([await statusOf('above'), await statusOf('below')]).toEqual(['EXPIRED', 'EXPIRED']);
    const list = await world.client.signed('GET /api/v3/orderList', { origClientOrderId: 'oco' });
    expect(list.body.listOrderStatus).toBe('ALL_DONE');
  });
});

describe('other rules for a symbol', () => {
  it('are told by exchangeInfo, judge new orders, and leave those that rest alone', async () => {
    await rest('before');
    await world.plan({
      kind: 'rules',
      symbol: 'BTCUSDT',
      ...{ tickSize: '0.50', stepSize: '0.01', minQuantity: '0.02', minNotional: '1200' },
    });
    const { body } = await world.client.public('GET /api/v3/exchangeInfo', { symbol: 'BTCUSDT' });
    const [info] = body.symbols as Json[];
    expect(info?.filters).toMatchObject([
      { filterType: 'PRICE_FILTER', tickSize: '0.50000000' },
      { filterType: 'LOT_SIZE', stepSize: '0.01000000', minQty: '0.02000000', maxQty: '9000.00000000' },
      { filterType: 'MARKET_LOT_SIZE' },
      { filterType: 'PERCENT_PRICE_BY_SIDE' },
      { filterType: 'NOTIONAL', minNotional: '1200.00000000' },
      {},
      {},
    ]);
    const verdict = async (order: Json): Promise<unknown> => (await world.place(order)).body.msg;
    expect(await verdict({ quantity: '0.03', price: '50000.3' })).toBe('Filter failure: PRICE_FILTER');
    expect(await verdict({ quantity: '0.025' })).toBe('Filter failure: LOT_SIZE');
    expect(await verdict({ quantity: '0.01' })).toBe('Filter failure: LOT_SIZE');
    expect(await verdict({ quantity: '0.02' })).toBe('Filter failure: NOTIONAL');
    expect(await verdict({ quantity: '0.03' })).toBeUndefined();
    expect(await statusOf('before')).toBe('NEW');
  });
});

describe('a symbol that is not traded', () => {
  it('takes no orders during a break, fills none, and goes on after it', async () => {
    await world.holdWithStop();
    await world.plan({ kind: 'trading-status', symbol: 'BTCUSDT', status: 'BREAK' });
    const { body } = await world.client.public('GET /api/v3/exchangeInfo', { symbol: 'BTCUSDT' });
    expect(body.symbols).toMatchObject([{ status: 'BREAK' }]);
    expect((await world.place()).body).toEqual({ code: -1013, msg: 'Market is closed.' });
    expect((await world.replace('stop', 'next')).body).toEqual({ code: -1013, msg: 'Market is closed.' });
    expect(await statusOf('stop')).toBe('NEW');
    await world.plan({ kind: 'trading-status', symbol: 'BTCUSDT', status: 'TRADING' });
    expect((await world.place()).status).toBe(200);
    expect((await world.cancel('stop')).status).toBe(200);
  });

  it('loses its orders and its name when it is delisted', async () => {
    const stream = await world.client.userStream();
    await world.holdWithStop();
    await world.plan({ kind: 'trading-status', symbol: 'BTCUSDT', status: 'DELISTED' });
    await stream.until(({ event }) => (event as Json | undefined)?.x === 'CANCELED');
    expect((await world.place()).body).toEqual({ code: -1121, msg: 'Invalid symbol.' });
    expect((await world.lookUp('stop')).body).toMatchObject({ code: -1121 });
    const { body } = await world.client.public('GET /api/v3/exchangeInfo');
    expect((body.symbols as Json[]).map(({ symbol }) => symbol)).toEqual(['ETHUSDT']);
    expect((await world.client.signed('GET /api/v3/openOrders')).body).toEqual([]);
    const { body: account } = await world.client.signed('GET /api/v3/account');
    expect(account.balances).toContainEqual({ asset: 'BTC', free: '0.00999000', locked: '0.00000000' });
    stream.close();
  });
});

describe('execution', () => {
  it('hides a new order and its trades for a while, and executes it all the same', async () => {
    await world.plan({ kind: 'hidden-order', delayMs: 600_000 });
    const placed = await world.place({
      newClientOrderId: 'hidden',
      type: 'MARKET',
      timeInForce: '',
      price: '',
    });
    expect(placed.body).toMatchObject({ status: 'FILLED' });
    expect((await world.lookUp('hidden')).body).toMatchObject({ code: -2013 });
    const lists = ['GET /api/v3/openOrders', 'GET /api/v3/allOrders', 'GET /api/v3/myTrades'];
    for (const key of lists) expect((await world.client.signed(key, { symbol: 'BTCUSDT' })).body).toEqual([]);
    await world.plan({ kind: 'hidden-order', delayMs: 1 });
    await rest('seen');
    while ((await world.lookUp('seen')).status !== 200) await new Promise((resolve) => setImmediate(resolve));
    expect((await world.client.signed('GET /api/v3/openOrders')).body).toHaveLength(1);
  });

  it('lets a cancellation lose against a fill', async () => {
    await rest('racing');
    await world.plan({ kind: 'cancel-loses' });
    expect((await world.cancel('racing')).body).toEqual({ code: -2011, msg: 'Unknown order sent.' });
    expect(await statusOf('racing')).toBe('FILLED');
    await rest('next');
    await world.plan({ kind: 'cancel-loses' });
    const { status, body } = await world.replace('next', 'never');
    expect([status, body.code]).toEqual([400, -2022]);
    expect(body.data).toMatchObject({ cancelResult: 'FAILURE', newOrderResult: 'NOT_ATTEMPTED' });
    expect((await world.lookUp('never')).body).toMatchObject({ code: -2013 });
  });

  it('refuses either half of a cancelReplace', async () => {
    await rest('old');
    await world.plan({
      kind: 'replace-fails',
      half: 'cancellation',
      code: -2011,
      message: 'Unknown order sent.',
    });
    expect((await world.replace('old', 'new')).body).toMatchObject({ code: -2022 });
    expect(await statusOf('old')).toBe('NEW');
    await world.plan({ kind: 'replace-fails', half: 'placement' });
    const { status, body } = await world.replace('old', 'new');
    expect([status, body.code]).toEqual([409, -2021]);
    expect(body.data).toMatchObject({
      cancelResult: 'SUCCESS',
      newOrderResult: 'FAILURE',
      cancelResponse: { origClientOrderId: 'old', status: 'CANCELED' },
      newOrderResponse: { code: -2010 },
    });
    expect(await statusOf('old')).toBe('CANCELED');
    expect((await world.lookUp('new')).body).toMatchObject({ code: -2013 });
  });
});

it('what the exchange has done survives a kill, and a rewritten journal', async () => {
  const compiled = compileEmulator();
  const options = { journalDir: fixture.folder(), port: 0, speed: 1, paused: true };
  const rules = { kind: 'rules', symbol: 'BTCUSDT', stepSize: '0.005' };
  try {
    const first = await spawnEmulator(compiled, options);
    const killed = new FaultWorld(first);
    for (const id of ['cancelled', 'expired', 'filled', 'resting'])
      await killed.place({ newClientOrderId: id });
    await killed.plan({ kind: 'cancel-order', clientOrderId: 'cancelled' });
    await killed.plan({ kind: 'expire-order', clientOrderId: 'expired' });
    await killed.plan({ kind: 'fill-order', clientOrderId: 'filled' });
    await killed.plan(rules);
    await killed.plan({ kind: 'trading-status', symbol: 'ETHUSDT', status: 'BREAK' });
    await first.end('SIGKILL');

    const recorded = readExchangeRecord(options.journalDir).orders;
    expect(recorded.map(({ status }) => status)).toEqual(['CANCELED', 'EXPIRED', 'FILLED', 'NEW']);
    const strikes = readFaultLog(options.journalDir).map(({ kind }) => kind);
    expect(strikes).toEqual(['cancel-order', 'expire-order', 'fill-order', 'rules', 'trading-status']);
    const second = await spawnEmulator(compiled, options);
    const revived = new FaultWorld(second);
    expect((await revived.place({ quantity: '0.012' })).body.msg).toBe('Filter failure: LOT_SIZE');
    expect((await revived.place({ symbol: 'ETHUSDT' })).body.msg).toBe('Market is closed.');
    expect((await revived.place()).status).toBe(200);
    await second.end('SIGTERM');
  } finally {
    removeCompiled(compiled);
  }
});

it('a snapshot holds changed rules and a changed status', () => {
  const desk = new Desk();
  desk.exchange.changeRules('BTCUSDT', { tickSize: '0.5' });
  desk.exchange.changeStatus('BTCUSDT', 'BREAK', desk.nowMs);
  const restored = new ExchangeState(desk.instruments);
  restored.restore(desk.state.snapshot());
  expect(restored.rulesOf('BTCUSDT').tickStep).toBe(50);
  expect(restored.statusOf('BTCUSDT')).toBe('BREAK');
});
