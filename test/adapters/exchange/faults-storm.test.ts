import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createFeedActivities } from '../../../activities/feed';
import { decimal } from '../../../domain/decimal';
import { RandomStream } from '../../../domain/random';
import type { FaultStrike } from '../../../emulator/server/faults/log';
import { ACCOUNT } from '../../activities/bench';
import { DeskWorld, expectClean, NARROW } from './desk-world';
import { ACCEPTED_BEHIND, LOST_BEFORE, NOT_TAKEN, REFUSED } from './fault-kinds';

/** Of each fault, at each request, order, event or connection. */
const PROBABILITY = 0.015;
const POSITIONS = 6;

const STRUCK_AT_RANDOM: readonly object[] = [
  ...[...ACCEPTED_BEHIND, ...LOST_BEFORE, ...NOT_TAKEN, ...REFUSED].map((fault) => ({
    match: '*',
    ...fault,
  })),
  { kind: 'delay', match: '*', delayMs: 300 },
  { kind: 'delay', match: '*', delayMs: 300, phase: 'after' },
  { kind: 'hidden-order', delayMs: 350 },
  { kind: 'cancel-loses' },
  { kind: 'replace-fails', half: 'placement' },
  { kind: 'replace-fails', half: 'cancellation' },
  { kind: 'cancel-order', orderType: 'STOP_LOSS' },
  { kind: 'expire-order', orderType: 'STOP_LOSS' },
  { kind: 'fill-order', orderType: 'STOP_LOSS' },
  ...['ws-gap', 'ws-duplicate', 'ws-reorder', 'ws-refuse', 'ws-disconnect'].map((kind) => ({
    kind,
    match: 'ws:user',
  })),
  { kind: 'ws-terminated' },
];

/** What holds for a while, or changes the exchange. */
const ACTS: readonly ((random: RandomStream) => object)[] = [
  () => ({ kind: 'ws-mute', match: 'ws:user', window: { untilMs: Date.now() + 300 } }),
  () => ({ kind: 'ws-stale', match: 'ws:user', window: { untilMs: Date.now() + 300 } }),
  () => ({ kind: 'maintenance', window: { untilMs: Date.now() + 200 } }),
  () => ({ kind: 'clock-skew', skewMs: 5_000, window: { untilMs: Date.now() + 300 } }),
  (random) => ({
    kind: 'rules',
    symbol: 'BTCUSDT',
    stepSize: random.uniform() < 0.5 ? '0.0001' : '0.00001',
    tickSize: random.uniform() < 0.5 ? '0.5' : '0.01',
  }),
  () => ({ kind: 'trading-status', symbol: 'BTCUSDT', status: 'BREAK' }),
  () => ({ kind: 'trading-status', symbol: 'BTCUSDT', status: 'TRADING' }),
  () => ({ kind: 'trading-status', symbol: 'BTCUSDT', status: 'TRADING' }),
];

/** Everything that can go wrong, at random, while positions are opened, protected and left, and the account is listened to. */
it.each([1, 2, 3])('a storm leaves every position flat and no order twice (seed %i)', async (seed) => {
  const desk = await DeskWorld.start(NARROW);
  const random = new RandomStream(seed);
  for (const [index, fault] of STRUCK_AT_RANDOM.entries()) {
    const chance = { times: 'always', probability: PROBABILITY, seed: seed * 1_000 + index };
    await desk.world.plan({ ...fault, ...chance });
  }
  const over = new AbortController();
  const isOver = (): boolean => over.signal.aborted;
  const environment = new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') });
  const { watchAccount } = createFeedActivities(desk.deps);
  const listening = async (): Promise<void> => {
    // Temporal tries a failed activity again.
    while (!isOver()) await environment.run(watchAccount, { account: ACCOUNT }).catch(() => undefined);
  };
  const acting = async (): Promise<void> => {
    while (!isOver()) {
      await sleep(50 + random.uniform() * 300);
      const act = ACTS[Math.floor(random.uniform() * ACTS.length)];
      if (act !== undefined) await desk.world.plan(act(random));
    }
  };
  const background = [listening(), acting()];

  const big = { quantity: decimal('0.7'), reservedQuote: decimal('42007') };
  const ids = Array.from({ length: POSITIONS }, (_, index) => desk.grant(index % 2 === 0 ? {} : big));
  await Promise.all(ids.map((id) => desk.trade(id))).finally(async () => {
    over.abort();
    environment.cancel();
    await Promise.all(background);
  });

  expectClean(desk.world.record());
  const strikes = (await desk.world.control('GET', 'faults/log')) as readonly FaultStrike[];
  // How many depends on how soon all is over.
  expect(strikes.length).toBeGreaterThan(5);
  await desk.close();
});
