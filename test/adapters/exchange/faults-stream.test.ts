import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createFeedActivities } from '../../../activities/feed';
import { OrderState, type OrderView } from '../../../domain/order';
import type { FaultStrike } from '../../../emulator/server/faults/log';
import { ACCOUNT } from '../../activities/bench';
import { DeskWorld } from './desk-world';

let desk: DeskWorld;
let environment: MockActivityEnvironment;
let watching: Promise<unknown>;
const feed = { failed: false };
/** A position that is held, with its stop resting. */
let positionId: string;

const isStopOpen = ({ leg, state }: OrderView): boolean => leg === 'stop' && state === OrderState.Open;

/** The first stop of a position: when that has ended and something is held, the feed sends another. */
function firstStop(id: string): OrderView {
  const stop = desk.position(id).orders.find(({ leg }) => leg === 'stop');
  if (stop === undefined) throw new Error(`${id} has no stop`);
  return stop;
}
/** Resolves once the journal, which nobody but the feed writes to here, has the first stop in that state. */
async function stopIs(state: OrderView['state'], id = positionId): Promise<void> {
  while (firstStop(id).state !== state) await new Promise((resolve) => setTimeout(resolve, 5));
}
const stopId = (): string => firstStop(positionId).clientOrderId;
const strikes = async (): Promise<readonly FaultStrike[]> =>
  (await desk.world.control('GET', 'faults/log')) as readonly FaultStrike[];
async function struck(kind: string, count = 1): Promise<void> {
  while ((await strikes()).filter((strike) => strike.kind === kind).length < count)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Listens, and knows by a stop of another position that the feed hears. */
async function listen(): Promise<void> {
  environment = new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') });
  const { watchAccount } = createFeedActivities(desk.deps);
  feed.failed = false;
  watching = environment.run(watchAccount, { account: ACCOUNT }).catch(() => (feed.failed = true));
  const other = desk.grant();
  await desk.drive(other, ({ orders }) => orders.some(isStopOpen));
  await desk.world.plan({ kind: 'cancel-order', clientOrderId: firstStop(other).clientOrderId });
  await stopIs(OrderState.Cancelled, other);
}

beforeEach(async () => {
  desk = await DeskWorld.start();
  positionId = desk.grant();
  await desk.drive(positionId, ({ orders }) => orders.some(isStopOpen));
  await listen();
});
afterEach(async () => {
  environment.cancel();
  await watching;
  await desk.close();
});

describe('what the user stream does not tell is found out by asking', () => {
  it('when events are lost', async () => {
    await desk.world.plan({ kind: 'ws-gap', match: 'ws:user', times: 6 });
    await desk.world.plan({ kind: 'fill-order', clientOrderId: stopId() });
    await stopIs(OrderState.Filled);
    expect(desk.position(positionId).ledger.heldQuantity).toBe('0');
  });

  it('while it is mute and answers every ping', async () => {
    await desk.world.plan({ kind: 'ws-mute', match: 'ws:user' });
    await desk.world.plan({ kind: 'cancel-order', clientOrderId: stopId() });
    await stopIs(OrderState.Cancelled);
  });

  it('when nothing comes any more, and connecting anew helps', async () => {
    await desk.world.plan({ kind: 'ws-stale', match: 'ws:user' });
    await desk.world.plan({ kind: 'expire-order', clientOrderId: stopId() });
    await struck('ws-stale');
    await desk.world.callOff();
    await stopIs(OrderState.Expired);
  });

  it('when the exchange ends it', async () => {
    await desk.world.plan({ kind: 'ws-gap', match: 'ws:user', times: 2 });
    await desk.world.plan({ kind: 'cancel-order', clientOrderId: stopId() });
    await desk.world.plan({ kind: 'ws-terminated' });
    await stopIs(OrderState.Cancelled);
    await struck('ws-terminated');
  });

  it('when it is cut and new connections are refused', async () => {
    await desk.world.plan({ kind: 'ws-refuse', match: 'ws:user' });
    await desk.world.plan({ kind: 'ws-disconnect', match: 'ws:user' });
    await struck('ws-refuse');
    await desk.world.plan({ kind: 'fill-order', clientOrderId: stopId() });
    await stopIs(OrderState.Filled);
  });

  it.each([
    ['garbage', { kind: 'garbage' }],
    ['an empty answer', { kind: 'empty' }],
    ['an unknown error', { kind: 'code', code: -1000 }],
    ['a refused timestamp', { kind: 'code', code: -1021 }],
    ['silence', { kind: 'hang-before' }],
    ['a reset', { kind: 'reset-before' }],
  ])('when subscribing anew meets with %s', async (_, fault) => {
    await desk.world.plan({ match: 'WS userDataStream.subscribe.signature', times: 2, ...fault });
    await desk.world.plan({ kind: 'ws-gap', match: 'ws:user', times: 2 });
    await desk.world.plan({ kind: 'cancel-order', clientOrderId: stopId() });
    await desk.world.plan({ kind: 'ws-disconnect', match: 'ws:user' });
    await stopIs(OrderState.Cancelled);
  });

  it('when its clock is off at the moment of subscribing', async () => {
    await desk.world.plan({ kind: 'clock-skew', skewMs: 3_600_000 });
    await desk.world.plan({ kind: 'ws-gap', match: 'ws:user', times: 2 });
    await desk.world.plan({ kind: 'cancel-order', clientOrderId: stopId() });
    await desk.world.plan({ kind: 'ws-disconnect', match: 'ws:user' });
    await stopIs(OrderState.Cancelled);
  });
});

it('news twice and in the wrong order change nothing', async () => {
  await desk.world.plan({ kind: 'ws-duplicate', match: 'ws:user', times: 'always', probability: 0.5 });
  await desk.world.plan({ kind: 'ws-reorder', match: 'ws:user', times: 'always', probability: 0.5, seed: 2 });
  await desk.world.plan({ kind: 'fill-order', clientOrderId: stopId() });
  await stopIs(OrderState.Filled);
  const { ledger, orders } = desk.position(positionId);
  expect(ledger.heldQuantity).toBe('0');
  expect(orders.map(({ filledQuantity }) => filledQuantity)).toEqual(['0.2', '0.1998']);
});

it('a delisted pair does not silence the others', async () => {
  await desk.world.plan({ kind: 'ws-mute', match: 'ws:user' });
  await desk.world.plan({ kind: 'trading-status', symbol: 'BTCUSDT', status: 'DELISTED' });
  await desk.world.plan({ kind: 'ws-disconnect', match: 'ws:user', times: 3 });
  // Each connection is told of, and what cannot be asked about any more does not end the listening.
  await struck('ws-disconnect', 3);
  expect(feed.failed).toBe(false);
});
