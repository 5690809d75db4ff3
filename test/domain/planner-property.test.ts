import fc from 'fast-check';
import { Leg } from '../../domain/order';
import { sellable } from '../../domain/planner';
import { PositionState } from '../../domain/position';
import { PlannerWorld, type Happening } from './planner-world';

const percent = fc.integer({ min: 1, max: 100 });
const kinds = <K extends Happening['kind']>(...names: K[]) => fc.constantFrom(...names);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: kinds('fault'),
      fault: fc.constantFrom('none', 'refused', 'busy', 'lost', 'unheard', 'late'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kinds('crash'),
      after: fc.integer({ min: 0, max: 12 }),
      effect: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kinds('fill-entry'), percent }) },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'wick' }) },
  { weight: 2, arbitrary: fc.record({ kind: kinds('price'), price: fc.integer({ min: 85, max: 115 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: kinds('stops-held'), held: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: kinds('liquidity'), percent }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kinds('cancelled'), leg: fc.constantFrom(Leg.Entry, Leg.Stop, Leg.Exit) }),
  },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'wish-exit' }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kinds('wish-stop'), price: fc.integer({ min: 91, max: 112 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kinds('wait'), ms: fc.integer({ min: 0, max: 20_000 }) }) },
);

/** Between two turns nothing, or something, happens. */
const life = fc.array(fc.option(happening), { maxLength: 40 });

describe('a position in a hostile world', () => {
  it('never offers more than it holds, never idles unguarded, and ends flat once it is to be left', async () => {
    await fc.assert(
      fc.asyncProperty(life, async (happenings) => {
        const world = new PlannerWorld();
        await world.begin();
        for (const each of happenings) {
          if (each !== null) world.happen(each);
          await world.turn();
        }
        await world.leave();
        expect(world.violations).toEqual([]);
        expect(world.view().state).toBe(PositionState.Closed);
        expect(sellable(world.view()).dust).toBeDefined();
        expect(world.isOver()).toBe(true);
        expect(world.view().ledger.heldQuantity).toBe(world.bench.exchange.held());
      }),
    );
  });

  it('sends nothing twice: the exchange receives every client order id at most once', async () => {
    await fc.assert(
      fc.asyncProperty(life, async (happenings) => {
        const world = new PlannerWorld();
        await world.begin();
        for (const each of happenings) {
          if (each !== null) world.happen(each);
          await Promise.allSettled([world.turn(), world.turn()]); // two owners at once: an adoption that overlaps
        }
        await world.leave();
        const { received } = world.bench.exchange;
        expect(new Set(received).size).toBe(received.length);
        expect(world.violations).toEqual([]);
        expect(world.view().state).toBe(PositionState.Closed);
      }),
    );
  });
});
