import type { ExchangePort } from '../../../adapters/exchange/port';
import { ExchangeFailure, FailureKind } from '../../../domain/errors';
import { OrderType } from '../../../domain/order';
import { decimal } from '../../../domain/decimal';
import { BTC, EmulatorWorld } from './emulator-world';
import { ACCEPTED_BEHIND, LOST_BEFORE, named, NOT_TAKEN, REFUSED } from './fault-kinds';

const { Rejected, NotExecuted, Ambiguous } = FailureKind;
const REQUEST_TIMEOUT_MS = 400;

/** What a failed request proves, by fault; the same whatever the request was. */
const BEFORE_ROWS = [
  ...named(LOST_BEFORE).map(([name, fault]) => [name, fault, Ambiguous] as const),
  ...named([...NOT_TAKEN, { kind: 'maintenance', times: 1 }]).map(
    ([name, fault]) => [name, fault, NotExecuted] as const,
  ),
  ...named(REFUSED).map(([name, fault]) => [name, fault, Rejected] as const),
];
const AFTER_ROWS = named(ACCEPTED_BEHIND);

let world: EmulatorWorld;
let exchange: ExchangePort;
/** Sees the truth: no fault that is matched to an endpoint strikes what it asks. */
beforeEach(async () => {
  world = await EmulatorWorld.start();
  exchange = await world.open({ requestTimeoutMs: REQUEST_TIMEOUT_MS });
});
afterEach(() => world.close());

async function failureOf(work: Promise<unknown>): Promise<FailureKind> {
  const failure: unknown = await work.then(
    () => 'it succeeded',
    (reason: unknown) => reason,
  );
  if (!(failure instanceof ExchangeFailure))
    throw new Error(`expected an ExchangeFailure: ${String(failure)}`);
  return failure.kind;
}
const statuses = (): string[] => world.record().orders.map(({ status }) => status);
const rest = async (): Promise<string> => {
  const order = world.nextOrder({ type: OrderType.Limit, limitPrice: decimal('59000') });
  await exchange.submit(order);
  return order.clientOrderId;
};

describe('a new order', () => {
  it.each(BEFORE_ROWS)(
    'that fails before acceptance, by %s, proves no more than is so',
    async (_, fault, kind) => {
      await world.plan(matched('POST /api/v3/order', fault));
      expect(await failureOf(exchange.submit(world.nextOrder()))).toBe(kind);
      expect(statuses()).toEqual([]);
    },
  );

  it.each(AFTER_ROWS)('that is accepted behind %s is found by its id', async (_, fault) => {
    await world.plan(matched('POST /api/v3/order', fault));
    const order = world.nextOrder();
    expect(await failureOf(exchange.submit(order))).toBe(Ambiguous);
    expect(await exchange.lookUp(BTC, order.clientOrderId)).toMatchObject({ status: 'filled' });
  });
});

describe('a cancellation', () => {
  it.each(BEFORE_ROWS)('that fails before acceptance, by %s, leaves the order', async (_, fault, kind) => {
    const id = await rest();
    await world.plan(matched('DELETE /api/v3/order', fault));
    expect(await failureOf(exchange.cancel(BTC, id))).toBe(kind);
    expect(statuses()).toEqual(['NEW']);
  });

  it.each(AFTER_ROWS)('that is accepted behind %s is found done', async (_, fault) => {
    const id = await rest();
    await world.plan(matched('DELETE /api/v3/order', fault));
    expect(await failureOf(exchange.cancel(BTC, id))).toBe(Ambiguous);
    expect(await exchange.cancel(BTC, id)).toBeUndefined();
    expect(await exchange.lookUp(BTC, id)).toMatchObject({ status: 'cancelled' });
  });

  it('that loses against a fill is no failure: the order is looked up', async () => {
    const id = await rest();
    await world.plan({ kind: 'cancel-loses' });
    expect(await exchange.cancel(BTC, id)).toBeUndefined();
    expect(await exchange.lookUp(BTC, id)).toMatchObject({ status: 'filled' });
  });
});

