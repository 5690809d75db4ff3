import { decimal } from '../../domain/decimal';
import { Leg, OrderState, Side } from '../../domain/order';
import { PositionState } from '../../domain/position';
import type { ExchangeRecord } from '../../emulator/journal/record';
import { BTC } from '../domain/fixtures';
import { compareRecords, type Records } from './harness/compare-records';
import type { JournalRecord } from './harness/journal-record';

const ACCOUNT = 'main';
const NOTHING_FILLED = decimal('0');

const journal: JournalRecord = {
  orders: [
    {
      clientOrderId: 'entry',
      positionId: 'p',
      leg: Leg.Entry,
      sequence: 0,
      state: OrderState.Filled,
      filledQuantity: decimal('1'),
      sendDeadlineMs: 1,
      attempts: 1,
    },
    {
      clientOrderId: 'stop',
      positionId: 'p',
      leg: Leg.Stop,
      sequence: 0,
      state: OrderState.Open,
      filledQuantity: NOTHING_FILLED,
      sendDeadlineMs: 1,
      attempts: 1,
    },
  ],
  fills: [
    {
      symbol: 'BTC/USDT',
      tradeId: '7',
      side: Side.Buy,
      clientOrderId: 'entry',
      price: decimal('100'),
      quantity: decimal('1'),
      fee: decimal('0'),
      feeAsset: 'BTC',
    },
  ],
  positions: [
    {
      positionId: 'p',
      state: PositionState.Live,
      exitReason: null,
      stopPrice: decimal('90'),
      instrument: BTC,
      realisedPnl: null,
      unprotectedMs: 0,
    },
  ],
  events: 4,
};

const common = {
  account: ACCOUNT,
  symbol: 'BTCUSDT',
  timeInForce: 'GTC',
  working: true,
  price: '0.00',
  stopPrice: '0.00',
  quantity: '1.000',
  executedQuote: '0',
  listId: -1,
  createdMs: 1,
  updatedMs: 1,
};
const exchange: ExchangeRecord = {
  sessionId: 's',
  clockMs: 1,
  orders: [
    {
      ...common,
      orderId: 1,
      clientOrderId: 'entry',
      side: 'BUY',
      type: 'LIMIT',
      status: 'FILLED',
      executedQuantity: '1.000',
    },
    {
      ...common,
      orderId: 2,
      clientOrderId: 'stop',
      side: 'SELL',
      type: 'STOP_LOSS',
      status: 'NEW',
      stopPrice: '90.00',
      executedQuantity: '0.000',
    },
  ],
  trades: [
    {
      tradeId: 7,
      orderId: 1,
      account: ACCOUNT,
      symbol: 'BTCUSDT',
      clientOrderId: 'entry',
      side: 'BUY',
      price: '100.00',
      quantity: '1.000',
      quote: '100',
      fee: '0',
      feeAsset: 'BTC',
      isMaker: false,
      timeMs: 1,
    },
  ],
  balances: [
    { account: ACCOUNT, asset: 'USDT', free: '9900', locked: '0' },
    { account: ACCOUNT, asset: 'BTC', free: '0', locked: '1' },
  ],
};
const records: Records = { exchange, journal, account: ACCOUNT, initialBalances: { USDT: '10000' } };

const [entryThere, stopThere] = exchange.orders;
const withExchange = (change: Partial<ExchangeRecord>): Records => ({
  ...records,
  exchange: { ...exchange, ...change },
});
const withJournal = (change: Partial<JournalRecord>): Records => ({
  ...records,
  journal: { ...journal, ...change },
});
const stop = (change: object): Records => {
  if (entryThere === undefined || stopThere === undefined) throw new Error('the fixture is incomplete');
  return withExchange({ orders: [entryThere, { ...stopThere, ...change }] });
};

