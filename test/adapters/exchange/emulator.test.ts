import { EventEmitter, once } from 'node:events';
import type { AccountEvent, ExchangePort, OrderReport } from '../../../adapters/exchange/port';
import { decimal, sum } from '../../../domain/decimal';
import { FailureKind } from '../../../domain/errors';
import { OrderType } from '../../../domain/order';
import type { RunningEmulator } from '../../../emulator/main';
import { BTC, EmulatorWorld } from './emulator-world';
import { CRASH_MS, SESSION_START_MS } from './still-market';

const MINUTE_MS = 60_000;

/** The whole port against the real emulator, whose market clock stands still until a test moves it. */
describe('the exchange port on the emulator', () => {
  let world: EmulatorWorld;
  let emulator: RunningEmulator;
  let exchange: ExchangePort;

  beforeEach(async () => {
    world = await EmulatorWorld.start();
    ({ emulator } = world);
    exchange = await world.open();
  });
  afterEach(() => world.close());

  const nextOrder: EmulatorWorld['nextOrder'] = (overrides) => world.nextOrder(overrides);
  const stopOrder: EmulatorWorld['stopOrder'] = (price, overrides) => world.stopOrder(price, overrides);
  const withoutFills = (report: OrderReport): OrderReport => ({ ...report, fills: [] });

  it('reads the market', async () => {
    const reading = await exchange.clock();
    expect(reading).toMatchObject({
      marketTimeMs: SESSION_START_MS,
      speed: 60,
      state: 'paused',
      session: emulator.sessionId,
    });
    expect(Math.abs(await exchange.clockSkewMs())).toBeLessThan(60_000);
    expect(await exchange.instruments([BTC])).toEqual([
      {
        symbol: BTC,
        base: 'BTC',
        quote: 'USDT',
        tickSize: '0.01',
        stepSize: '0.00001',
        minQuantity: '0.00001',
        minNotional: '5',
        makerFee: '0.001',
        takerFee: '0.001',
      },
    ]);
    expect(await exchange.quotes([BTC])).toEqual([
      { symbol: BTC, bid: '59999', ask: '60001', last: '60000' },
    ]);
    const lastOpenMs = Math.floor(SESSION_START_MS / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
    const bars = await exchange.bars({ symbol: BTC, timeframe: '1m', limit: 3 });
    expect(bars.map(({ openTimeMs }) => openTimeMs)).toEqual([
      lastOpenMs - 2 * MINUTE_MS,
      lastOpenMs - MINUTE_MS,
      lastOpenMs,
    ]);
    expect(await exchange.keyRights()).toEqual({ canTrade: true, canWithdraw: false });
  });

  it('buys at the market, and every way of asking tells the same', async () => {
    const request = nextOrder({ quantity: decimal('0.6') });
    const report = await exchange.submit(request);
    expect(report).toMatchObject({
      status: 'filled',
      filledQuantity: '0.6',
      clientOrderId: request.clientOrderId,
    });
    expect(report.fills.map(({ price, quantity }) => [price, quantity])).toEqual([
      ['60001', '0.5'],
      ['60002', '0.1'],
    ]);
    expect(sum(report.fills.map(({ fee }) => fee))).toBe('0.0006');
    const lookedUp = await exchange.lookUp(BTC, request.clientOrderId);
    expect(lookedUp && withoutFills(lookedUp)).toEqual(withoutFills(report));
    expect(await exchange.fillsOf(BTC, report.exchangeOrderId, request.clientOrderId)).toEqual(report.fills);
    expect(await exchange.fillsSince(BTC, SESSION_START_MS)).toEqual(
      report.fills.map((fill) => ({ ...fill, clientOrderId: '' })),
    );
    expect((await exchange.ordersSince(BTC, SESSION_START_MS)).map(withoutFills)).toEqual([
      withoutFills(report),
    ]);
    expect(await exchange.balances()).toEqual([
      { asset: 'BTC', free: '0.5994', locked: '0' },
      { asset: 'USDT', free: '63999.3', locked: '0' },
    ]);
  });

  it('takes what an IOC can get and reports the rest as expired', async () => {
    const report = await exchange.submit(
      nextOrder({ type: OrderType.LimitIoc, quantity: decimal('0.8'), limitPrice: decimal('60001') }),
    );
    expect(report).toMatchObject({ status: 'expired', quantity: '0.8', filledQuantity: '0.5' });
  });

  it('rests, finds and cancels a limit order', async () => {
    const request = nextOrder({ type: OrderType.Limit, limitPrice: decimal('59000') });
    const placed = await exchange.submit(request);
    expect(placed).toMatchObject({ status: 'open', fills: [] });
    expect((await exchange.openOrders()).map(withoutFills)).toEqual([withoutFills(placed)]);
    expect(await exchange.cancel(BTC, request.clientOrderId)).toMatchObject({
      clientOrderId: request.clientOrderId,
      status: 'cancelled',
    });
    expect(await exchange.cancel(BTC, request.clientOrderId)).toBeUndefined();
    expect(await exchange.lookUp(BTC, request.clientOrderId)).toMatchObject({ status: 'cancelled' });
    expect(await exchange.openOrders(BTC)).toEqual([]);
  });

  it('replaces a stop in one request, and tells both ways in which that fails', async () => {
    await exchange.submit(nextOrder());
    const first = stopOrder('58000');
    expect(await exchange.submit(first)).toMatchObject({
      status: 'open',
      triggered: false,
      stopPrice: '58000',
    });
    const second = stopOrder('58500');
    expect(await exchange.replace(first.clientOrderId, second)).toMatchObject({
      outcome: 'replaced',
      cancelled: { clientOrderId: first.clientOrderId, status: 'cancelled' },
      placed: { clientOrderId: second.clientOrderId, status: 'open', stopPrice: '58500' },
    });
    expect(await exchange.replace(first.clientOrderId, stopOrder('58600'))).toMatchObject({
      outcome: 'not-cancelled',
    });
    expect(await exchange.replace(second.clientOrderId, stopOrder('61000'))).toMatchObject({
      outcome: 'naked',
      cancelled: { clientOrderId: second.clientOrderId, status: 'cancelled' },
      wouldTrigger: true,
    });
    expect(await exchange.openOrders(BTC)).toEqual([]);
  });

  it('classifies refusals', async () => {
    await exchange.submit(nextOrder());
    const resting = nextOrder({ type: OrderType.Limit, limitPrice: decimal('59000') });
    await exchange.submit(resting);
    const stranger = await world.open({ secret: 'not-the-secret' });
    const refusals: [Promise<unknown>, object][] = [
      [
        exchange.submit(nextOrder({ quantity: decimal('9') })),
        { kind: FailureKind.Rejected, detail: { errorClass: 'InsufficientFunds' } },
      ],
      [exchange.submit(nextOrder({ quantity: decimal('0.000001') })), { kind: FailureKind.Rejected }],
      [exchange.submit(stopOrder('61000')), { kind: FailureKind.Rejected, detail: { wouldTrigger: true } }],
      [exchange.submit(resting), { kind: FailureKind.Ambiguous }],
      [
        stranger.submit(nextOrder()),
        { kind: FailureKind.Rejected, detail: { errorClass: 'AuthenticationError' } },
      ],
    ];
    for (const [attempt, failure] of refusals) await expect(attempt).rejects.toMatchObject(failure);
    expect(await exchange.lookUp(BTC, 'bl-abc123-never-sent')).toBeUndefined();
  });

  it.each([
    ['reset-after', true],
    ['hang-after', true],
    ['reset-before', false],
  ])('finds by look-up what became of an order whose answer was lost: %s', async (kind, isPlaced) => {
    const impatient = await world.open({ requestTimeoutMs: 1_000 });
    await world.plan({ match: 'POST /api/v3/order', kind });
    const request = nextOrder();
    await expect(impatient.submit(request)).rejects.toMatchObject({ kind: FailureKind.Ambiguous });
    const found = await exchange.lookUp(BTC, request.clientOrderId);
    expect(found?.status).toBe(isPlaced ? 'filled' : undefined);
  });

  it('streams the life of a stop: placed, triggered, filled', async () => {
    const told: AccountEvent[] = [];
    const news = new EventEmitter();
    const abort = new AbortController();
    const watching = exchange.watchAccount((event) => {
      told.push(event);
      news.emit('told');
      return Promise.resolve();
    }, abort.signal);
    const until = async (matches: (event: AccountEvent) => boolean): Promise<void> => {
      while (!told.some(matches)) await once(news, 'told');
    };
    await until((event) => event.kind === 'connected');
    await exchange.submit(nextOrder());
    const stop = stopOrder('58000');
    const placed = await exchange.submit(stop);
    await world.advanceTo(CRASH_MS + MINUTE_MS);
    await until(
      (event) => event.kind === 'order' && event.report.status === 'filled' && event.report.side === 'sell',
    );
    abort.abort();
    await watching;

    const ofStop = told.flatMap((event) => {
      if (event.kind === 'order' && event.report.clientOrderId === stop.clientOrderId) {
        return { status: event.report.status, triggered: event.report.triggered };
      }
      return event.kind === 'fill' && event.fill.clientOrderId === stop.clientOrderId ? event.fill.price : [];
    });
    expect(ofStop[0]).toEqual({ status: 'open', triggered: false });
    expect(ofStop.slice(-2)).toEqual(['56999', { status: 'filled', triggered: true }]);
    const streamed = told.flatMap((event) =>
      event.kind === 'fill' && event.fill.clientOrderId === stop.clientOrderId ? event.fill : [],
    );
    expect(streamed).toEqual(await exchange.fillsOf(BTC, placed.exchangeOrderId, stop.clientOrderId));
  });
});
