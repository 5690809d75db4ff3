import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { clientOrderId, clientOrderIdPrefix } from '../../domain/ids';
import { Leg } from '../../domain/order';
import { decimal } from '../../domain/decimal';
import { ExchangeFailure } from '../../domain/errors';
import {
  assessSignal,
  resumeTradingUpdate,
  SEARCH_ATTRIBUTES,
  workflowIds,
  type AccountFeedInput,
  type EmergencyStopInput,
  type EmergencyStopResult,
  type PositionInput,
  type ReconciliationInput,
  type ReconciliationReport,
  type RiskDeskInput,
} from '../../workflows/contract';
import { triggerLimitsSchema, type TriggerLimits } from '../../domain/triggers';
import type { ReconcileInput } from '../../activities/reconciliation';
import { reconcileNow } from '../../cli/reconciliation-client';
import { haltNow, runEmergencyStop } from '../../cli/emergency-client';
import { DEPLOYMENT } from '../activities/bench';
import { BTC } from '../domain/fixtures';
import { Harness, LIMITS, VENUE, type World } from './harness';

const HOUR_MS = 3_600_000;
const by = { by: 'tester', reason: 'a test' };

describe('an account', () => {
  let harness: Harness;
  let world: World;
  beforeEach(async () => {
    harness = await Harness.start();
    world = await harness.newWorld();
  });
  afterEach(async () => {
    await harness.shutdown();
  });

  const reference = () => ({
    deployment: DEPLOYMENT,
    account: world.account,
    venue: VENUE,
    symbols: [BTC.symbol],
  });
  const callsOf = (name: string): number => world.calls.filter((call) => call.name === name).length;
  const account = async () => {
    const state = await world.store.account(world.account);
    if (state === undefined) throw new Error('the account is not open');
    return state;
  };

  async function hold(): Promise<PositionInput> {
    const input = harness.grant();
    await harness.start('position', input.positionId, input);
    await harness.until(() => world.exchange.offered() === '0.999');
    return input;
  }

  describe('riskDesk', () => {
    async function begin(intervalMs: number, triggers: Partial<TriggerLimits> = {}) {
      const id = workflowIds.riskDesk(world.account);
      const input: RiskDeskInput = {
        ...{ ...reference(), limits: LIMITS, intervalMs },
        triggers: { ...triggerLimitsSchema.parse({}), ...triggers },
      };
      return harness.start<(input: RiskDeskInput) => Promise<void>>('riskDesk', id, input);
    }

    /** The first look has been journaled: what the account loses from now on is a loss. */
    const firstMark = () => harness.until(async () => (await account()).equity !== null);

    it('stops the account once when the drawdown limit is reached', async () => {
      const { positionId } = await hold();
      const desk = await begin(5_000);
      await firstMark();
      world.exchange.foreign.quote = decimal('8000');
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
      await harness.pass(60_000);
      expect(await account()).toMatchObject({ mode: 'HALTED', haltEpoch: 1 });
      expect(callsOf('raiseHalt')).toBe(0); // the look itself has halted the account
      expect(callsOf('reportEmergency')).toBe(1);
      expect(world.exchange.held()).toBe('0');
      expect(world.store.orders.known(positionId).exitReason).toBe('emergency');
      const { typedSearchAttributes } = await desk.describe();
      expect(typedSearchAttributes.get(SEARCH_ATTRIBUTES.mode)).toBe('HALTED');
      expect(await harness.detailsOf(desk.workflowId)).toMatch(
        /^\*\*HALTED\*\*: drawdown: Equity .* drawdown limit/,
      );
    });

    it('begins the stop of a halt whose author died before', async () => {
      const { positionId } = await hold();
      await world.store.raiseHalt(world.account, { ...by, key: 'cli' });
      await begin(5_000);
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
      await harness.until(() => world.store.riskEvents.length === 1);
      await harness.pass(30_000);
      expect(callsOf('reportEmergency')).toBe(1);
      expect(await account()).toMatchObject({ mode: 'HALTED', haltEpoch: 1 });
      expect(callsOf('raiseHalt')).toBe(0);
      expect(world.store.orders.known(positionId).exitReason).toBe('emergency');
    });

    it('reduces after a daily loss, until the next day', async () => {
      const dayMs = 24 * HOUR_MS;
      const day = (ms: number) => Math.floor(ms / dayMs);
      // From an early hour: whatever the time of the day is now, the loss is told of on the day on which it is made.
      await harness.pass((day(world.time.nowMs) + 1) * dayMs + HOUR_MS - world.time.nowMs);
      await begin(HOUR_MS, { dailyLossAlarmFraction: null });
      await firstMark();
      world.exchange.foreign.quote = decimal('9400');
      const becomes = (wanted: string) =>
        harness.until(async () => (await account()).mode === wanted, {
          stepMs: HOUR_MS,
          limitMs: 25 * HOUR_MS,
        });
      await becomes('REDUCING');
      const { modeReason } = await account();
      expect(modeReason).toMatch(/^daily-loss/);
      const sinceMs = world.time.nowMs;
      await becomes('ACTIVE');
      expect(day(world.time.nowMs)).toBeGreaterThan(day(sinceMs));
    });

    it('resumes with a reason only, and measures losses afresh', async () => {
      const desk = await begin(5_000);
      await firstMark();
      world.exchange.foreign.quote = decimal('8000');
      await harness.until(
        async () => (await account()).mode === 'HALTED' && callsOf('reportEmergency') === 1,
      );
      const empty = desk.executeUpdate(resumeTradingUpdate, { args: [{ by: 'tester', reason: '  ' }] });
      await expect(empty).rejects.toThrow(WorkflowUpdateFailedError);
      expect(world.store.audits).toEqual([]);
      expect((await account()).mode).toBe('HALTED');

      expect(await desk.executeUpdate(resumeTradingUpdate, { args: [by] })).toBe('ACTIVE');
      await harness.pass(30_000);
      expect((await account()).mode).toBe('ACTIVE');
      expect(world.store.audits).toMatchObject([{ command: 'resume-trading', by: 'tester' }]);
    });

    it('answers every message while it continues as new', async () => {
      const desk = await begin(1_000);
      const { runId: firstRun } = await desk.describe();
      const { assessAccount } = world.real;
      const answers: Promise<string>[] = [];
      const signals: Promise<void>[] = [];
      world.script.assessAccount = (input) => {
        const looks = callsOf('assessAccount');
        // Somewhere among these a run ends and the next begins.
        if (looks >= 60 && looks <= 110) {
          answers.push(desk.executeUpdate(resumeTradingUpdate, { args: [by] }));
          signals.push(desk.signal(assessSignal), desk.signal(assessSignal));
        }
        return assessAccount(input);
      };
      await harness.until(() => callsOf('assessAccount') >= 200, { stepMs: 10_000, limitMs: 1_000_000 });
      await Promise.all(signals);
      expect(await Promise.all(answers)).toEqual(answers.map(() => 'ACTIVE'));
      expect(answers.length).toBeGreaterThan(40);
      expect(world.store.audits).toHaveLength(answers.length);
      expect((await harness.handle(desk.workflowId).describe()).runId).not.toBe(firstRun);
    });

    it('begins the stop of a halt in which nothing is open, once: an order that nobody knows of may rest', async () => {
      await world.store.raiseHalt(world.account, { ...by, key: 'cli' });
      await begin(5_000);
      await harness.until(() => callsOf('reportEmergency') === 1);
      await harness.pass(30_000);
      expect(callsOf('reportEmergency')).toBe(1);
    });

    const silent = () =>
      Promise.reject(new ExchangeFailure('ambiguous', 'scripted outage', { errorClass: 'NetworkError' }));

    it('halts when the exchange stays silent, and sells as soon as it answers', async () => {
      const { positionId } = await hold();
      const desk = await begin(2_000);
      await harness.until(() => callsOf('assessAccount') >= 1);
      const requests = ['clock', 'instruments', 'bars', 'quotes', 'balances', 'openOrders', 'ordersSince'];
      for (const name of [...requests, 'lookUp', 'fillsOf', 'submit', 'replace', 'cancel'])
        Object.defineProperty(world.exchange, name, { configurable: true, value: silent });
      await harness.until(async () => (await account()).mode === 'HALTED');
      expect((await account()).modeReason).toMatch(/^exchange-unreachable: /);
      await harness.until(() => callsOf('sweepAccount') >= 3);
      expect(await harness.detailsOf(desk.workflowId)).toContain('Equity unknown');
      for (const name of Object.keys(Object.getOwnPropertyDescriptors(world.exchange)))
        if (Reflect.get(world.exchange, name) === silent) Reflect.deleteProperty(world.exchange, name);
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
      expect(world.exchange.held()).toBe('0');
    });

    it('says so when the journal does not answer', async () => {
      world.script.assessAccount = () =>
        Promise.reject(ApplicationFailure.nonRetryable('scripted: the journal is down'));
      const desk = await begin(5_000);
      await harness.until(() => callsOf('assessAccount') >= 2);
      expect(await harness.detailsOf(desk.workflowId)).toContain('Without it no order is sent');
    });

    it('goes on after a look that failed', async () => {
      const { assessAccount } = world.real;
      let failing = true;
      world.script.assessAccount = (input) =>
        failing ? Promise.reject(ApplicationFailure.nonRetryable('scripted outage')) : assessAccount(input);
      await begin(5_000);
      await harness.until(() => callsOf('assessAccount') >= 2);
      failing = false;
      await harness.until(async () => (await account()).equity !== null);
    });
  });

  describe('emergencyStop', () => {
    async function begin(haltKey = 'key') {
      const id = workflowIds.emergencyStop(world.account);
      const input: EmergencyStopInput = { ...reference(), ...by, haltKey };
      const handle = await harness.start<(input: EmergencyStopInput) => Promise<EmergencyStopResult>>(
        'emergencyStop',
        id,
        input,
      );
      const over = () => harness.until(async () => (await handle.describe()).status.name === 'COMPLETED');
      return { handle, over };
    }

    it("sells everything in the stop's place, looks twice, and leaves the position to close itself", async () => {
      world.exchange.liquidity = decimal('0.4');
      const input = harness.grant();
      const { positionId } = input;
      await harness.start('position', positionId, input);
      await harness.until(() => world.exchange.offered() === '0.3996');
      world.exchange.liquidity = decimal('10');
      const before = world.exchange.received.length;
      const { handle, over } = await begin();
      await handle.cancel(); // to no effect
      await over();
      expect(await handle.result()).toMatchObject({ epoch: 1, cancelledOrders: 1, closedPositions: 1 });
      const looks = world.calls.filter(({ name }) => name === 'verifyFlat').map(({ input }) => input);
      expect(looks).toEqual([{ account: world.account, againAfterMs: 250 }]);
      expect(world.exchange.held()).toBe('0');
      expect(world.exchange.offered()).toBe('0');
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
      const legs = world.exchange.received.slice(before).map((id) => world.store.orders.order(id)?.leg);
      expect(legs).toEqual(['emergency']);
      expect(world.store.orders.known(positionId).exitReason).toBe('emergency');
      expect(world.store.riskEvents).toMatchObject([{ code: 'emergency-stop' }]);
      expect((await account()).mode).toBe('HALTED');
    });

    it('ends when somebody resumes trading, and says so', async () => {
      const { positionId } = await hold();
      world.exchange.faults.push(...Array.from({ length: 20 }, () => 'refused' as const));
      const { handle, over } = await begin();
      await harness.until(() => callsOf('sweepAccount') >= 2);
      await world.store.setMode(world.account, 'ACTIVE', { ...by, epoch: 1 });
      await over();
      expect(await handle.result()).toMatchObject({ epoch: 1, closedPositions: 0, flatAfterMs: null });
      expect(world.store.riskEvents).toMatchObject([
        { message: expect.stringContaining('trading was resumed with 1 positions unsettled') as unknown },
      ]);
      world.exchange.faults.length = 0;
      // The wish to leave stays: its own workflow sells what it holds.
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
    });

    it('works in a later halt that followed a resume at once', async () => {
      const { positionId } = await hold();
      world.exchange.faults.push('refused', 'refused');
      const { handle, over } = await begin('first');
      await harness.until(() => callsOf('sweepAccount') >= 1);
      await world.store.setMode(world.account, 'ACTIVE', { ...by, epoch: 1 });
      expect(await world.store.raiseHalt(world.account, { ...by, key: 'second' })).toBe(2);
      await over();
      expect(await handle.result()).toMatchObject({ epoch: 2, closedPositions: 1 });
      expect(world.exchange.held()).toBe('0');
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
    });

    it('is begun again for a halt that was raised as it gave way to a resume', async () => {
      await hold();
      world.exchange.faults.push(...Array.from({ length: 5 }, () => 'refused' as const));
      const input: EmergencyStopInput = { ...reference(), ...by, haltKey: null };
      const { reportEmergency } = world.real;
      const epochs: number[] = [];
      world.script.reportEmergency = async (report) => {
        // Too late for this stop, which has decided to end.
        if (epochs.push(report.epoch) === 1)
          await haltNow(world.store, world.account, { ...by, key: 'second' });
        await reportEmergency(report);
      };
      const { over } = await begin('first');
      await harness.until(() => callsOf('sweepAccount') >= 1);
      const joined = runEmergencyStop(harness.client, world.store, input);
      await world.store.setMode(world.account, 'ACTIVE', { ...by, epoch: 1 });
      await over();
      await harness.until(() => epochs.length === 2);
      expect(await joined).toMatchObject({ epoch: 2, closedPositions: 1 });
      expect(world.exchange.held()).toBe('0');
    });

    it('goes on through refusals, rate limits and silence', async () => {
      const { positionId } = await hold();
      world.exchange.faults.push('refused', 'busy', 'lost', 'unheard');
      const { over } = await begin();
      await over();
      expect(world.exchange.held()).toBe('0');
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
      expect(new Set(world.exchange.received).size).toBe(world.exchange.received.length);
    });

    it('finds an entry that arrives after the halt', async () => {
      const input = harness.grant();
      world.exchange.faults.push('late');
      await harness.start('position', input.positionId, input);
      await harness.until(() => world.exchange.received.length === 1);
      const { over } = await begin();
      await over();
      expect(world.exchange.held()).toBe('0');
      await harness.until(() => world.store.orders.known(input.positionId).state === 'closed');
    });

    it('is one halt however often the same request comes', async () => {
      const first = await begin('same');
      await first.over();
      const second = await begin('same');
      await second.over();
      expect((await second.handle.result()).epoch).toBe(1);
      expect((await account()).haltEpoch).toBe(1);
    });

    it('leaves nothing without an owner: an unsent entry is withdrawn, and the position ends', async () => {
      const input = harness.grant();
      const { over } = await begin();
      await over();
      await harness.until(() => world.store.orders.known(input.positionId).state === 'closed');
      expect(world.exchange.received).toEqual([]);
    });
  });

  describe('accountFeed', () => {
    it('listens again after a failure, a failure for good, and an end', async () => {
      const outcomes = [
        () => Promise.reject(new Error('scripted outage')),
        () => Promise.reject(ApplicationFailure.nonRetryable('scripted end')),
        () => Promise.resolve(),
      ];
      world.script.watchAccount = () => outcomes.shift()?.() ?? Promise.resolve();
      const id = workflowIds.accountFeed(world.account);
      await harness.start<(input: AccountFeedInput) => Promise<void>>('accountFeed', id, reference());
      await harness.until(() => callsOf('watchAccount') >= 5);
      expect(await harness.statusOf(id)).toBe('RUNNING');
      expect(await harness.detailsOf(id)).toContain(`account **${world.account}**`);
    });
  });

  describe('reconciliation', () => {
    const id = () => workflowIds.reconciliation(world.account);
    const input = (): ReconciliationInput => ({ ...reference(), trigger: 'a test' });

    async function reconcile(): Promise<ReconciliationReport> {
      const handle = await harness.start<(input: ReconciliationInput) => Promise<ReconciliationReport>>(
        'reconciliation',
        id(),
        input(),
      );
      await harness.until(async () => (await handle.describe()).status.name === 'COMPLETED');
      return handle.result();
    }

    /** An order of another deployment, which nothing explains. */
    async function placeStray(positionId: string): Promise<string> {
      const order = { account: world.account, session: 's1', positionId, leg: 'exit', sequence: 9 } as const;
      const stray = clientOrderId({ ...order, deployment: 'somebody-else' });
      await world.exchange.submit({
        ...{ clientOrderId: stray, symbol: BTC.symbol, side: 'buy', type: 'limit' },
        ...{ quantity: decimal('1'), limitPrice: decimal('50'), stopPrice: null },
        sendDeadlineMs: world.time.nowMs + 1_000,
      });
      return stray;
    }

    it('gives positions without an owner one, and leaves the others theirs', async () => {
      const owned = await hold();
      const ownerless = harness.grant({ barCloseMs: world.time.nowMs - 600_000, strategy: 'other' });
      const report = await reconcile();
      expect(report).toMatchObject({ findings: [], adoptedPositions: [ownerless.positionId] });
      await harness.until(() => world.store.orders.known(ownerless.positionId).openedAtMs !== null);
      expect(await harness.statusOf(owned.positionId)).toBe('RUNNING');
      expect((await account()).mode).toBe('ACTIVE');
      expect(await world.store.lastReconciliation(world.account)).toMatchObject({
        report,
        trigger: 'a test',
      });
    });

    it('reduces while something cannot be explained, and no longer', async () => {
      const { positionId } = await hold();
      const stray = await placeStray(positionId);
      const { findings } = await reconcile();
      expect(findings).toMatchObject([{ kind: 'foreign-deployment', severity: 'unexplained' }]);
      expect(findings[0]?.message).toMatch(
        new RegExp(`order ${stray} on BTC/USDT .*is of another deployment`),
      );
      expect((await account()).mode).toBe('REDUCING');

      world.exchange.end(stray, 'cancelled');
      expect((await reconcile()).findings).toEqual([]);
      expect((await account()).mode).toBe('ACTIVE');
    });

    it('is woken by a flatten that meets a position without an owner', async () => {
      const { positionId } = harness.grant();
      await world.real.flattenPositions({ account: world.account, strategy: null, reason: 'flatten' });
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
      expect(world.exchange.received).toEqual([]);
    });

    it('looks once more for whoever asks while it looks, however many they are', async () => {
      const { reconcileAccount } = world.real;
      const { owners } = world.deps;
      world.script.reconcileAccount = async (asked) => {
        const found = await reconcileAccount(asked);
        // What happens now is not in that look.
        if (callsOf('reconcileAccount') === 1)
          for (let times = 0; times < 10; times += 1)
            await owners.wakeReconciliation(world.account, `request ${times}`);
        return found;
      };
      await owners.wakeReconciliation(world.account, 'the first');
      await harness.until(async () => (await harness.statusOf(id())) === 'COMPLETED');
      expect(callsOf('reconcileAccount')).toBe(2);
      expect(world.store.reconciliations.map(({ trigger }) => trigger)).toEqual(['the first', 'request 9']);
    });

    it('answers with the report of a look that began after the request', async () => {
      const { positionId } = await hold();
      const { reconcileAccount } = world.real;
      let asked: Promise<ReconciliationReport> | undefined;
      world.script.reconcileAccount = async (wanted) => {
        const found = await reconcileAccount(wanted);
        if (callsOf('reconcileAccount') === 1) {
          await placeStray(positionId);
          asked = reconcileNow(harness.client, { ...input(), strays: 'close' });
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
        return found;
      };
      await world.deps.owners.wakeReconciliation(world.account, 'the first');
      await harness.until(() => callsOf('reconcileAccount') === 2);
      expect((await asked)?.findings).toMatchObject([{ kind: 'foreign-deployment' }]);
      // By the settings of the request, though the run was begun with others.
      const looks = world.calls.filter(({ name }) => name === 'reconcileAccount');
      expect(looks.map((look) => (look.input as ReconcileInput).strays)).toEqual([undefined, 'close']);
      // And starts a run when none is there.
      await harness.until(async () => (await harness.statusOf(id())) === 'COMPLETED');
      expect((await reconcileNow(harness.client, input())).mode).toBe('REDUCING');
    });

    it('confirms a shortfall with a second look, and the position goes on with what is there', async () => {
      const { positionId } = await hold();
      const stop = world.store.orders.known(positionId).orders.find(({ leg }) => leg === 'stop');
      world.exchange.foreign.base = decimal('0');
      world.exchange.withdrawn = decimal('0.4');
      const report = await reconcile();
      expect(callsOf('reconcileAccount')).toBe(2);
      expect(report.findings).toMatchObject([{ kind: 'missing-coins', subject: 'BTC/0.4' }]);
      world.exchange.end(stop?.clientOrderId ?? '', 'cancelled');
      await harness.hear(stop?.clientOrderId ?? '');
      await harness.until(() => world.exchange.offered() === '0.599');
      await world.store.wishExit(positionId, 'flatten');
      await harness.handle(positionId).signal('poke');
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
      expect(world.exchange.held()).toBe('0.4');
    });

    it('ends a position whose coins are all gone instead of asking for them for ever', async () => {
      const { positionId } = await hold();
      const stop = world.store.orders.known(positionId).orders.find(({ leg }) => leg === 'stop');
      world.exchange.foreign.base = decimal('0');
      world.exchange.withdrawn = decimal('0.999');
      world.exchange.end(stop?.clientOrderId ?? '', 'cancelled');
      await reconcile();
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
      expect(world.store.orders.known(positionId).exitReason).toBe('missing');
    });

    it('adopts a position that was terminated while its entry was on its way', async () => {
      const { positionId, ...rest } = harness.grant();
      world.exchange.faults.push('late');
      await harness.start('position', positionId, { positionId, ...rest });
      await harness.until(() => world.exchange.received.length === 1);
      await Promise.all(
        [positionId, workflowIds.order(positionId, Leg.Entry)].map((each) => harness.terminate(each)),
      );
      const { adoptedPositions } = await reconcile();
      expect(adoptedPositions).toEqual([positionId]);
      await harness.until(() => world.exchange.offered() === '0.999');
      expect(new Set(world.exchange.received).size).toBe(world.exchange.received.length);
    });

    it('learns the fate of an order whose own workflow alone is gone', async () => {
      const { positionId, ...rest } = harness.grant();
      world.exchange.faults.push('late');
      await harness.start('position', positionId, { positionId, ...rest });
      await harness.until(() => world.exchange.received.length === 1);
      await harness.terminate(workflowIds.order(positionId, Leg.Entry));
      const { adoptedPositions } = await reconcile();
      expect(adoptedPositions).toEqual([]);
      await harness.until(() => world.exchange.offered() === '0.999');
      expect(await harness.statusOf(positionId)).toBe('RUNNING');
    });

    it('takes in a stray by policy, and its new owner sells it', async () => {
      await reconcile();
      const stray = `${clientOrderIdPrefix(DEPLOYMENT)}lost`;
      await world.exchange.submit({
        ...{ clientOrderId: stray, symbol: BTC.symbol, side: 'buy', type: 'market' },
        ...{ quantity: decimal('1'), limitPrice: null, stopPrice: null },
        sendDeadlineMs: world.time.nowMs + 1_000,
      });
      const report = await reconcileNow(harness.client, { ...input(), strays: 'close' });
      expect(report).toMatchObject({ mode: 'ACTIVE', findings: [], done: [{ kind: 'position-recovered' }] });
      const [positionId = ''] = report.adoptedPositions;
      await harness.until(() => world.store.orders.known(positionId).state === 'closed');
      expect(world.store.orders.known(positionId).exitReason).toBe('stray');
      expect(world.exchange.held()).toBe('0');
    });

    it('hands a scheduled run over to the one that the account has', async () => {
      const scheduled = `${id()}/scheduled-1`;
      await harness.start('reconciliation', scheduled, { ...input(), scheduled: true });
      await harness.until(async () => (await harness.statusOf(scheduled)) === 'COMPLETED');
      await harness.until(async () => (await harness.statusOf(id())) === 'COMPLETED');
      expect(callsOf('reconcileAccount')).toBe(1);
    });
  });
});
