import fc from 'fast-check';
import type { GrantResult } from '../../../adapters/store/port';
import { compare, decimal, multiply, sum } from '../../../domain/decimal';
import { Leg, OrderEvent } from '../../../domain/order';
import type { PositionView } from '../../../domain/position';
import { TradingMode } from '../../../domain/risk';
import {
  ACCOUNT,
  BAR_MS,
  createBench,
  EXPIRES_MS,
  fillOf,
  grantRequest,
  LIMITS,
  mustGrant,
  NOW_MS,
  orderId,
  proposal,
  sendAndOpen,
  sendRequest,
  type Bench,
} from './support';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
beforeEach(() => bench.reset());
afterAll(() => bench.close());

const SYMBOLS = [
  'BTC/USDT',
  'ETH/USDT',
  'SOL/USDT',
  'XRP/USDT',
  'DOGE/USDT',
  'BNB/USDT',
  'ADA/USDT',
  'LTC/USDT',
];

it('writes approval, position and the outbox rows of entry and stop', async () => {
  const request = grantRequest();
  const position = await mustGrant(bench.store);
  expect(position).toMatchObject({
    positionId: request.positionId,
    state: 'live',
    epoch: 0,
    limitPrice: '100',
    stopPrice: '95',
    targetPrice: '120',
    exitReason: null,
    grantedAtMs: NOW_MS,
    expiresAtMs: EXPIRES_MS,
    openedAtMs: null,
    instrument: request.instrument,
  });
  // 1,000 of 10,000 at 100.
  expect(position.quantity).toBe('10');
  expect(position.orders.map(({ leg, state, type, side }) => ({ leg, state, type, side }))).toEqual([
    { leg: 'entry', state: 'created', type: 'limit', side: 'buy' },
    { leg: 'stop', state: 'created', type: 'stop-market', side: 'sell' },
  ]);
  expect(position.orders.map((order) => order.clientOrderId)).toEqual([
    orderId(position, Leg.Entry),
    orderId(position, Leg.Stop),
  ]);
  expect(await bench.store.position(position.positionId)).toEqual(position);
  expect(await bench.store.livePositions(ACCOUNT)).toEqual([position]);
  expect(await bench.store.unsettledOrders(ACCOUNT)).toEqual(position.orders);
  expect((await bench.store.account(ACCOUNT))?.equity).toMatchObject({
    equity: '10000',
    peakEquity: '10000',
  });
  await expect(bench.pool.query('UPDATE approvals SET quantity = 99')).rejects.toThrow(
    'never changed or deleted',
  );
});

it('gives the first grant again, whatever has changed since', async () => {
  const first = await mustGrant(bench.store);
  await bench.store.setMode(ACCOUNT, TradingMode.Reducing, { reason: 'x', by: 'y' });
  const again = await bench.store.grant(grantRequest({ freeQuote: decimal('1'), equity: decimal('20') }));
  expect(again).toEqual({ granted: true, position: first });
});

it('gives the first refusal again, and journals it once', async () => {
  await bench.store.setMode(ACCOUNT, TradingMode.Reducing, { reason: 'x', by: 'y' });
  const first = await bench.store.grant(grantRequest());
  expect(first).toMatchObject({ granted: false, code: 'not-active' });
  await bench.store.setMode(ACCOUNT, TradingMode.Active, { reason: 'x', by: 'y' });
  expect(await bench.store.grant(grantRequest())).toEqual(first);
  const { rows } = await bench.pool.query('SELECT code, market_time_ms FROM risk_events');
  expect(rows).toEqual([{ code: 'not-active', market_time_ms: String(NOW_MS) }]);
});

it('refuses a second live position of the strategy in the symbol, not of another strategy', async () => {
  await mustGrant(bench.store);
  const barCloseMs = BAR_MS + 60_000;
  expect(await bench.store.grant(grantRequest({ barCloseMs }))).toMatchObject({
    code: 'already-in-position',
  });
  expect(await bench.store.grant(grantRequest({ barCloseMs, strategy: 'ema-cross' }))).toMatchObject({
    granted: true,
  });
});

it('refuses a session that is over and an account that was never opened', async () => {
  expect(await bench.store.grant(grantRequest({ session: 's0' }))).toMatchObject({ code: 'stale-data' });
  await expect(bench.store.grant(grantRequest({ account: 'nobody' }))).rejects.toMatchObject({
    code: 'unknown-account',
  });
});

