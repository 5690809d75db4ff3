import { Leg } from '../../../domain/order';
import {
  decide,
  decideFast,
  enter,
  flatten,
  leave,
  leaveInVain,
  reconcile,
  stopAll,
  takeBack,
  trail,
  trailInVain,
  type PrepareFlow,
} from './flows';
import { Instant, type Verdict } from './moments';
import type { GrantedPosition } from './trading';
import { PAIRS, VICTIMS, type Victims } from './victims';
import type { WorkerProcess } from './worker-process';
import type { World } from './world';

type Act = (worker: WorkerProcess) => Verdict;

/** One place on a position's way at which something is killed. */
export interface Step {
  /** Begins with the number of the step in the design, section 3. */
  readonly name: string;
  /** Waits for the place, and strikes there. */
  readonly await: (world: World, position: GrantedPosition, strike: Act) => Promise<unknown>;
  readonly instant: Instant;
  /** Who is killed there, one cell of the matrix each. */
  readonly victims: readonly Victims[];
}

/** An order's own instants. */
const ofOrder = (number: number, leg: Leg, instant: Instant, sequence = 0): Step => ({
  name: `${number} ${leg}${sequence === 0 ? '' : ` ${sequence}`}, ${instant}`,
  instant,
  victims: VICTIMS,
  await: (world, position, strike) => world.at(instant, position.id(leg, sequence), strike),
});

/** The first commit or request whose text holds these words. */
const withWords = (
  number: number,
  what: string,
  instant: Instant,
  words: (position: GrantedPosition) => readonly string[],
): Step => ({
  name: `${number} ${what}, ${instant}`,
  instant,
  victims: VICTIMS,
  await: (world, position, strike) => world.when(instant, words(position), strike),
});

const bothEnds = (
  number: number,
  what: string,
  instants: readonly [Instant, Instant],
  words: (position: GrantedPosition) => readonly string[],
): readonly Step[] => instants.map((instant) => withWords(number, what, instant, words));

const COMMIT = [Instant.Write, Instant.Written] as const;
const REQUEST = [Instant.Ask, Instant.Asked] as const;
const SEND = [Instant.Commit, Instant.Committed, Instant.Request, Instant.Answer] as const;

/** An order on its way out, where also a worker and the one that it talks to are killed together. */
const sending = (number: number, leg: Leg, sequence = 0): readonly Step[] =>
  SEND.map((instant) => ({
    ...ofOrder(number, leg, instant, sequence),
    victims: [...VICTIMS, ...PAIRS],
  }));

/** The next order of a leg whose last came to nothing: lost once more, or executed and not heard of, when a further one would sell twice. */
const sendingAgain = (number: number, leg: Leg): readonly Step[] =>
  [Instant.Request, Instant.Answer].map((instant) => ofOrder(number, leg, instant, 1));

/** The first order of a leg whose request is lost, so that it has to be looked for. */
const lost =
  (leg: Leg) =>
  (step: Step): Step => ({
    ...step,
    await: async (world, position, strike) => {
      await Promise.all([
        world.at(Instant.Request, position.id(leg), () => 'drop'),
        step.await(world, position, strike),
      ]);
    },
  });

/** From an order whose fate is unclear to the proof that it never arrived. */
const untilAbsent = (leg: Leg): readonly Step[] => [
  ...bothEnds(4, 'the ambiguity', COMMIT, (position) => ['ambiguous', position.id(leg)]),
  ...bothEnds(4, 'the look-up', REQUEST, (position) => ['GET /api/v3/order?', position.id(leg)]),
  ...bothEnds(4, 'the proof', COMMIT, (position) => ['proven-absent', position.id(leg)]),
];

