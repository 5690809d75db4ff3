import { OrderStatus, OrderType, Side, TimeInForce } from '../../emulator/engine/types';
import { CancelRestriction } from '../../emulator/exchange';
import { Desk } from './desk';

const { Buy, Sell } = Side;
const { Gtc, Ioc, Fok } = TimeInForce;
const ladder = {
  bids: [
    [99, 1],
    [98, 2],
    [97, 5],
  ],
  asks: [
    [101, 1],
    [102, 2],
    [103, 5],
  ],
} as const;

function open(): Desk {
  const desk = new Desk();
  desk.market({ ...ladder, prints: [['buy', 100, 0.1]] });
  return desk;
}

describe('market orders', () => {
  it('take the ladder level by level and pay the fee in what they receive', () => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.Market, { quantity: '2' });
    expect(order.status).toBe(OrderStatus.Filled);
    expect(desk.fills(order)).toEqual([
      [101, 1, false],
      [102, 1, false],
    ]);
    expect(desk.balance('alice', 'USDT')).toEqual(['9797', '0']);
    expect(desk.balance('alice', 'BTC')).toEqual(['11.998', '0']);
  });

  it('consume what they take until the next step', () => {
    const desk = open();
    desk.place('alice', Sell, OrderType.Market, { quantity: '1' });
    expect(desk.fills(desk.place('bob', Sell, OrderType.Market, { quantity: '1' }))).toEqual([
      [98, 1, false],
    ]);
    desk.market(ladder);
    expect(desk.fills(desk.place('bob', Sell, OrderType.Market, { quantity: '1' }))).toEqual([
      [99, 1, false],
    ]);
    expect(desk.balance('alice', 'USDT')).toEqual(['10098.901', '0']);
  });

  it('expire with what the book could not give', () => {
    const desk = open();
    const order = desk.place('alice', Sell, OrderType.Market, { quantity: '9' });
    expect([order.status, order.filledLots]).toEqual([OrderStatus.Expired, 800_000]);
    expect(desk.balance('alice', 'BTC')).toEqual(['2', '0']);
  });

  it('spend a quote budget and not more', () => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.Market, { quoteOrderQty: '152' });
    expect(order.status).toBe(OrderStatus.Filled);
    expect(desk.fills(order)).toEqual([
      [101, 1, false],
      [102, 0.5, false],
    ]);
    const tooMuch = (): unknown => desk.place('alice', Buy, OrderType.Market, { quoteOrderQty: '9848.01' });
    expect(desk.refusal(tooMuch)).toBe('-2010 Account has insufficient balance for requested action.');
  });

  it('are refused when the account cannot pay', () => {
    const desk = new Desk({ accounts: { alice: { USDT: '100.99' } } });
    desk.market(ladder);
    const act = (): unknown => desk.place('alice', Buy, OrderType.Market, { quantity: '1' });
    expect(desk.refusal(act)).toBe('-2010 Account has insufficient balance for requested action.');
  });
});