/** The judge is judged: every disagreement that crash tests look for is one that it finds. */
describe('comparing the journal with the record of the exchange', () => {
  it('finds nothing where they agree', () => {
    expect(compareRecords(records)).toEqual([]);
  });

  describe('that a person has sold past Ballast', () => {
    const sold: Records = {
      ...withExchange({
        orders: exchange.orders
          .map((order) => (order.clientOrderId === 'stop' ? { ...order, status: 'CANCELED' } : order))
          .concat(
            exchange.orders
              .slice(0, 1)
              .map((order) => ({ ...order, orderId: 3, clientOrderId: 'web_1', side: 'SELL' })),
          ),
        trades: exchange.trades.flatMap((trade) => [
          trade,
          { ...trade, tradeId: 8, orderId: 3, clientOrderId: 'web_1', side: 'SELL', price: '101.00' },
        ]),
        balances: [{ account: ACCOUNT, asset: 'USDT', free: '10001', locked: '0' }],
      }),
      journal: {
        ...journal,
        orders: journal.orders.map((order) =>
          order.clientOrderId === 'stop' ? { ...order, state: OrderState.Cancelled } : order,
        ),
        positions: journal.positions.map((position) => ({ ...position, state: PositionState.Closed })),
      },
    };
    const told = (positionId?: string): Records => ({
      ...sold,
      byHand: [{ clientOrderId: 'web_1', ...(positionId !== undefined && { positionId }) }],
    });

    it('finds nothing once it is told of the sale and of whose coins they were', () => {
      expect(compareRecords(told('p'))).toEqual([]);
    });

    it('finds the sale that nobody tells it of, and the coins of a position that nobody has sold', () => {
      expect(compareRecords(sold)).toContain('the exchange has web_1, which the journal does not know');
      expect(compareRecords(told())).toEqual(['p is closed and holds 1']);
    });
  });

  it.each<[string, Records, RegExp]>([
    [
      'an order sent twice',
      withExchange({ orders: [...exchange.orders, ...exchange.orders.slice(0, 1)] }),
      /has 2 orders for it/,
    ],
    [
      'an entry bought twice under another id',
      withExchange({
        orders: [
          ...exchange.orders,
          ...exchange.orders.slice(0, 1).map((o) => ({ ...o, clientOrderId: 'stop' })),
        ],
      }),
      /was entered 2 times/,
    ],
    [
      'an order that nobody intended',
      stop({ clientOrderId: 'stranger' }),
      /stranger, which the journal does not/,
    ],
    [
      'a sent order that is not there',
      withExchange({ orders: exchange.orders.slice(0, 1) }),
      /has 0 orders for it/,
    ],
    ['an end told otherwise', stop({ status: 'CANCELED' }), /is open, at the exchange CANCELED/],
    ['a missing fill', withJournal({ fills: [] }), /the journal lacks the fill/],
    ['an invented fill', withExchange({ trades: [] }), /the exchange never had the fill/],
    [
      'a fill at another price',
      withJournal({ fills: journal.fills.map((fill) => ({ ...fill, price: decimal('100.01') })) }),
      /the journal lacks the fill/,
    ],
    [
      'money that is off by its last unit',
      withExchange({
        balances: [
          { account: ACCOUNT, asset: 'USDT', free: '9899.99999999', locked: '0' },
          ...exchange.balances.slice(1),
        ],
      }),
      /holds 9899.99999999 USDT, the journal adds up to 9900/,
    ],
    [
      'a sale of more than was bought',
      withExchange({
        trades: [
          ...exchange.trades,
          ...exchange.trades.map((trade) => ({
            ...{ ...trade, tradeId: 8, side: 'SELL' as const, clientOrderId: 'stop', quantity: '1.1' },
          })),
        ],
      }),
      /p has sold 0.1 more than it held/,
    ],
    ['a stop of another quantity', stop({ quantity: '0.999' }), /holds 1, its stop sells 0.999/],
    ['a stop at another price', stop({ stopPrice: '89.00' }), /wishes its stop at 90/],
    [
      'a position without a stop',
      withJournal({
        orders: journal.orders.map((order) =>
          order.leg === Leg.Stop ? { ...order, state: OrderState.Cancelled } : order,
        ),
      }),
      /is cancelled, at the exchange NEW/,
    ],
    [
      'a held position that counts as closed',
      withJournal({ positions: journal.positions.map((each) => ({ ...each, state: PositionState.Closed })) }),
      /is closed and holds 1/,
    ],
    [
      'an order whose fate is open',
      withJournal({ orders: journal.orders.map((order) => ({ ...order, state: OrderState.Unknown })) }),
      /the fate of entry 0 of p is not known/,
    ],
    [
      'an abandoned order that arrived',
      withJournal({ orders: journal.orders.map((order) => ({ ...order, state: OrderState.Abandoned })) }),
      /is abandoned, yet the exchange has it/,
    ],
  ])('finds %s', (_, tampered, difference) => {
    expect(compareRecords(tampered)).toContainEqual(expect.stringMatching(difference));
  });

  describe('a sale that the journal has divided among positions', () => {
    const [trade] = exchange.trades;
    const [entry] = journal.orders;
    const [fill] = journal.fills;
    const [position] = journal.positions;
    const sold = {
      ...common,
      orderId: 3,
      clientOrderId: 'sale',
      side: 'SELL',
      type: 'MARKET',
      status: 'FILLED',
    };
    const part = (number: number, quantity: string, positionId: string) => ({
      order: {
        ...entry,
        clientOrderId: `sale#${number}`,
        positionId,
        leg: Leg.Emergency,
        sequence: 0,
        filledQuantity: decimal(quantity),
      },
      fill: {
        ...fill,
        tradeId: number === 1 ? '8' : `8#${number}`,
        side: Side.Sell,
        clientOrderId: `sale#${number}`,
        quantity: decimal(quantity),
      },
    });
    /** Two positions of half a coin each, sold in one order. */
    function divided(secondPart: string): Records {
      if (trade === undefined || entry === undefined || fill === undefined || position === undefined)
        throw new Error('the fixture is incomplete');
      const parts = [part(1, '0.5', 'p'), part(2, secondPart, 'q')];
      const buys = ['p', 'q'].map((id) => ({
        ...entry,
        clientOrderId: `entry-${id}`,
        positionId: id,
        filledQuantity: decimal('0.5'),
      }));
      const bought = buys.map(({ clientOrderId }, index) => ({
        ...fill,
        tradeId: String(index + 1),
        clientOrderId,
        quantity: decimal('0.5'),
      }));
      const closed = ['p', 'q'].map((id) => ({ ...position, positionId: id, state: PositionState.Closed }));
      return {
        ...records,
        journal: {
          ...journal,
          orders: [...buys, ...parts.map(({ order }) => ({ ...entry, ...order }))],
          fills: [...bought, ...parts.map((each) => ({ ...fill, ...each.fill }))],
          positions: closed,
        },
        exchange: {
          ...exchange,
          orders: [
            ...buys.map(({ clientOrderId }, index) => ({
              ...{ ...sold, orderId: index + 1, clientOrderId, side: 'BUY', executedQuantity: '0.500' },
            })),
            { ...sold, executedQuantity: '1.000' },
          ],
          trades: [
            ...bought.map(({ tradeId, clientOrderId }) => ({
              ...trade,
              tradeId: Number(tradeId),
              clientOrderId,
              quantity: '0.5',
            })),
            { ...trade, tradeId: 8, clientOrderId: 'sale', side: 'SELL' },
          ],
          balances: [{ account: ACCOUNT, asset: 'USDT', free: '10000', locked: '0' }],
        },
      };
    }

    it('is one sale there', () => {
      expect(compareRecords(divided('0.5'))).toEqual([]);
    });

    it('must add up to it', () => {
      const differences = compareRecords(divided('0.4'));
      expect(differences).toContainEqual(expect.stringMatching(/has filled 0.9, at the exchange 1.000/));
      expect(differences).toContainEqual(expect.stringMatching(/q is closed and holds 0.1/));
    });
  });

  it('leaves the orders of other accounts alone', () => {
    const others = exchange.orders.map((order) => ({ ...order, account: 'other', clientOrderId: 'theirs' }));
    expect(compareRecords(withExchange({ orders: [...exchange.orders, ...others] }))).toEqual([]);
  });
});
