import fc from 'fast-check';
import { DEPLOYMENT } from '../../activities/bench';
import { BTC } from '../../domain/fixtures';
import { VENUE, type Harness, type World } from '../harness';

/** One account with one long-lived workflow, messages for it drawn from a seed, and how to judge what became of them. */
export interface Stage {
  readonly harness: Harness;
  readonly world: World;
  readonly seed: number;
}

/** Sends the seed's messages and holds the outcome to them. Returns the id of the workflow that got them. */
export type Scenario = (stage: Stage) => Promise<string>;

/** A message and how long to wait after sending it, in wall milliseconds. */
export interface Step<Message> {
  readonly message: Message;
  readonly waitMs: number;
}

/** Mostly close together, so that several are in flight when a run ends; now and then so far apart that it is at rest. */
const waits = fc.oneof(
  { arbitrary: fc.constant(0), weight: 6 },
  { arbitrary: fc.integer({ min: 1, max: 30 }), weight: 3 },
  { arbitrary: fc.integer({ min: 100, max: 400 }), weight: 1 },
);

/** The messages of a seed: the same in every run of the test. */
export function draw<Message>(
  seed: number,
  message: fc.Arbitrary<Message>,
  length: { readonly min: number; readonly max: number },
): readonly Step<Message>[] {
  const steps = fc.array(fc.record({ message, waitMs: waits }), {
    minLength: length.min,
    maxLength: length.max,
    size: 'max',
  });
  const [drawn] = fc.sample(steps, { seed, numRuns: 1 });
  if (drawn === undefined) throw new Error(`Seed ${seed} draws nothing.`);
  return drawn;
}

export const accountOf = ({ world }: Stage) => ({
  deployment: DEPLOYMENT,
  account: world.account,
  venue: VENUE,
  symbols: [BTC.symbol],
});

export const callsOf = (world: World, name: string): readonly unknown[] =>
  world.calls.filter((call) => call.name === name).map(({ input }) => input);