/** Every numbered step of the order path, by the way on which it lies. */
export const STEPS: readonly {
  readonly flow: string;
  readonly prepare: PrepareFlow;
  readonly steps: readonly Step[];
}[] = [
  {
    flow: 'a bar is decided on and the position granted',
    prepare: decide,
    steps: bothEnds(1, 'the grant', COMMIT, ({ input }) => ['INSERT INTO approvals', input.positionId]),
  },
  {
    flow: 'a fast lane decides on a bar, and its entry is sent and protected',
    prepare: decideFast,
    steps: [
      ...bothEnds(1, 'the decision', COMMIT, ({ input }) => ['INSERT INTO decisions', input.strategy]),
      ...bothEnds(1, 'the grant', COMMIT, ({ input }) => ['INSERT INTO approvals', input.positionId]),
      ...sending(3, Leg.Entry),
      ...sending(7, Leg.Stop),
    ],
  },
  {
    flow: 'an entry is sent, and protected once filled',
    prepare: enter,
    steps: [
      ...sending(3, Leg.Entry),
      ...bothEnds(4, 'the fills', COMMIT, (position) => ['INSERT INTO fills', position.id(Leg.Entry)]),
      ...sending(7, Leg.Stop),
      ...bothEnds(7, 'the resting stop', COMMIT, (position) => ['seen-open', position.id(Leg.Stop)]),
    ],
  },
  {
    flow: 'an entry gets lost, and is looked for until it is proven absent',
    prepare: enter,
    steps: untilAbsent(Leg.Entry).map(lost(Leg.Entry)),
  },
  {
    flow: 'a stop gets lost, and is sent again once it is proven absent',
    prepare: enter,
    steps: [...untilAbsent(Leg.Stop), ...sendingAgain(4, Leg.Stop)].map(lost(Leg.Stop)),
  },
  {
    flow: 'an exit gets lost, and is sent again once it is proven absent',
    prepare: leave,
    steps: [...untilAbsent(Leg.Exit), ...sendingAgain(4, Leg.Exit)].map(lost(Leg.Exit)),
  },
  {
    flow: 'a resting entry is taken back',
    prepare: takeBack,
    steps: [
      ...bothEnds(7, 'the cancel', REQUEST, (position) => ['DELETE /api/v3/order', position.id(Leg.Entry)]),
      ...bothEnds(7, 'its end', COMMIT, (position) => ['seen-cancelled', position.id(Leg.Entry)]),
    ],
  },
  {
    flow: 'a stop is replaced by a higher one',
    prepare: trail,
    steps: [
      ...bothEnds(2, 'the plan', COMMIT, (position) => ['INSERT INTO orders', position.id(Leg.Stop, 1)]),
      ...sending(7, Leg.Stop, 1),
      ...bothEnds(7, 'the end of the old', COMMIT, (position) => ['seen-cancelled', position.id(Leg.Stop)]),
    ],
  },
  {
    flow: 'a higher stop is refused when the old one is gone, and the position is left',
    prepare: trailInVain,
    steps: [
      ofOrder(7, Leg.Stop, Instant.Answer, 1),
      ...bothEnds(7, 'the end of the old', COMMIT, (position) => ['seen-cancelled', position.id(Leg.Stop)]),
      ...bothEnds(7, 'the refusal', COMMIT, (position) => ['refused', position.id(Leg.Stop, 1)]),
      ...sending(7, Leg.Exit),
      ...bothEnds(4, 'the fills', COMMIT, (position) => ['INSERT INTO fills', position.id(Leg.Exit)]),
    ],
  },
  {
    flow: 'a position is left',
    prepare: leave,
    steps: [
      ...bothEnds(2, 'the plan', COMMIT, (position) => ['INSERT INTO orders', position.id(Leg.Exit)]),
      ...sending(6, Leg.Exit),
      ...bothEnds(4, 'the fills', COMMIT, (position) => ['INSERT INTO fills', position.id(Leg.Exit)]),
      ...bothEnds(8, 'the look for late fills', REQUEST, () => ['GET /api/v3/allOrders']),
      ...bothEnds(8, 'the close', COMMIT, ({ input }) => ["SET state = 'closed'", input.positionId]),
    ],
  },
  {
    flow: 'an exit is refused when the stop is gone, and is sent again',
    prepare: leaveInVain,
    steps: [
      ofOrder(7, Leg.Exit, Instant.Answer),
      ...bothEnds(7, 'the refusal', COMMIT, (position) => ['refused', position.id(Leg.Exit)]),
      ...sendingAgain(7, Leg.Exit),
    ],
  },
  {
    flow: 'a strategy is flattened',
    prepare: flatten,
    steps: bothEnds(6, 'the wish', COMMIT, ({ input }) => ['exit_wished_at', input.positionId]),
  },
  {
    flow: 'the emergency stop sells',
    prepare: stopAll,
    steps: [
      ...bothEnds(5, 'the halt', COMMIT, () => ['INSERT INTO halt_epochs']),
      ...bothEnds(5, 'the list of open orders', REQUEST, () => ['GET /api/v3/openOrders']),
      ...sending(5, Leg.Emergency),
      ...bothEnds(8, 'the look for late fills', REQUEST, () => ['GET /api/v3/allOrders']),
      ...bothEnds(5, 'the report', COMMIT, () => ['INSERT INTO risk_events', 'Flat after']),
    ],
  },
  {
    flow: 'the exchange is held against the journal',
    prepare: reconcile,
    steps: [
      ...bothEnds(9, 'the fills of the exchange', REQUEST, () => ['GET /api/v3/myTrades']),
      ...bothEnds(9, 'the orders of the exchange', REQUEST, () => ['GET /api/v3/allOrders']),
    ],
  },
];