describe('limit orders', () => {
  it('rest with their money locked and are filled as makers at their own price', () => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.Limit, {
      quantity: '1',
      price: '99.5',
      timeInForce: Gtc,
    });
    expect([order.status, ...desk.balance('alice', 'USDT')]).toEqual([OrderStatus.New, '9900.5', '99.5']);
    desk.market({ ...ladder, prints: [['sell', 99.5, 0.4]] });
    expect([order.status, ...desk.balance('alice', 'USDT')]).toEqual([
      OrderStatus.PartiallyFilled,
      '9900.5',
      '59.7',
    ]);
    desk.market({ ...ladder, prints: [['sell', 99, 5]] });
    expect([order.status, ...desk.balance('alice', 'USDT')]).toEqual([OrderStatus.Filled, '9900.5', '0']);
    expect(desk.fills(order)).toEqual([
      [99.5, 0.4, true],
      [99.5, 0.6, true],
    ]);
  });

  it('give back what a better price saves', () => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.Limit, {
      quantity: '1',
      price: '105',
      timeInForce: Gtc,
    });
    expect([order.status, ...desk.balance('alice', 'USDT')]).toEqual([OrderStatus.Filled, '9899', '0']);
  });

  it('wait behind third-party depth at their price', () => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.Limit, { quantity: '1', price: '99', timeInForce: Gtc });
    desk.market({
      ...ladder,
      prints: [
        ['sell', 99, 0.6],
        ['sell', 99, 0.4],
      ],
    });
    expect(order.filledLots).toBe(0);
    desk.market({
      ...ladder,
      prints: [
        ['sell', 99, 0.6],
        ['sell', 99, 0.6],
      ],
    });
    expect(desk.fills(order)).toEqual([[99, 0.2, true]]);
  });

  it('are filled by a ladder that crosses them, as far as it reaches', () => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.Limit, {
      quantity: '3',
      price: '99.5',
      timeInForce: Gtc,
    });
    desk.market({
      bids: [[95, 1]],
      asks: [
        [96, 1],
        [99, 1],
        [100, 4],
      ],
    });
    expect(desk.fills(order)).toEqual([
      [99.5, 1, true],
      [99.5, 1, true],
    ]);
    expect(desk.exchange.matcher('BTCUSDT').book.depth(Sell, 5)).toEqual([
      { priceTicks: 10_000, quantityLots: 400_000 },
    ]);
  });

  it('trade between users in price-time order', () => {
    const desk = new Desk({
      accounts: { alice: { BTC: '10' }, bob: { BTC: '10' }, carol: { USDT: '1000' } },
    });
    const late = desk.place('alice', Sell, OrderType.Limit, {
      quantity: '1',
      price: '100',
      timeInForce: Gtc,
    });
    const later = desk.place('bob', Sell, OrderType.Limit, { quantity: '1', price: '100', timeInForce: Gtc });
    const better = desk.place('bob', Sell, OrderType.Limit, { quantity: '1', price: '99', timeInForce: Gtc });
    const taker = desk.place('carol', Buy, OrderType.Limit, {
      quantity: '2.5',
      price: '100',
      timeInForce: Gtc,
    });
    expect(desk.fills(taker)).toEqual([
      [99, 1, false],
      [100, 1, false],
      [100, 0.5, false],
    ]);
    expect([better, late, later].map((order) => order.filledLots)).toEqual([100_000, 100_000, 50_000]);
  });

  it('never trade with their own account: the resting one expires', () => {
    const desk = new Desk();
    const resting = desk.place('alice', Sell, OrderType.Limit, {
      quantity: '1',
      price: '100',
      timeInForce: Gtc,
    });
    const taker = desk.place('alice', Buy, OrderType.Limit, {
      quantity: '1',
      price: '100',
      timeInForce: Gtc,
    });
    expect([resting.status, taker.status]).toEqual([OrderStatus.ExpiredInMatch, OrderStatus.New]);
    expect(desk.balance('alice', 'BTC')).toEqual(['10', '0']);
  });

  it.each([
    [
      Gtc,
      '1.5',
      [
        [101, 1, false],
        [102, 0.5, false],
      ],
      OrderStatus.Filled,
    ],
    [
      Ioc,
      '1.5',
      [
        [101, 1, false],
        [102, 0.5, false],
      ],
      OrderStatus.Filled,
    ],
    [
      Fok,
      '1.5',
      [
        [101, 1, false],
        [102, 0.5, false],
      ],
      OrderStatus.Filled,
    ],
    [
      Gtc,
      '4',
      [
        [101, 1, false],
        [102, 2, false],
      ],
      OrderStatus.PartiallyFilled,
    ],
    [
      Ioc,
      '4',
      [
        [101, 1, false],
        [102, 2, false],
      ],
      OrderStatus.Expired,
    ],
    [Fok, '4', [], OrderStatus.Expired],
  ])('%s for %s at a limit of 102', (timeInForce, quantity, fills, status) => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.Limit, { quantity, price: '102', timeInForce });
    expect([desk.fills(order), order.status]).toEqual([fills, status]);
    expect(order.locked).toBe(status === OrderStatus.PartiallyFilled ? 10_200_000_000n : 0n);
  });

  it('post-only rest or are refused', () => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.LimitMaker, { quantity: '1', price: '100.99' });
    expect(order.status).toBe(OrderStatus.New);
    const crossing = (): unknown =>
      desk.place('bob', Buy, OrderType.LimitMaker, { quantity: '1', price: '101' });
    expect(desk.refusal(crossing)).toBe('-2010 Order would immediately match and take.');
  });
});

