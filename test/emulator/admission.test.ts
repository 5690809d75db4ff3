import { OrderStatus, OrderType, Side, TimeInForce } from '../../emulator/engine/types';
import { CancelRestriction } from '../../emulator/requests';
import { ladder, openDesk } from './desk';

const { Buy } = Side;
const { Gtc } = TimeInForce;

describe('client ids, cancellation and replacement', () => {
  const rest = { quantity: '1', price: '90', timeInForce: Gtc, clientOrderId: 'mine' };

  it('a client id is unique among open orders only', () => {
    const desk = openDesk();
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
    const desk = openDesk();
    const order = desk.place('alice', Buy, OrderType.Limit, rest);
    const ref = { symbol: 'BTCUSDT', orderId: order.orderId };
    expect(desk.exchange.find('bob', ref)).toBeUndefined();
    expect(desk.refusal(() => desk.exchange.cancel('bob', ref, desk.nowMs))).toBe(
      '-2011 Unknown order sent.',
    );
  });

  it('a restricted cancellation leaves a partly filled order alone', () => {
    const desk = openDesk();
    const order = desk.place('alice', Buy, OrderType.Limit, { ...rest, price: '99.5' });
    desk.market({ ...ladder, prints: [['sell', 99.5, 0.4]] });
    const request = { symbol: 'BTCUSDT', orderId: order.orderId, restriction: CancelRestriction.OnlyNew };
    expect(desk.refusal(() => desk.exchange.cancel('alice', request, desk.nowMs))).toBe(
      '-2011 Order was not canceled due to cancel restrictions.',
    );
  });

  it('cancel-replace checks filters first, then cancels, then places', () => {
    const desk = openDesk();
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
    const desk = openDesk();
    expect(desk.refusal(() => desk.place('alice', Buy, OrderType.Limit, rest))).toBe(refusal);
  });

  it.each([
    { ...base, quantity: '0.05' },
    { ...base, price: '500' },
    { ...base, price: '20.00' },
    { ...base, price: '100.01000000' },
  ])('%j is accepted', (rest) => {
    const desk = openDesk();
    expect(() => desk.place('alice', Buy, OrderType.Limit, rest)).not.toThrow();
  });

  it('a market order is measured at the average price', () => {
    const desk = openDesk();
    expect(desk.refusal(() => desk.place('alice', Buy, OrderType.Market, { quantity: '0.0499' }))).toBe(
      '-1013 Filter failure: NOTIONAL',
    );
    expect(desk.refusal(() => desk.place('alice', Buy, OrderType.Market, { quoteOrderQty: '4.99' }))).toBe(
      '-1013 Filter failure: NOTIONAL',
    );
  });
});