describe('a cancelReplace', () => {
  const REPLACE = 'POST /api/v3/order/cancelReplace';
  const hold = async (): Promise<string> => {
    await exchange.submit(world.nextOrder());
    const stop = world.stopOrder('58000');
    await exchange.submit(stop);
    return stop.clientOrderId;
  };

  it.each(BEFORE_ROWS)('that fails before acceptance, by %s, leaves the stop', async (_, fault, kind) => {
    const id = await hold();
    await world.plan(matched(REPLACE, fault));
    expect(await failureOf(exchange.replace(id, world.stopOrder('58500')))).toBe(kind);
    expect(statuses()).toEqual(['FILLED', 'NEW']);
  });

  it.each(AFTER_ROWS)('that is accepted behind %s is found done', async (_, fault) => {
    const id = await hold();
    await world.plan(matched(REPLACE, fault));
    const next = world.stopOrder('58500');
    expect(await failureOf(exchange.replace(id, next))).toBe(Ambiguous);
    expect(await exchange.lookUp(BTC, next.clientOrderId)).toMatchObject({ status: 'open' });
    expect(await exchange.lookUp(BTC, id)).toMatchObject({ status: 'cancelled' });
  });

  it.each([
    ['no funds', -2010, 'Account has insufficient balance for requested action.', false],
    ['a filter', -1013, 'Filter failure: LOT_SIZE', false],
    ['too many orders', -1015, 'Too many new orders; current limit is 100 orders per 10 SECOND.', false],
    ['overload', -1008, 'Server is currently overloaded with other requests.', false],
    ['a price beyond the stop', -2010, 'Stop price would trigger immediately.', true],
  ])('whose new half is refused for %s leaves the position naked', async (_, code, message, wouldTrigger) => {
    const id = await hold();
    await world.plan({ kind: 'replace-fails', half: 'placement', code, message });
    expect(await exchange.replace(id, world.stopOrder('58500'))).toMatchObject({
      outcome: 'naked',
      cancelled: { clientOrderId: id, status: 'cancelled' },
      wouldTrigger,
    });
    expect(statuses()).toEqual(['FILLED', 'CANCELED']);
  });

  it('whose new half is of unknown fate is ambiguous as a whole', async () => {
    const id = await hold();
    const message =
      'Timeout waiting for response from backend server. Send status unknown; execution status unknown.';
    await world.plan({ kind: 'replace-fails', half: 'placement', code: -1007, message });
    expect(await failureOf(exchange.replace(id, world.stopOrder('58500')))).toBe(Ambiguous);
  });

  it('whose old order has just filled is told as such, and so is one that would not be cancelled', async () => {
    const id = await hold();
    await world.plan({
      kind: 'replace-fails',
      half: 'cancellation',
      code: -2011,
      message: 'Unknown order sent.',
    });
    expect(await exchange.replace(id, world.stopOrder('58500'))).toMatchObject({ outcome: 'not-cancelled' });
    expect(statuses()).toEqual(['FILLED', 'NEW']);
    await world.plan({ kind: 'cancel-loses' });
    expect(await exchange.replace(id, world.stopOrder('58500'))).toMatchObject({ outcome: 'not-cancelled' });
    expect(statuses()).toEqual(['FILLED', 'FILLED']);
  });
});

describe('a look-up', () => {
  it.each(BEFORE_ROWS)('that fails by %s is never taken for an absence', async (_, fault, kind) => {
    const id = await rest();
    await world.plan(matched('GET /api/v3/order', fault));
    expect(await failureOf(exchange.lookUp(BTC, id))).toBe(kind);
    expect(await exchange.lookUp(BTC, id)).toMatchObject({ status: 'open' });
  });

  it('finds nothing while an order is hidden, which is why absence takes time to prove', async () => {
    await world.plan({ kind: 'hidden-order', delayMs: 600_000 });
    const order = world.nextOrder();
    expect(await exchange.submit(order)).toMatchObject({ status: 'filled' });
    expect(await exchange.lookUp(BTC, order.clientOrderId)).toBeUndefined();
  });
});

describe('a list', () => {
  it.each(['garbage', 'empty'])('of orders or trades is never taken for an empty one: %s', async (kind) => {
    await rest();
    for (const match of [
      'GET /api/v3/openOrders',
      'GET /api/v3/allOrders',
      'GET /api/v3/myTrades',
      'GET /api/v3/account',
    ])
      await world.plan({ kind, match });
    expect(await failureOf(exchange.openOrders(BTC))).toBe(Ambiguous);
    expect(await failureOf(exchange.ordersSince(BTC, 0))).toBe(Ambiguous);
    expect(await failureOf(exchange.fillsSince(BTC, 0))).toBe(Ambiguous);
    expect(await failureOf(exchange.balances())).toBe(Ambiguous);
  });
});

describe("the exchange's clock", () => {
  it('is followed when it leaps: the refused order goes out right the next time', async () => {
    await exchange.balances();
    await world.plan({ kind: 'clock-skew', skewMs: -3_600_000 });
    const order = world.nextOrder();
    expect(await failureOf(exchange.submit(order))).toBe(NotExecuted);
    expect(await exchange.submit(order)).toMatchObject({ status: 'filled' });
    await world.callOff();
    expect(await failureOf(exchange.balances())).toBe(NotExecuted);
    expect(await exchange.balances()).toHaveLength(2);
  });
});

describe('a symbol that is closed or gone', () => {
  it.each(['BREAK', 'DELISTED'])('%s refuses orders for good', async (status) => {
    await world.plan({ kind: 'trading-status', symbol: 'BTCUSDT', status });
    expect(await failureOf(exchange.submit(world.nextOrder()))).toBe(Rejected);
  });
});

const matched = (match: string, fault: object): object =>
  'kind' in fault && fault.kind === 'maintenance' ? fault : { match, ...fault };