describe('stops and take-profits', () => {
  it.each([
    [Sell, OrderType.StopLoss, '95', 95],
    [Buy, OrderType.StopLoss, '105', 105],
    [Sell, OrderType.TakeProfit, '105', 105],
    [Buy, OrderType.TakeProfit, '95', 95],
  ] as const)('%s %s at %s triggers when the last price reaches it', (side, type, stopPrice, last) => {
    const desk = open();
    const order = desk.place('alice', side, type, { quantity: '1', stopPrice });
    const beyond = last > 100 ? 0.01 : -0.01;
    desk.market({ ...ladder, prints: [['buy', last - beyond, 1]] });
    expect([order.status, order.working]).toEqual([OrderStatus.New, false]);
    desk.market({ bids: [[last - 1, 3]], asks: [[last + 1, 3]], prints: [['buy', last, 1]] });
    expect(order.status).toBe(OrderStatus.Filled);
    expect(desk.fills(order)).toEqual([[side === Buy ? last + 1 : last - 1, 1, false]]);
    expect(desk.balance('alice', side === Buy ? 'USDT' : 'BTC')[1]).toBe('0');
  });

  it('a gap through the stop fills at the book behind the gap', () => {
    const desk = open();
    const order = desk.place('alice', Sell, OrderType.StopLoss, { quantity: '1', stopPrice: '95' });
    desk.market({ bids: [[80, 5]], asks: [[82, 5]], prints: [['sell', 80, 1]] });
    expect(desk.fills(order)).toEqual([[80, 1, false]]);
  });

  it('a triggered stop-limit rests at its price when the market has passed it', () => {
    const desk = open();
    const order = desk.place('alice', Sell, OrderType.StopLossLimit, {
      quantity: '1',
      stopPrice: '95',
      price: '94',
      timeInForce: Gtc,
    });
    desk.market({ bids: [[90, 5]], asks: [[96, 5]], prints: [['sell', 90, 1]] });
    expect([order.status, order.working]).toEqual([OrderStatus.New, true]);
    desk.market({ bids: [[94.5, 0.4]], asks: [[96, 5]] });
    expect(desk.fills(order)).toEqual([[94, 0.4, true]]);
  });

  it('one trade may trigger a chain', () => {
    const desk = open();
    const first = desk.place('alice', Sell, OrderType.StopLoss, { quantity: '3', stopPrice: '96' });
    const second = desk.place('bob', Sell, OrderType.StopLoss, { quantity: '1', stopPrice: '92' });
    desk.market({
      bids: [
        [95, 2],
        [91, 5],
      ],
      asks: [[97, 1]],
      prints: [['sell', 96, 0.1]],
    });
    expect(desk.fills(first)).toEqual([
      [95, 2, false],
      [91, 1, false],
    ]);
    expect(desk.fills(second)).toEqual([[91, 1, false]]);
  });

  it('are refused when the condition already holds', () => {
    const desk = open();
    const act = (): unknown =>
      desk.place('alice', Sell, OrderType.StopLoss, { quantity: '1', stopPrice: '100' });
    expect(desk.refusal(act)).toBe('-2010 Stop price would trigger immediately.');
  });

  it('a stop that buys pays from its lock and free money, and no more', () => {
    const desk = new Desk({ accounts: { alice: { USDT: '110' } } });
    desk.market({ ...ladder, prints: [['buy', 100, 0.1]] });
    const order = desk.place('alice', Buy, OrderType.StopLoss, { quantity: '1', stopPrice: '105' });
    desk.market({ bids: [[119, 1]], asks: [[120, 5]], prints: [['buy', 106, 0.1]] });
    expect([order.status, desk.fills(order)]).toEqual([OrderStatus.Expired, [[120, 0.91666, false]]]);
    expect(desk.balance('alice', 'USDT')).toEqual(['0.0008', '0']);
  });

  it('at most five wait on a symbol', () => {
    const desk = open();
    const stop = (account = 'alice'): unknown =>
      desk.place(account, Sell, OrderType.StopLoss, { quantity: '1', stopPrice: '95' });
    for (let count = 0; count < 5; count += 1) stop();
    expect(desk.refusal(stop)).toBe('-1013 Filter failure: MAX_NUM_ALGO_ORDERS');
    expect(() => stop('bob')).not.toThrow();
  });
});

