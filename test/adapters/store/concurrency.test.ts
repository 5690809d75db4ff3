import fc from 'fast-check';
import type { SendTicket } from '../../../adapters/store/port';
import {
  compare,
  decimal,
  lessThan,
  multiply,
  subtract,
  sum,
  ZERO,
  type DecimalString,
} from '../../../domain/decimal';
import { Leg, mayBeLive, OrderEvent, OrderState, OrderType, type OrderView } from '../../../domain/order';
import { TradingMode } from '../../../domain/risk';
import {
  ACCOUNT,
  createBench,
  DEPLOYMENT,
  fillOf,
  mustFind,
  mustGrant,
  mustOrder,
  orderId,
  proposal,
  sendAndOpen,
  sendRequest,
  SESSION,
  type Bench,
} from './support';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench(16);
});
beforeEach(() => bench.reset());
afterAll(() => bench.close());

/** Same seed, same interleaving of our calls; PostgreSQL's own scheduling varies on top. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const SYMBOLS = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT', 'XRP/USDT'];

it('lets no send commit after a halt without having seen it', async () => {
  const next = random(7);
  for (let round = 1; round <= 25; round += 1) {
    const session = `halt-${round}`;
    await bench.store.openAccount(ACCOUNT, session);
    const positions = await Promise.all(
      SYMBOLS.map((symbol) => mustGrant(bench.store, { session, proposal: proposal(symbol) })),
    );
    const ids = positions.map((position) => orderId(position, Leg.Entry));
    /** What a halted emergency stop finds when it looks, right after its halt has committed. */
    const halt = async () => {
      const epoch = await bench.store.raiseHalt(ACCOUNT, { key: session, reason: 'race', by: 'test' });
      return { epoch, seen: await Promise.all(ids.map((id) => mustOrder(bench.store, id))) };
    };
    const send = (id: string): Promise<SendTicket> => bench.store.beginSend(sendRequest(id));
    const before = ids.filter(() => next() < 0.5);
    const after = ids.filter((id) => !before.includes(id));
    const [early, halted, late] = await Promise.all([
      Promise.all(before.map(send)),
      halt(),
      Promise.all(after.map(send)),
    ]);
    for (const ticket of [...early, ...late]) {
      const seen = halted.seen.find((order) => order.clientOrderId === ticket.order.clientOrderId);
      // Sent: the halt has waited for it, so the emergency stop knows. Refused: it is as it was.
      expect(seen?.state).toBe(ticket.kind === 'send' ? OrderState.Sending : OrderState.Created);
      if (ticket.kind === 'refused') expect(ticket.code).toBe('halted');
    }
    const { rows } = await bench.pool.query<{ epoch: number }>(
      'SELECT epoch FROM orders o JOIN positions USING (position_id) WHERE session = $1 AND o.epoch IS NOT NULL',
      [session],
    );
    expect(rows.every(({ epoch }) => epoch === halted.epoch - 1)).toBe(true);
    await bench.store.setMode(ACCOUNT, TradingMode.Active, {
      reason: 'next',
      by: 'test',
      epoch: halted.epoch,
    });
  }
}, 120_000);

it('raises one epoch, whoever and however many raise it, until trading resumes', async () => {
  const raise = (key: string) => bench.store.raiseHalt(ACCOUNT, { key, reason: 'r', by: 'b' });
  expect(await Promise.all(['a', 'a', 'b', 'a', 'b', 'c'].map(raise))).toEqual([1, 1, 1, 1, 1, 1]);
  await bench.store.setMode(ACCOUNT, TradingMode.Active, { reason: 'next', by: 'b', epoch: 1 });
  expect(await Promise.all(['d', 'e', 'd', 'f'].map(raise))).toEqual([2, 2, 2, 2]);
  expect((await bench.store.account(ACCOUNT))?.haltEpoch).toBe(2);
});

/** One thing that may happen to a position, by anyone. */
type Happening =
  | { readonly kind: 'plan'; readonly leg: typeof Leg.Stop | typeof Leg.Exit; readonly replace: boolean }
  | { readonly kind: 'send'; readonly pick: number }
  | { readonly kind: 'event'; readonly pick: number; readonly event: OrderEvent }
  | { readonly kind: 'fill'; readonly pick: number; readonly permille: number };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constant('plan' as const),
    leg: fc.constantFrom(Leg.Stop, Leg.Exit),
    replace: fc.boolean(),
  }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('send' as const), pick: fc.nat(9) }) },
  fc.record({
    kind: fc.constant('event' as const),
    pick: fc.nat(9),
    event: fc.constantFrom(
      OrderEvent.Ambiguous,
      OrderEvent.NotExecuted,
      OrderEvent.Refused,
      OrderEvent.SeenOpen,
      OrderEvent.SeenCancelled,
    ),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fill' as const),
      pick: fc.nat(9),
      permille: fc.integer({ min: 1, max: 1000 }),
    }),
  },
);

/** Plays an honest exchange and impatient, concurrent owners of one position. */
class Scene {
  private sequence = 0;
  private trades = 0;
  /** Sells which took the place of an order: that one can sell no more. */
  private readonly replaced = new Set<string>();

  constructor(readonly positionId: string) {}

