import { decimal } from '../../domain/decimal';
import { Leg, type OrderView } from '../../domain/order';
import { Context } from '@temporalio/activity';
import type { RunLaneInput } from '../../activities/lane/contract';
import type { EvaluateInput } from '../../activities/evaluation';
import type { ReconcileInput } from '../../activities/reconciliation';
import { FindingKind, Severity, type Finding } from '../../domain/findings';
import {
  advanceSignal,
  flattenSignal,
  orderNewsSignal,
  pauseSignal,
  pokeSignal,
  resumeSignal,
  strategyProgressQuery,
  workflowIds,
  type EmergencyStopInput,
  type EmergencyStopResult,
  type LegOrder,
  type OrderLifecycleInput,
} from '../../workflows/contract';
import type { backfill } from '../../workflows';
import { Harness, VENUE, type World } from './harness';

const MINUTE_MS = 60_000;
const ENTRY: LegOrder = { sequence: 0, type: 'limit', stopPrice: null, replaces: null, cancel: false };
const by = { by: 'tester', reason: 'a test' };

/** On a real server that suggests it after a few events: whatever lives long must get through that with messages in flight. */
describe('continuing as new', () => {
  let harness: Harness;
  let world: World;
  beforeAll(async () => {
    harness = await Harness.startOnDevServer(30);
  });
  beforeEach(async () => {
    world = await harness.newWorld();
  });
  afterAll(async () => {
    await harness.shutdown();
  });

  const reference = () => ({
    deployment: 'test',
    account: world.account,
    venue: VENUE,
    symbols: ['BTC/USDT'],
  });
  const runOf = async (workflowId: string): Promise<string> =>
    (await harness.handle(workflowId).describe()).runId;
  const callsOf = (name: string): number => world.calls.filter((call) => call.name === name).length;

  it('orderLifecycle: every fill is counted and the cancel is carried out', async () => {
    world.exchange.price = decimal('105');
    const { positionId } = harness.grant();
    const id = workflowIds.order(positionId, Leg.Entry);
    const input: OrderLifecycleInput = {
      ...reference(),
      symbol: 'BTC/USDT',
      positionId,
      leg: Leg.Entry,
      order: ENTRY,
    };
    const handle = await harness.start<(input: OrderLifecycleInput) => Promise<OrderView | null>>(
      'orderLifecycle',
      id,
      input,
    );
    const entry = (): OrderView | undefined => world.store.orders.known(positionId).orders[0];
    await harness.until(() => entry()?.state === 'open');
    const firstRun = await runOf(id);
    const stale = entry();
    if (stale === undefined) throw new Error('there is no entry');
    for (let fills = 0; fills < 15; fills += 1) {
      world.exchange.fillResting(stale.clientOrderId, decimal('0.05'));
      await Promise.all([harness.hear(stale.clientOrderId), handle.signal(orderNewsSignal, stale)]);
    }
    await handle.signal(advanceSignal, { ...ENTRY, cancel: true });
    await harness.until(async () => (await handle.describe()).status.name === 'COMPLETED');
    expect(await runOf(id)).not.toBe(firstRun);
    expect(await handle.result()).toMatchObject({ state: 'cancelled', filledQuantity: '0.75' });
    expect(world.exchange.received.filter((sent) => sent === stale.clientOrderId)).toHaveLength(1);
  });

  it('position: every fill ends up under the stop', async () => {
    world.exchange.liquidity = decimal('0.1');
    const input = harness.grant();
    const handle = await harness.start('position', input.positionId, input);
    await harness.until(() => world.exchange.offered() === '0.0999');
    const firstRun = await runOf(input.positionId);
    const entry = world.store.orders.known(input.positionId).orders[0]?.clientOrderId ?? '';
    for (let fills = 0; fills < 6; fills += 1) {
      world.exchange.fillResting(entry, decimal('0.1'));
      await Promise.all([harness.hear(entry), handle.signal(pokeSignal), handle.signal(pokeSignal)]);
    }
    await harness.until(() => world.exchange.offered() === '0.6993');
    // It continues in a turn in which nobody pokes it; one more poke gives it a turn soon.
    await handle.signal(pokeSignal);
    await harness.until(async () => (await runOf(input.positionId)) !== firstRun);
    expect(new Set(world.exchange.received).size).toBe(world.exchange.received.length);
  });

  it('emergencyStop: what cannot be sold is tried until it can', async () => {
    const input = harness.grant();
    await harness.start('position', input.positionId, input);
    await harness.until(() => world.exchange.offered() === '0.999');
    world.exchange.faults.push(...Array.from({ length: 5 }, () => 'refused' as const));
    const id = workflowIds.emergencyStop(world.account);
    const halt: EmergencyStopInput = { ...reference(), ...by, haltKey: 'key' };
    const handle = await harness.start<(input: EmergencyStopInput) => Promise<EmergencyStopResult>>(
      'emergencyStop',
      id,
      halt,
    );
    const firstRun = await runOf(id);
    await harness.until(async () => (await handle.describe()).status.name === 'COMPLETED');
    expect(await runOf(id)).not.toBe(firstRun);
    const { epoch, closedPositions, flatAfterMs } = await handle.result();
    expect({ epoch, closedPositions }).toEqual({ epoch: 1, closedPositions: 1 });
    expect(flatAfterMs).toBeGreaterThan(500);
    expect(world.exchange.held()).toBe('0');
  });

  it('strategy: no bar is decided twice and no flatten is lost', async () => {
    world.exchange.hurry(120); // a one-minute bar takes half a second
    const settings = harness.settings({ timeframe: '1m', graceMs: 50 });
    const id = workflowIds.strategy(world.account, settings.name);
    const handle = await harness.start('strategy', id, { settings });
    const firstRun = await runOf(id);
    let sent = 0;
    await harness.until(async () => {
      await Promise.all([handle.signal(flattenSignal, by), handle.signal(flattenSignal, by)]);
      sent += 2;
      return callsOf('evaluateStrategy') >= 8;
    });
    await harness.until(() => callsOf('flattenPositions') >= sent);
    expect(await runOf(id)).not.toBe(firstRun);
    const evaluated = world.calls.filter(({ name }) => name === 'evaluateStrategy');
    const closes = evaluated.map(({ input }) => (input as EvaluateInput).barCloseMs);
    expect(new Set(closes).size).toBe(closes.length);
    expect(evaluated.slice(2).every(({ input }) => (input as EvaluateInput).entriesPaused)).toBe(true);
  });

  it('strategy on the fast lane: no pause is lost, no flatten, and the last lane is the one that was asked for', async () => {
    const settings = harness.settings({ lane: 'fast' });
    const id = workflowIds.strategy(world.account, settings.name);
    const lanes: RunLaneInput[] = [];
    world.script.runLane = (input) => {
      lanes.push(input);
      return Context.current().cancelled;
    };
    const handle = await harness.start('strategy', id, { settings });
    const firstRun = await runOf(id);
    const rounds = 8;
    for (let round = 0; round < rounds; round += 1) {
      await handle.signal(flattenSignal, by);
      await handle.signal(resumeSignal, by);
      await handle.signal(pauseSignal, { by: 'tester', reason: `round ${round}` });
    }
    const generation = async (): Promise<number | undefined> =>
      (await handle.query(strategyProgressQuery)).lane?.generation;
    await harness.until(async () => {
      const newest = lanes.at(-1);
      return newest !== undefined && newest.entriesPaused && newest.generation === (await generation());
    });
    expect(await handle.query(strategyProgressQuery)).toMatchObject({
      ...{ mode: 'paused', modeReason: `round ${rounds - 1} (tester)` },
    });
    expect(callsOf('flattenPositions')).toBeGreaterThanOrEqual(rounds);
    await harness.until(async () => (await runOf(id)) !== firstRun);
    const generations = lanes.map((lane) => lane.generation);
    expect(generations).toEqual([...new Set(generations)].sort((a, b) => a - b));
  });

  it('reconciliation: what it is told during the last look of a run is journaled by the next', async () => {
    const { reconcileAccount } = world.real;
    const { owners } = world.deps;
    const findings = Array.from({ length: 30 }, (_, number): Finding => {
      const text = `finding ${number}`;
      return { kind: FindingKind.ManualCancel, severity: Severity.Notice, subject: text, message: text };
    });
    world.script.reconcileAccount = async (asked) => {
      const found = await reconcileAccount(asked);
      // What happens now is not in that look.
      if (callsOf('reconcileAccount') === 1)
        for (const finding of findings)
          await owners.wakeReconciliation(world.account, `told of ${finding.subject}`, finding);
      return found;
    };
    await owners.wakeReconciliation(world.account, 'the first');
    const id = workflowIds.reconciliation(world.account);
    await harness.until(async () => (await harness.statusOf(id)) === 'COMPLETED');
    expect(await harness.wasContinued(id)).toBe(true);
    const looks = world.calls.filter(({ name }) => name === 'reconcileAccount');
    expect(looks.map(({ input }) => (input as ReconcileInput).told)).toEqual([[], findings]);
    const kept = world.store.reconciliations;
    expect(kept.map(({ trigger }) => trigger)).toEqual(['the first', 'told of finding 29']);
    expect(kept.at(-1)?.report.findings).toEqual(findings);
  });

  it('backfill: every bar is there, and no page is asked for twice', async () => {
    const toMs = Math.floor(world.time.nowMs / MINUTE_MS) * MINUTE_MS;
    const bars = 2_000;
    const input = { source: 'fake', symbol: 'BTC/USDT', fromMs: toMs - bars * MINUTE_MS, toMs };
    const id = workflowIds.job('backfill', 'long');
    const handle = await harness.start<typeof backfill>('backfill', id, { ...input, timeframe: '1m' });
    expect(await handle.result()).toMatchObject({ done: true, bars, inserted: bars, changed: 0 });
    expect(await harness.wasContinued(id)).toBe(true);
    expect(world.history.rows.get('fake BTC/USDT 1m')?.size).toBe(bars);
    expect(new Set(world.bars.asked).size).toBe(world.bars.asked.length);
  });

  it('accountFeed: goes on listening', async () => {
    world.script.watchAccount = () => Promise.resolve();
    const id = workflowIds.accountFeed(world.account);
    await harness.start('accountFeed', id, reference());
    const firstRun = await runOf(id);
    await harness.until(async () => (await runOf(id)) !== firstRun);
    const before = callsOf('watchAccount');
    await harness.until(() => callsOf('watchAccount') > before);
  });
});
