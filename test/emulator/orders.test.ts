import { OrderStatus, OrderType, Side, TimeInForce } from '../../emulator/engine/types';
import { Desk, ladder, openDesk } from './desk';

const { Buy, Sell } = Side;
const { Gtc, Ioc, Fok } = TimeInForce;

describe('market orders', () => {
  it('take the ladder level by level and pay the fee in what they receive', () => {
    const desk = openDesk();
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
    const desk = openDesk();
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
    const desk = openDesk();
    const order = desk.place('alice', Sell, OrderType.Market, { quantity: '9' });
    expect([order.status, order.filledLots]).toEqual([OrderStatus.Expired, 800_000]);
    expect(desk.balance('alice', 'BTC')).toEqual(['2', '0']);
  });

  it('spend a quote budget and not more', () => {
    const desk = openDesk();
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
    const desk = openDesk();
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
    const desk = openDesk();
    const order = desk.place('alice', Buy, OrderType.Limit, {
      quantity: '1',
      price: '105',
      timeInForce: Gtc,
    });
    expect([order.status, ...desk.balance('alice', 'USDT')]).toEqual([OrderStatus.Filled, '9899', '0']);
  });

  it('wait behind third-party depth at their price', () => {
    const desk = openDesk();
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
    const desk = openDesk();
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
    const desk = openDesk();
    const order = desk.place('alice', Buy, OrderType.Limit, { quantity, price: '102', timeInForce });
    expect([desk.fills(order), order.status]).toEqual([fills, status]);
    expect(order.locked).toBe(status === OrderStatus.PartiallyFilled ? 10_200_000_000n : 0n);
  });

  it('post-only rest or are refused', () => {
    const desk = openDesk();
    const order = desk.place('alice', Buy, OrderType.LimitMaker, { quantity: '1', price: '100.99' });
    expect(order.status).toBe(OrderStatus.New);
    const crossing = (): unknown =>
      desk.place('bob', Buy, OrderType.LimitMaker, { quantity: '1', price: '101' });
    expect(desk.refusal(crossing)).toBe('-2010 Order would immediately match and take.');
  });
});
