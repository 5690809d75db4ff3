import { decimal } from '../../domain/decimal';
import { Leg, OrderState, Side } from '../../domain/order';
import { PositionState } from '../../domain/position';
import type { HistoricalChange } from '../../emulator/journal/history';
import type { RecordedOrder, RecordedTrade } from '../../emulator/journal/record';
import { BTC } from '../domain/fixtures';
import type { Evidence } from './judge';
import { Target } from './schedule';

/** Evidence of a small run that went well, for tests to doctor: one position, bought, protected after 2 s and sold. */

const ACCOUNT = 'main';

const order = (fields: Partial<RecordedOrder>): RecordedOrder => ({
  orderId: 1,
  account: ACCOUNT,
  symbol: 'BTCUSDT',
  clientOrderId: 'entry',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  status: 'FILLED',
  working: true,
  price: '100.00',
  stopPrice: '0.00',
  quantity: '1.00000',
  executedQuantity: '1.00000',
  executedQuote: '100',
  listId: -1,
  createdMs: 1,
  updatedMs: 1,
  ...fields,
});

const trade = (fields: Partial<RecordedTrade>): RecordedTrade => ({
  tradeId: 1,
  orderId: 1,
  account: ACCOUNT,
  symbol: 'BTCUSDT',
  clientOrderId: 'entry',
  side: 'BUY',
  price: '100.00',
  quantity: '1.00000',
  quote: '100',
  fee: '0',
  feeAsset: 'BTC',
  isMaker: false,
  timeMs: 1,
  ...fields,
});

export const entry = order({});
export const stop = order({
  orderId: 2,
  clientOrderId: 'stop',
  side: 'SELL',
  type: 'STOP_LOSS',
  status: 'CANCELED',
  stopPrice: '90.00',
  executedQuantity: '0.00000',
});
const exit = order({ orderId: 3, clientOrderId: 'exit', side: 'SELL', type: 'MARKET', price: '0.00' });
const bought = trade({});
const sold = trade({ tradeId: 2, orderId: 3, clientOrderId: 'exit', side: 'SELL', feeAsset: 'USDT' });

/** Wall times of what happened, in milliseconds. */
export const AT = { bought: 1_000, protectedAt: 3_000, sold: 20_000, end: 30_000 } as const;

const journaled = (clientOrderId: string, leg: Leg, state: OrderState, filled: string) => ({
  clientOrderId,
  positionId: 'p',
  leg,
  sequence: 0,
  state,
  filledQuantity: decimal(filled),
  sendDeadlineMs: 1,
  attempts: 1,
});

const fill = (tradeId: string, side: Side, clientOrderId: string, feeAsset: string) => ({
  symbol: 'BTC/USDT',
  tradeId,
  side,
  clientOrderId,
  price: decimal('100'),
  quantity: decimal('1'),
  fee: decimal('0'),
  feeAsset,
});

const at = (wallMs: number) => ({ wallMs, clockMs: wallMs });

export const history: readonly HistoricalChange[] = [
  { ...at(AT.bought), kind: 'accepted', order: { ...entry, status: 'NEW', executedQuantity: '0.00000' } },
  { ...at(AT.bought), kind: 'traded', order: entry, trade: bought },
  { ...at(AT.protectedAt), kind: 'accepted', order: { ...stop, status: 'NEW' } },
  { ...at(AT.sold), kind: 'closed', order: stop },
  { ...at(AT.sold), kind: 'accepted', order: { ...exit, status: 'NEW', executedQuantity: '0.00000' } },
  { ...at(AT.sold), kind: 'traded', order: exit, trade: sold },
];

export const evidence: Evidence = {
  records: {
    account: ACCOUNT,
    initialBalances: { USDT: '10000' },
    exchange: {
      sessionId: 's',
      clockMs: AT.end,
      orders: [entry, stop, exit],
      trades: [bought, sold],
      balances: [
        { account: ACCOUNT, asset: 'USDT', free: '10000', locked: '0' },
        { account: ACCOUNT, asset: 'BTC', free: '0', locked: '0' },
      ],
    },
    journal: {
      orders: [
        journaled('entry', Leg.Entry, OrderState.Filled, '1'),
        journaled('stop', Leg.Stop, OrderState.Cancelled, '0'),
        journaled('exit', Leg.Exit, OrderState.Filled, '1'),
      ],
      fills: [fill('1', Side.Buy, 'entry', 'BTC'), fill('2', Side.Sell, 'exit', 'USDT')],
      positions: [
        {
          positionId: 'p',
          state: PositionState.Closed,
          exitReason: 'strategy',
          stopPrice: decimal('90'),
          instrument: BTC,
          realisedPnl: decimal('0'),
          unprotectedMs: 2_000,
        },
      ],
      events: 9,
    },
  },
  unfinished: [],
  history,
  tasks: [
    {
      what: 'submitOrder of order/p/stop',
      isActivity: true,
      scheduledMs: 1_500,
      startedMs: 6_500,
      endedMs: 6_600,
      completed: true,
      triedBefore: false,
    },
    {
      what: 'loadPosition of p',
      isActivity: true,
      scheduledMs: 13_000,
      startedMs: 13_250,
      endedMs: 13_300,
      completed: true,
      triedBefore: false,
    },
  ],
  strikes: [
    { killedMs: 2_000, targets: [Target.Worker] },
    { killedMs: 10_000, targets: [Target.Postgres] },
  ],
  downtimes: [{ target: Target.Postgres, fromMs: 10_000, toMs: 12_000 }],
  silence: { outages: [], unserved: [] },
  faults: 4,
  endMs: AT.end,
};