  async happen(what: Happening): Promise<void> {
    const { orders } = await mustFind(bench.store, this.positionId);
    const sells = orders.filter((order) => order.leg !== Leg.Entry);
    switch (what.kind) {
      case 'plan':
        return this.plan(
          what.leg,
          what.replace ? sells.findLast((order) => mayBeLive(order.state)) : undefined,
        );
      case 'send':
        return this.send(
          sells.filter((order) => order.state === OrderState.Created),
          what.pick,
        );
      case 'event': {
        const order = pickOf(
          sells.filter((each) => mayBeLive(each.state)),
          what.pick,
        );
        if (order !== undefined)
          await bench.store.recordEvent({ clientOrderId: order.clientOrderId, event: what.event });
        return;
      }
      case 'fill': {
        const live = orders.filter((each) => mayBeLive(each.state) && !this.replaced.has(each.clientOrderId));
        const order = pickOf(live, what.pick);
        if (order !== undefined) await this.fill(order, what.permille);
        return;
      }
    }
  }

  private async plan(leg: Leg, replaces: OrderView | undefined): Promise<void> {
    const sequence = (this.sequence += 1);
    await bench.store.plan({
      deployment: DEPLOYMENT,
      positionId: this.positionId,
      leg,
      sequence,
      type: leg === Leg.Stop ? OrderType.StopMarket : OrderType.Market,
      stopPrice: leg === Leg.Stop ? decimal('95') : null,
      replaces: replaces?.clientOrderId ?? null,
    });
  }

  private async send(created: readonly OrderView[], pick: number): Promise<void> {
    const order = pickOf(created, pick);
    if (order === undefined) return;
    const ticket = await bench.store.beginSend(sendRequest(order.clientOrderId));
    // The exchange cancels the replaced order in the same request.
    if (ticket.kind !== 'send' || order.replaces === null) return;
    this.replaced.add(order.replaces);
    await bench.store.recordEvent({ clientOrderId: order.replaces, event: OrderEvent.SeenCancelled });
  }

  private async fill(order: OrderView, permille: number): Promise<void> {
    const open = subtract(order.quantity, order.filledQuantity);
    const quantity = multiply(open, decimal(String(permille / 1000)));
    if (compare(quantity, ZERO) <= 0) return;
    const tradeId = `t${(this.trades += 1)}`;
    const fee = order.leg === Leg.Entry ? { fee: multiply(quantity, decimal('0.001')), feeAsset: 'BTC' } : {};
    const fill = fillOf(order, tradeId, quantity, fee);
    await bench.store.recordFills(ACCOUNT, [fill, fill], 'stream');
  }

  /** Held, even if every sell at the exchange fills completely, is never negative. */
  async expectCovered(): Promise<void> {
    const { ledger, orders } = await mustFind(bench.store, this.positionId);
    const atRisk = orders
      .filter((order) => order.leg !== Leg.Entry && mayBeLive(order.state))
      .filter((order) => !this.replaced.has(order.clientOrderId))
      .map((order): DecimalString => subtract(order.quantity, order.filledQuantity));
    expect(lessThan(ledger.heldQuantity, ZERO)).toBe(false);
    expect(lessThan(subtract(ledger.heldQuantity, sum(atRisk)), ZERO)).toBe(false);
  }
}

const pickOf = <T>(items: readonly T[], pick: number): T | undefined =>
  items[pick % Math.max(1, items.length)];

it('never lets sells exceed what is held, whatever interleaves', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { minLength: 5, maxLength: 30 }),
      fc.boolean(),
      async (script, together) => {
        const session = `run-${(run += 1)}`;
        await bench.store.openAccount(ACCOUNT, session);
        const granted = await mustGrant(bench.store, { session });
        await sendAndOpen(bench.store, orderId(granted, Leg.Entry));
        const scene = new Scene(granted.positionId);
        await scene.happen({ kind: 'fill', pick: 0, permille: 400 });
        // Sends may race each other; what the exchange tells is told in its order.
        const sends = script.filter((what) => what.kind === 'send');
        for (const what of script) {
          if (together && what === sends[0]) await Promise.all(sends.map((send) => scene.happen(send)));
          else await scene.happen(what);
          await scene.expectCovered();
        }
      },
    ),
    { numRuns: 40, seed: 42 },
  );
}, 240_000);

it('takes locks in one order: a crowd doing everything at once never deadlocks', async () => {
  const positions = await Promise.all(
    SYMBOLS.map((symbol) => mustGrant(bench.store, { session: SESSION, proposal: proposal(symbol) })),
  );
  const entries = await Promise.all(
    positions.map((position) => sendAndOpen(bench.store, orderId(position, Leg.Entry))),
  );
  const fills = entries.map((entry, index) => fillOf(entry, `t${index}`, '2'));
  const next = random(11);
  const crowd = Array.from({ length: 120 }, (_, index): (() => Promise<unknown>) => {
    const position = positions[index % positions.length];
    if (position === undefined) throw new Error('No positions.');
    const acts: readonly (() => Promise<unknown>)[] = [
      () => bench.store.recordFills(ACCOUNT, next() < 0.5 ? fills : fills.toReversed(), 'stream'),
      () => bench.store.beginSend(sendRequest(orderId(position, Leg.Stop))),
      () => bench.store.raiseHalt(ACCOUNT, { key: `h${index % 7}`, reason: 'r', by: 'b' }),
      () => mustGrant(bench.store, { proposal: proposal(position.symbol) }),
      () => bench.store.closePosition(position.positionId, 'flatten', 1),
      () => bench.store.recordUnprotected(position.positionId, `k${index}`, 1),
      () => bench.store.wishStop(position.positionId, decimal('96')),
    ];
    return acts[Math.floor(next() * acts.length)] ?? (() => Promise.resolve());
  });
  const outcomes = await Promise.allSettled(crowd.map((act) => act()));
  expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toEqual([]);
}, 60_000);
