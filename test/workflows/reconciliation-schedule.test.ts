import { ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { reconcileNow } from '../../cli/reconciliation-client';
import { workflowIds } from '../../workflows/contract';
import { ensureReconciliationSchedule } from '../../workers/up/reconciliation-schedule';
import { DEPLOYMENT } from '../activities/bench';
import { BTC } from '../domain/fixtures';
import { Harness, VENUE, type World } from './harness';

/** Schedules exist on a real server only. */
describe('the schedule of reconciliations', () => {
  let harness: Harness;
  let world: World;
  beforeAll(async () => {
    harness = await Harness.startOnDevServer(1_000);
  });
  beforeEach(async () => {
    world = await harness.newWorld();
  });
  afterEach(() => ensure(null));
  afterAll(() => harness.shutdown());

  const input = () => ({
    deployment: DEPLOYMENT,
    account: world.account,
    venue: VENUE,
    symbols: [BTC.symbol],
  });
  const ensure = (intervalMs: number | null) =>
    ensureReconciliationSchedule(harness.client, input(), intervalMs);
  const schedule = () => harness.client.schedule.getHandle(workflowIds.reconciliation(world.account));
  const triggers = () => world.store.reconciliations.map(({ trigger }) => trigger);

  it('reconciles again and again, one run at a time', async () => {
    const ownerless = harness.grant();
    await ensure(1_000);
    await harness.until(() => triggers().length >= 2);
    expect(new Set(triggers())).toEqual(new Set(['schedule']));
    await harness.until(() => world.store.orders.known(ownerless.positionId).openedAtMs !== null);
    expect((await schedule().describe()).policies).toMatchObject({
      ...{ overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: 10_000 },
    });
  });

  it('is brought up to date by every start, stays paused when somebody paused it, and goes when it is not wanted', async () => {
    await ensure(60_000);
    await schedule().pause('a person looks at something');
    await ensure(120_000);
    const { spec, state } = await schedule().describe();
    expect(spec.intervals).toMatchObject([{ every: 120_000 }]);
    expect(state.paused).toBe(true);
    await ensure(null);
    await ensure(null);
    await expect(schedule().describe()).rejects.toThrow(ScheduleNotFoundError);
  });

  it('does not get into the way of those who ask at the same time: each gets a report', async () => {
    await ensure(1_000);
    const asked = Array.from({ length: 12 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 150));
      return reconcileNow(harness.client, { ...input(), trigger: `request ${index}` });
    });
    const reports = await Promise.all(asked);
    expect(reports.map(({ session }) => session)).toEqual(reports.map(() => 's1'));
  });
});