describe('one-cancels-the-other', () => {
  function openList(
    desk: Desk,
    side: Side = Sell,
  ): [ReturnType<Desk['state']['requireOrder']>, ReturnType<Desk['state']['requireOrder']>] {
    const limit = {
      symbol: 'BTCUSDT',
      side,
      type: OrderType.LimitMaker,
      quantity: '2',
      price: side === Sell ? '105' : '95',
    };
    const stop = {
      symbol: 'BTCUSDT',
      side,
      type: OrderType.StopLoss,
      quantity: '2',
      stopPrice: side === Sell ? '95' : '105',
    };
    const [above, below] = side === Sell ? [limit, stop] : [stop, limit];
    const list = desk.exchange.placeList('alice', { symbol: 'BTCUSDT', above, below }, desk.nowMs);
    desk.collect();
    const [first, second] = list.orderIds;
    return [desk.state.requireOrder(first), desk.state.requireOrder(second)];
  }

  it.each([
    [Sell, 'BTC', '8', '2'],
    [Buy, 'USDT', '9790', '210'],
  ])('%s locks once, for the dearer leg', (side, asset, free, locked) => {
    const desk = open();
    openList(desk, side);
    expect(desk.balance('alice', asset)).toEqual([free, locked]);
  });

  it('a partial fill of one leg ends the other', () => {
    const desk = open();
    const [limit, stop] = openList(desk);
    desk.market({ bids: [[104, 1]], asks: [[106, 1]], prints: [['buy', 105, 0.5]] });
    expect([limit.status, stop.status]).toEqual([OrderStatus.PartiallyFilled, OrderStatus.Expired]);
    expect(desk.balance('alice', 'BTC')).toEqual(['8', '1.5']);
    expect(desk.state.lists.get(1)?.open).toBe(true);
    desk.market({ bids: [[104, 1]], asks: [[106, 1]], prints: [['buy', 105, 5]] });
    expect([limit.status, desk.state.lists.get(1)?.open]).toEqual([OrderStatus.Filled, false]);
  });

  it.each([Sell, Buy])('the trigger of one leg ends the other (%s)', (side) => {
    const desk = open();
    const orders = openList(desk, side);
    const [limit, stop] = side === Sell ? orders : [orders[1], orders[0]];
    const last = side === Sell ? 95 : 105;
    desk.market({ bids: [[last - 0.5, 5]], asks: [[last + 0.5, 5]], prints: [['sell', last, 0.1]] });
    expect([limit.status, stop.status]).toEqual([OrderStatus.Expired, OrderStatus.Filled]);
    expect(desk.balance('alice', side === Sell ? 'BTC' : 'USDT')[1]).toBe('0');
  });

  it('cancelling one leg cancels both', () => {
    const desk = open();
    const [limit, stop] = openList(desk);
    desk.exchange.cancel('alice', { symbol: 'BTCUSDT', orderId: stop.orderId }, desk.nowMs);
    expect([limit.status, stop.status]).toEqual([OrderStatus.Canceled, OrderStatus.Canceled]);
    expect(desk.balance('alice', 'BTC')).toEqual(['10', '0']);
  });

  it('legs on the wrong side of the market are refused', () => {
    const desk = open();
    const leg = (price: string): object => ({
      symbol: 'BTCUSDT',
      side: Sell,
      type: OrderType.LimitMaker,
      quantity: '1',
      price,
    });
    const below = {
      symbol: 'BTCUSDT',
      side: Sell,
      type: OrderType.StopLoss,
      quantity: '1',
      stopPrice: '101',
    } as const;
    const act = (): unknown =>
      desk.exchange.placeList('alice', { symbol: 'BTCUSDT', above: leg('105') as never, below }, desk.nowMs);
    expect(desk.refusal(act)).toBe('-2010 The relationship of the prices for the orders is not correct.');
  });
});

