import { OrderState, type OrderView } from '../../../domain/order';
import { ExitReason, PositionState, type PositionView } from '../../../domain/position';
import { DeskWorld, expectClean, MAX_HIDDEN_MS } from './desk-world';
import { ACCEPTED_BEHIND, LOST_BEFORE, named, NOT_TAKEN } from './fault-kinds';

const isStopOpen = ({ leg, state }: OrderView): boolean => leg === 'stop' && state === OrderState.Open;

let desk: DeskWorld;
beforeEach(async () => {
  desk = await DeskWorld.start();
});
afterEach(() => desk.close());

const PLACE = 'POST /api/v3/order';
const REPLACE = 'POST /api/v3/order/cancelReplace';
const LOOK_UP = 'GET /api/v3/order';

describe('an entry', () => {
  it.each(named(ACCEPTED_BEHIND))('accepted behind %s is found and never sent again', async (_, fault) => {
    await desk.world.plan({ match: PLACE, ...fault });
    const id = desk.grant();
    expect((await desk.sendNext(id)).order.state).toBe(OrderState.Unknown);
    await desk.drive(id, ({ ledger }) => ledger.heldQuantity === '0.1998');
    const buys = desk.world.record().orders.filter(({ side }) => side === 'BUY');
    expect(buys).toHaveLength(1);
  });

  it.each(named(ACCEPTED_BEHIND.slice(0, 3)))(
    'accepted behind %s, hidden, with look-ups that fail',
    async (_, fault) => {
      await desk.world.plan({ kind: 'hidden-order', delayMs: MAX_HIDDEN_MS });
      await desk.world.plan({ match: PLACE, ...fault });
      for (const broken of LOST_BEFORE) await desk.world.plan({ match: LOOK_UP, ...broken });
      const id = desk.grant();
      await desk.trade(id);
      expect(desk.world.record().orders.filter(({ side }) => side === 'BUY')).toHaveLength(1);
      expectClean(desk.world.record());
    },
  );

  it.each(named(LOST_BEFORE))('lost by %s is proven absent and given up', async (_, fault) => {
    await desk.world.plan({ match: PLACE, ...fault });
    const id = desk.grant();
    const position = await desk.trade(id);
    expect(position.orders.find(({ leg }) => leg === 'entry')?.state).toBe(OrderState.Abandoned);
    expect(desk.world.record().orders).toEqual([]);
  });

  it.each(named(NOT_TAKEN))('that %s did not let through is sent again, under its id', async (_, fault) => {
    await desk.world.plan({ match: PLACE, ...fault });
    const id = desk.grant();
    expect((await desk.sendNext(id)).order.state).toBe(OrderState.Created);
    await desk.drive(id, ({ ledger }) => ledger.heldQuantity === '0.1998');
    expect(desk.world.record().orders.filter(({ side }) => side === 'BUY')).toHaveLength(1);
  });

  it('is not sent for ever with a key that was revoked', async () => {
    await desk.trade(desk.grant());
    await desk.world.plan({ kind: 'code', code: -2015, times: 'always', match: PLACE });
    const position = await desk.trade(desk.grant());
    expect(position.orders.find(({ leg }) => leg === 'entry')).toMatchObject({ state: OrderState.Rejected });
    const strikes = (await desk.world.control('GET', 'faults/log')) as readonly unknown[];
    expect(strikes).toHaveLength(1);
  });

  it('follows the clock of an exchange that is off, and of one that is right again', async () => {
    await desk.trade(desk.grant());
    await desk.world.plan({ kind: 'clock-skew', skewMs: 60_000 });
    await desk.trade(desk.grant());
    await desk.world.callOff();
    await desk.trade(desk.grant());
    expect(desk.world.record().orders.filter(({ status }) => status === 'FILLED')).toHaveLength(6);
    expectClean(desk.world.record());
  });
});

describe('a stop', () => {
  it.each(named([...ACCEPTED_BEHIND, ...NOT_TAKEN]))('sent into %s rests exactly once', async (_, fault) => {
    const id = desk.grant();
    await desk.sendNext(id);
    await desk.world.plan({ match: PLACE, ...fault });
    await desk.drive(id, ({ orders }) => orders.some(isStopOpen));
    expect(desk.world.record().orders.filter(({ status }) => status === 'NEW')).toHaveLength(1);
    await desk.trade(id);
    expectClean(desk.world.record());
  });

  it.each(['cancel-order', 'expire-order', 'fill-order'])(
    'that meets with %s leaves nothing behind',
    async (kind) => {
      const id = desk.grant();
      await desk.drive(id, ({ orders }) => orders.some(isStopOpen));
      await desk.world.plan({ kind, clientOrderId: desk.orderOf(id, 'stop').clientOrderId });
      await desk.deps.desk.resolve(desk.orderOf(id, 'stop').clientOrderId);
      await desk.trade(id);
      expectClean(desk.world.record());
    },
  );
});

describe('rules that change while a position is held', () => {
  const coarser = { kind: 'rules', symbol: 'BTCUSDT', tickSize: '7', stepSize: '0.01', minQuantity: '0.01' };

  it.each([
    ['before its stop is sent', ({ ledger }: PositionView) => ledger.heldQuantity === '0.1998'],
    ['while its stop rests', ({ orders }: PositionView) => orders.some(isStopOpen)],
  ])('are taken over %s: it is protected and sold by them', async (_, until) => {
    const id = desk.grant();
    await desk.drive(id, until);
    await desk.world.plan(coarser);
    const { instrument } = await desk.trade(id);
    expect(instrument).toMatchObject({ tickSize: '7', stepSize: '0.01', minQuantity: '0.01' });
    const { orders, trades } = desk.world.record();
    expect(orders.filter(({ status }) => status === 'NEW')).toEqual([]);
    // What is below the new lot cannot be sold any more.
    expect(trades.filter(({ side }) => side === 'SELL').map(({ quantity }) => Number(quantity))).toEqual([
      0.19,
    ]);
  });
});

describe('an exit in the place of a stop', () => {
  const held = async (): Promise<string> => {
    const id = desk.grant();
    await desk.drive(id, ({ orders }) => orders.some(isStopOpen));
    await desk.store.wishExit(id, ExitReason.Flatten);
    return id;
  };
  const leave = async (id: string): Promise<void> => {
    await desk.drive(id, ({ state }) => state === PositionState.Closed);
    const sells = desk.world.record().trades.filter(({ side }) => side === 'SELL');
    expect(sells.reduce((total, { quantity }) => total + Number(quantity), 0)).toBeCloseTo(0.1998, 9);
    expectClean(desk.world.record());
  };

  it.each(named([...ACCEPTED_BEHIND, ...LOST_BEFORE, ...NOT_TAKEN]))(
    'sells once through %s',
    async (_, fault) => {
      const id = await held();
      await desk.world.plan({ match: REPLACE, ...fault });
      await leave(id);
    },
  );

  it.each([
    ['a new half that is refused', { kind: 'replace-fails', half: 'placement' }],
    [
      'a new half that may be executed',
      { kind: 'replace-fails', half: 'placement', code: -1007, message: 'Timeout.' },
    ],
    [
      'a cancellation that is refused',
      { kind: 'replace-fails', half: 'cancellation', code: -2011, message: 'Unknown order sent.' },
    ],
    [
      'a cancellation of unknown fate',
      { kind: 'replace-fails', half: 'cancellation', code: -1000, message: 'Unknown.' },
    ],
    ['a stop that fills in the same instant', { kind: 'cancel-loses' }],
  ])('sells once through %s', async (_, fault) => {
    const id = await held();
    await desk.world.plan(fault);
    await leave(id);
  });
});
