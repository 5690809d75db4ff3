import { OrderStatus, OrderType, Side, TimeInForce } from '../../emulator/engine/types';
import { Desk, ladder, openDesk } from './desk';

const { Buy, Sell } = Side;
const { Gtc } = TimeInForce;

describe('stops and take-profits', () => {
  it.each([
    [Sell, OrderType.StopLoss, '95', 95],
    [Buy, OrderType.StopLoss, '105', 105],
    [Sell, OrderType.TakeProfit, '105', 105],
    [Buy, OrderType.TakeProfit, '95', 95],
  ] as const)('%s %s at %s triggers when the last price reaches it', (side, type, stopPrice, last) => {
    const desk = openDesk();
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
    const desk = openDesk();
    const order = desk.place('alice', Sell, OrderType.StopLoss, { quantity: '1', stopPrice: '95' });
    desk.market({ bids: [[80, 5]], asks: [[82, 5]], prints: [['sell', 80, 1]] });
    expect(desk.fills(order)).toEqual([[80, 1, false]]);
  });

  it('a triggered stop-limit rests at its price when the market has passed it', () => {
    const desk = openDesk();
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
    const desk = openDesk();
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
    const desk = openDesk();
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
    const desk = openDesk();
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
    const desk = openDesk();
    openList(desk, side);
    expect(desk.balance('alice', asset)).toEqual([free, locked]);
  });

  it('a partial fill of one leg ends the other', () => {
    const desk = openDesk();
    const [limit, stop] = openList(desk);
    desk.market({ bids: [[104, 1]], asks: [[106, 1]], prints: [['buy', 105, 0.5]] });
    expect([limit.status, stop.status]).toEqual([OrderStatus.PartiallyFilled, OrderStatus.Expired]);
    expect(desk.balance('alice', 'BTC')).toEqual(['8', '1.5']);
    expect(desk.state.lists.get(1)?.open).toBe(true);
    desk.market({ bids: [[104, 1]], asks: [[106, 1]], prints: [['buy', 105, 5]] });
    expect([limit.status, desk.state.lists.get(1)?.open]).toEqual([OrderStatus.Filled, false]);
  });

  it.each([Sell, Buy])('the trigger of one leg ends the other (%s)', (side) => {
    const desk = openDesk();
    const orders = openList(desk, side);
    const [limit, stop] = side === Sell ? orders : [orders[1], orders[0]];
    const last = side === Sell ? 95 : 105;
    desk.market({ bids: [[last - 0.5, 5]], asks: [[last + 0.5, 5]], prints: [['sell', last, 0.1]] });
    expect([limit.status, stop.status]).toEqual([OrderStatus.Expired, OrderStatus.Filled]);
    expect(desk.balance('alice', side === Sell ? 'BTC' : 'USDT')[1]).toBe('0');
  });

  it('cancelling one leg cancels both', () => {
    const desk = openDesk();
    const [limit, stop] = openList(desk);
    desk.exchange.cancel('alice', { symbol: 'BTCUSDT', orderId: stop.orderId }, desk.nowMs);
    expect([limit.status, stop.status]).toEqual([OrderStatus.Canceled, OrderStatus.Canceled]);
    expect(desk.balance('alice', 'BTC')).toEqual(['10', '0']);
  });

  it('legs on the wrong side of the market are refused', () => {
    const desk = openDesk();
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