describe('client ids, cancellation and replacement', () => {
  const rest = { quantity: '1', price: '90', timeInForce: Gtc, clientOrderId: 'mine' };

  it('a client id is unique among open orders only', () => {
    const desk = open();
    const first = desk.place('alice', Buy, OrderType.Limit, rest);
    expect(desk.refusal(() => desk.place('alice', Buy, OrderType.Limit, rest))).toBe(
      '-2010 Duplicate order sent.',
    );
    expect(() => desk.place('bob', Buy, OrderType.Limit, rest)).not.toThrow();
    desk.exchange.cancel('alice', { symbol: 'BTCUSDT', clientOrderId: 'mine' }, desk.nowMs);
    const second = desk.place('alice', Buy, OrderType.Limit, rest);
    expect(desk.exchange.find('alice', { symbol: 'BTCUSDT', clientOrderId: 'mine' })).toBe(second);
    expect(second.orderId).not.toBe(first.orderId);
  });

  it('nobody sees or cancels the orders of another account', () => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.Limit, rest);
    const ref = { symbol: 'BTCUSDT', orderId: order.orderId };
    expect(desk.exchange.find('bob', ref)).toBeUndefined();
    expect(desk.refusal(() => desk.exchange.cancel('bob', ref, desk.nowMs))).toBe(
      '-2011 Unknown order sent.',
    );
  });

  it('a restricted cancellation leaves a partly filled order alone', () => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.Limit, { ...rest, price: '99.5' });
    desk.market({ ...ladder, prints: [['sell', 99.5, 0.4]] });
    const request = { symbol: 'BTCUSDT', orderId: order.orderId, restriction: CancelRestriction.OnlyNew };
    expect(desk.refusal(() => desk.exchange.cancel('alice', request, desk.nowMs))).toBe(
      '-2011 Order was not canceled due to cancel restrictions.',
    );
  });

  it('cancel-replace checks filters first, then cancels, then places', () => {
    const desk = open();
    const order = desk.place('alice', Buy, OrderType.Limit, rest);
    const replacement = { symbol: 'BTCUSDT', side: Buy, type: OrderType.Limit, ...rest, quantity: '110' };
    const cancel = { symbol: 'BTCUSDT', clientOrderId: 'mine' };
    const bad = { ...replacement, price: '90.001' };
    const refused = (): unknown =>
      desk.exchange.cancelReplace('alice', { cancel, replacement: bad, stopOnFailure: true }, desk.nowMs);
    expect(desk.refusal(refused)).toBe('-1013 Filter failure: PRICE_FILTER');
    expect(order.status).toBe(OrderStatus.New);
    const done = desk.exchange.cancelReplace(
      'alice',
      { cancel, replacement, stopOnFailure: true },
      desk.nowMs,
    );
    expect(done).toMatchObject({
      cancelled: { status: 'CANCELED' },
      placed: { status: 'NEW', quantityLots: 11_000_000 },
    });
    const unpayable = { ...replacement, quantity: '112' };
    const half = desk.exchange.cancelReplace(
      'alice',
      { cancel, replacement: unpayable, stopOnFailure: true },
      desk.nowMs,
    );
    expect(half).toMatchObject({ cancelled: { status: 'CANCELED' }, placed: { code: -2010 } });
    const none = desk.exchange.cancelReplace(
      'alice',
      { cancel, replacement, stopOnFailure: true },
      desk.nowMs,
    );
    expect(none).toMatchObject({ cancelled: { code: -2011 }, placed: 'not-attempted' });
    const anyway = desk.exchange.cancelReplace(
      'alice',
      { cancel, replacement, stopOnFailure: false },
      desk.nowMs,
    );
    expect(anyway).toMatchObject({ cancelled: { code: -2011 }, placed: { status: 'NEW' } });
  });
});

describe('filters', () => {
  const base = { quantity: '1', price: '100', timeInForce: Gtc };
  it.each([
    [{ ...base, price: '100.001' }, '-1013 Filter failure: PRICE_FILTER'],
    [{ ...base, price: '1000000.01' }, '-1013 Filter failure: PRICE_FILTER'],
    [{ ...base, price: '0' }, '-1013 Invalid price.'],
    [{ ...base, price: '0.000000001' }, "-1111 Parameter 'price' has too much precision."],
    [
      { ...base, price: '1e2' },
      "-1100 Illegal characters found in parameter 'price'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.",
    ],
    [{ ...base, quantity: '0.000001' }, '-1013 Filter failure: LOT_SIZE'],
    [{ ...base, quantity: '9000.00001' }, '-1013 Filter failure: LOT_SIZE'],
    [{ ...base, quantity: '0' }, '-1013 Invalid quantity.'],
    [{ ...base, quantity: '0.04999' }, '-1013 Filter failure: NOTIONAL'],
    [{ ...base, price: '500.01' }, '-1013 Filter failure: PERCENT_PRICE_BY_SIDE'],
    [{ ...base, price: '19.99' }, '-1013 Filter failure: PERCENT_PRICE_BY_SIDE'],
  ])('%j is refused', (rest, refusal) => {
    const desk = open();
    expect(desk.refusal(() => desk.place('alice', Buy, OrderType.Limit, rest))).toBe(refusal);
  });

  it.each([
    { ...base, quantity: '0.05' },
    { ...base, price: '500' },
    { ...base, price: '20.00' },
    { ...base, price: '100.01000000' },
  ])('%j is accepted', (rest) => {
    const desk = open();
    expect(() => desk.place('alice', Buy, OrderType.Limit, rest)).not.toThrow();
  });

  it('a market order is measured at the average price', () => {
    const desk = open();
    expect(desk.refusal(() => desk.place('alice', Buy, OrderType.Market, { quantity: '0.0499' }))).toBe(
      '-1013 Filter failure: NOTIONAL',
    );
    expect(desk.refusal(() => desk.place('alice', Buy, OrderType.Market, { quoteOrderQty: '4.99' }))).toBe(
      '-1013 Filter failure: NOTIONAL',
    );
  });
});