it('counts reservations against the free balance until the exchange has confirmed the entry', async () => {
  const first = await mustGrant(bench.store, { freeQuote: decimal('1500') });
  const second = { proposal: proposal('ETH/USDT'), freeQuote: decimal('1500') };
  // 1,500 − 1,001 reserved leaves 499: 4.985 at 100 plus the fee.
  const granted = await bench.store.grant(grantRequest(second));
  expect(granted).toMatchObject({ granted: true, position: { quantity: '4.985' } });
  await sendAndOpen(bench.store, orderId(first, Leg.Entry));
  // The exchange now shows 499 free and holds the first reservation itself; the second one is still only ours.
  const third = grantRequest({ proposal: proposal('SOL/USDT'), freeQuote: decimal('499') });
  expect(await bench.store.grant(third)).toMatchObject({ granted: false, code: 'insufficient-funds' });
});

it('frees a reservation only by a terminal entry, and counts what was bought as exposure', async () => {
  const limits = { ...LIMITS, maxExposureFraction: 0.1 };
  const first = await mustGrant(bench.store, { limits });
  const other = (bar: number): Promise<GrantResult> =>
    bench.store.grant(grantRequest({ limits, barCloseMs: bar, proposal: proposal('ETH/USDT') }));
  const entry = orderId(first, Leg.Entry);
  await bench.store.beginSend(sendRequest(entry));
  await bench.store.recordEvent({ clientOrderId: entry, event: OrderEvent.Ambiguous });
  expect(await other(BAR_MS)).toMatchObject({ code: 'max-exposure' });
  const order = first.orders[0];
  if (order === undefined) throw new Error('The grant wrote no entry.');
  await bench.store.recordFills(ACCOUNT, [fillOf(order, 't1', '4')], 'stream');
  expect(await other(BAR_MS + 1)).toMatchObject({ code: 'max-exposure' });
  await bench.store.recordEvent({ clientOrderId: entry, event: OrderEvent.SeenCancelled });
  // 400 of the 1,000 are held: 600 are free again.
  expect(await other(BAR_MS + 2)).toMatchObject({ granted: true, position: { quantity: '6' } });
});

it('never exceeds the limits in total, however many grants run at once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        session: fc.uuid(),
        maxOpenPositions: fc.integer({ min: 1, max: 6 }),
        maxExposureFraction: fc.constantFrom(0.1, 0.15, 0.35, 0.5),
        freeQuote: fc.constantFrom('500', '2500', '10000'),
        sends: fc.array(fc.nat(7), { maxLength: 5 }),
      }),
      async ({ session, maxOpenPositions, maxExposureFraction, freeQuote, sends }) => {
        await bench.store.openAccount(ACCOUNT, session);
        const limits = { ...LIMITS, maxOpenPositions, maxExposureFraction };
        const ask = (symbol: string): Promise<GrantResult> =>
          bench.store.grant(
            grantRequest({ session, limits, proposal: proposal(symbol), freeQuote: decimal(freeQuote) }),
          );
        // Twice each: half of the calls are repetitions. Meanwhile some entries are being sent.
        const results = await Promise.all([...SYMBOLS, ...SYMBOLS].map(ask));
        const live = await bench.store.livePositions(ACCOUNT);
        await Promise.all(
          sends.flatMap((index) => {
            const position = live[index];
            return position === undefined
              ? []
              : [bench.store.beginSend(sendRequest(orderId(position, Leg.Entry)))];
          }),
        );
        const repeated = await Promise.all(SYMBOLS.map(ask));
        expect(repeated.map((result) => result.granted)).toEqual(
          results.slice(0, SYMBOLS.length).map((result) => result.granted),
        );
        expectWithinLimits(await bench.store.livePositions(ACCOUNT), {
          maxOpenPositions,
          maxExposureFraction,
          freeQuote,
        });
      },
    ),
    { numRuns: 12, seed: 20_251_121 },
  );
}, 120_000);

function expectWithinLimits(
  live: readonly PositionView[],
  limits: { maxOpenPositions: number; maxExposureFraction: number; freeQuote: string },
): void {
  expect(live.length).toBeGreaterThan(0);
  expect(live.length).toBeLessThanOrEqual(limits.maxOpenPositions);
  const notional = sum(live.map(({ quantity, limitPrice }) => multiply(quantity, limitPrice)));
  const allowed = multiply(decimal('10000'), decimal(String(limits.maxExposureFraction)));
  expect(compare(notional, allowed)).toBeLessThanOrEqual(0);
  const reserved = sum(live.map((position) => position.reservedQuote));
  expect(compare(reserved, decimal(limits.freeQuote))).toBeLessThanOrEqual(0);
}
