import { createViews, type Views } from '../../../adapters/store/views';
import { decimal } from '../../../domain/decimal';
import { Leg, OrderEvent } from '../../../domain/order';
import {
  ACCOUNT,
  createBench,
  enter,
  fillOf,
  mustGrant,
  NOW_MS,
  orderId,
  proposal,
  sendAndOpen,
  SESSION,
  type Bench,
} from './support';

let bench: Bench;
let views: Views;
const BNB_FEE = { fee: decimal('0.01'), feeAsset: 'BNB' };

/** One trade won, one lost, one position waiting for its entry, and one of a session that is over. */
beforeAll(async () => {
  bench = await createBench();
  views = createViews(bench.pool);
  await bench.store.openAccount(ACCOUNT, 's0');
  await mustGrant(bench.store, { session: 's0' });
  await bench.store.openAccount(ACCOUNT, SESSION);
  await trade('BTC/USDT', '110', 30);
  await trade('ETH/USDT', '90', 10);
  await mustGrant(bench.store, { strategy: 'ema-cross', proposal: proposal('SOL/USDT') });
});
afterAll(() => bench.close());

async function trade(symbol: string, exitPrice: string, unprotectedMs: number): Promise<void> {
  const { store } = bench;
  const position = await enter(store, '2', { proposal: proposal(symbol) });
  const stop = await sendAndOpen(store, orderId(position, Leg.Stop));
  const exit = fillOf(stop, `sell-${symbol}`, '2', {
    price: decimal(exitPrice),
    marketTimeMs: NOW_MS + 5_000,
    ...BNB_FEE,
  });
  await store.recordFills(ACCOUNT, [exit], 'look-up');
  await store.recordEvent({ clientOrderId: stop.clientOrderId, event: OrderEvent.SeenFilled });
  await store.recordUnprotected(position.positionId, 'gap', unprotectedMs);
  await store.closePosition(position.positionId, 'stop', NOW_MS + 6_000);
}

it('lists positions of the current session, newest first, live or closed', async () => {
  const all = await views.positions({ account: ACCOUNT });
  expect(all.map(({ symbol, state }) => [symbol, state])).toEqual([
    ['SOL/USDT', 'live'],
    ['ETH/USDT', 'closed'],
    ['BTC/USDT', 'closed'],
  ]);
  expect(all[2]?.ledger).toMatchObject({ heldQuantity: '0', realisedPnl: '20' });
  expect(await views.positions({ account: ACCOUNT, state: 'live' })).toEqual(all.slice(0, 1));
  expect(await views.positions({ account: ACCOUNT, symbol: 'ETH/USDT' })).toEqual(all.slice(1, 2));
  expect(await views.positions({ account: ACCOUNT, strategy: 'rsi', limit: 1 })).toEqual(all.slice(1, 2));
  expect(await views.positions({ account: ACCOUNT, session: null })).toHaveLength(4);
  expect(await views.positions({ account: ACCOUNT, session: 's0' })).toHaveLength(1);
  expect(await views.positions({ account: 'nobody' })).toEqual([]);
  // Programs get it as JSON, unchanged.
  expect(JSON.parse(JSON.stringify(all))).toEqual(all);
});

it('lists orders by state and position, with their wall times', async () => {
  const orders = await views.orders({ account: ACCOUNT });
  expect(orders).toHaveLength(6);
  const open = await views.orders({ account: ACCOUNT, states: ['created'] });
  expect(open.map(({ leg, strategy }) => [strategy, leg]).sort()).toEqual([
    ['ema-cross', 'entry'],
    ['ema-cross', 'stop'],
  ]);
  const positionId = open[0]?.positionId ?? '';
  expect(await views.orders({ account: ACCOUNT, positionId })).toEqual(open);
  expect(open[0]?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  const filled = await views.orders({ account: ACCOUNT, states: ['filled'] });
  expect(filled.every((order) => order.changedAt > order.createdAt)).toBe(true);
});

it('lists trades with strategy and leg, newest first', async () => {
  const trades = await views.trades({ account: ACCOUNT, symbol: 'BTC/USDT' });
  expect(trades).toMatchObject([
    { strategy: 'rsi', leg: 'stop', side: 'sell', price: '110', source: 'look-up', fee: '0.01' },
    { strategy: 'rsi', leg: 'entry', side: 'buy', price: '100', source: 'stream' },
  ]);
});

it('adds up a session', async () => {
  const before = await views.totals({ account: ACCOUNT });
  expect(before).toEqual({
    livePositions: 1,
    closedPositions: 2,
    wins: 1,
    losses: 1,
    realisedPnl: '0',
    realisedPnlToday: '0',
    fees: { BNB: '0.02' },
    fills: 4,
    orders: { cancelled: 2, created: 2, filled: 2 },
    decisions: 0,
    unprotectedMs: { median: 20, longest: 30 },
  });
  expect(await views.totals({ account: ACCOUNT, session: 's0' })).toMatchObject({
    livePositions: 1,
    fills: 0,
    unprotectedMs: { median: null, longest: null },
  });
  expect(await views.totals({ account: ACCOUNT, session: null })).toMatchObject({ livePositions: 2 });
});

it('counts as of today only what closed since the day of the latest mark began', async () => {
  const tomorrow = NOW_MS + 86_400_000;
  const state = { equity: decimal('1'), equityAtDayStart: decimal('1'), peakEquity: decimal('1') };
  await trade('LTC/USDT', '120', 0);
  expect(await views.totals({ account: ACCOUNT })).toMatchObject({
    realisedPnl: '40',
    realisedPnlToday: '40',
  });
  await bench.store.recordEquity(ACCOUNT, SESSION, { ...state, dayStartMs: tomorrow }, tomorrow);
  expect(await views.totals({ account: ACCOUNT })).toMatchObject({
    realisedPnl: '40',
    realisedPnlToday: '0',
  });
  expect(await views.latestEquity(ACCOUNT)).toMatchObject({ marketTimeMs: tomorrow, equity: '1' });
});
