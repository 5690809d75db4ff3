import { Leg, OrderState } from '../../domain/order';
import { ExitReason } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import {
  resumeTradingUpdate,
  startOptions,
  StrategyMode,
  strategyProgressQuery,
  workflowIds,
} from '../../workflows/contract';
import { prepareCycle, settingsOf } from '../crash/harness/cycle';
import { Instant } from '../crash/harness/moments';
import { isRunning, reset, terminate, untilRunning } from '../crash/harness/operator';
import { startServers, type Servers } from '../crash/harness/servers';
import {
  beginEmergencyStop,
  grantPosition,
  openPosition,
  stopEverything,
  type GrantedPosition,
} from '../crash/harness/trading';
import { Victim, kill } from '../crash/harness/victims';
import { waitFor } from '../crash/harness/wait';
import { World } from '../crash/harness/world';

const account = 'main';

/** Operators' mistakes. Restored dumps are in the reconciliation tests, two deployments on one account in a file of their own. */
describe('an operator', () => {
  let servers: Servers;
  let world: World;
  let positions = 0;

  beforeAll(async () => {
    servers = await startServers();
    world = await World.open(servers, {
      name: 'operators',
      settings: { BALLAST__worker__caretakerIntervalMs: '500' },
    });
  });
  afterAll(async () => {
    await world.close();
    await servers.close();
  });

  const nextName = (): string => {
    positions += 1;
    return `operator-${positions}`;
  };

  const state = async () => {
    const known = await world.store.account(account);
    if (known === undefined) throw new Error('The account is not in the journal.');
    return known;
  };
  const runOf = async (workflowId: string): Promise<string> =>
    (await world.client.workflow.getHandle(workflowId).describe()).runId;

  async function opened(): Promise<GrantedPosition> {
    const position = await openPosition(world, nextName());
    await position.untilProtected();
    // The stop is sent with the news of the fill, and has its workflow later.
    await untilRunning(world, workflowIds.order(position.input.positionId, Leg.Stop));
    return position;
  }

  /** Whatever was done to it, the position is there, guarded and owned, and can be left. */
  async function staysWhole(position: GrantedPosition): Promise<void> {
    await position.untilProtected();
    await world.agreement();
    await position.leave(ExitReason.Flatten);
    expect((await position.untilClosed()).exitReason).toBe(ExitReason.Flatten);
  }

  const mistakes = [
    { how: 'terminates', act: terminate },
    { how: 'resets', act: reset },
  ];
  const targets = [
    { what: 'a position', idOf: ({ input }: GrantedPosition) => input.positionId },
    {
      what: 'a resting stop',
      idOf: ({ input }: GrantedPosition) => workflowIds.order(input.positionId, Leg.Stop),
    },
    { what: "the account's feed", idOf: () => workflowIds.accountFeed(account) },
    { what: 'the risk desk', idOf: () => workflowIds.riskDesk(account) },
  ];

  describe.each(mistakes)('who $how', ({ act }) => {
    it.each(targets)('$what', async ({ idOf }) => {
      const position = await opened();
      await act(world, idOf(position));
      await untilRunning(world, idOf(position));
      await staysWhole(position);
    });

    it('an order whose fate is not known yet', async () => {
      const position = await grantPosition(world, nextName());
      const entry = position.id(Leg.Entry);
      await Promise.all([
        world.at(Instant.Request, entry, () => 'drop'),
        world.when(Instant.Written, ['ambiguous', entry], () => 'pass'),
        position.start(),
      ]);
      await act(world, workflowIds.order(position.input.positionId, Leg.Entry));
      const { exitReason, orders } = await position.untilClosed();
      expect(exitReason).toBe(ExitReason.NotEntered);
      expect(orders.find(({ leg }) => leg === Leg.Entry)?.state).toBe(OrderState.Abandoned);
      await world.agreement();
    });

    it('an emergency stop that cannot sell yet', async () => {
      const position = await opened();
      const refusal = { code: -1013, msg: 'Filter failure: a test' };
      await world.exchange.plan({
        ...{ kind: 'status', status: 400, body: refusal, times: 1_000 },
        match: 'POST /api/v3/order/cancelReplace',
      });
      const struck = world.exchange.faultLog().length;
      await beginEmergencyStop(world, nextName());
      await waitFor('a sale to be refused', () =>
        world.exchange.faultLog().length > struck ? true : undefined,
      );
      const stop = workflowIds.emergencyStop(account);
      const [first, halted] = await Promise.all([runOf(stop), state()]);
      await act(world, stop);
      await waitFor('another run of the stop', async () =>
        (await runOf(stop)) === first ? undefined : true,
      );
      expect(await state()).toMatchObject({ mode: TradingMode.Halted, haltEpoch: halted.haltEpoch });
      await world.exchange.callOffFaults();
      expect((await position.untilClosed()).exitReason).toBe(ExitReason.Emergency);
      await world.agreement();
      const { haltEpoch: epoch } = await state();
      expect(epoch).toBe(halted.haltEpoch);
      await world.store.setMode(account, TradingMode.Active, { reason: 'a test', by: 'test', epoch });
    });

    it('a reconciliation that is to bring back an owner', async () => {
      const position = await opened();
      const { positionId } = position.input;
      const looking = world.when(Instant.Ask, ['GET /api/v3/allOrders'], (worker) => {
        worker.stall();
        return 'pass';
      });
      await terminate(world, positionId);
      await looking; // the caretaker has found that the owner is gone
      const reconciliation = workflowIds.reconciliation(account);
      expect(await isRunning(world, reconciliation)).toBe(true);
      await act(world, reconciliation);
      world.worker.resume();
      await untilRunning(world, positionId);
      await staysWhole(position);
      expect((await world.reconcile()).findings).toEqual([]);
    });

    it('a cycle between the grant and the start of the owner', async () => {
      const { position, start, workflowId } = await prepareCycle(world, nextName());
      const { positionId } = position.input;
      const granted = world.when(Instant.Written, ['INSERT INTO approvals', positionId], (worker) => {
        worker.stall();
        return 'pass';
      });
      await Promise.all([start(), granted]);
      await act(world, workflowId);
      world.worker.resume();
      await untilRunning(world, positionId);
      await staysWhole(position);
      expect(world.placed(position.id(Leg.Entry))).toHaveLength(1);
    });

    it('a position and all its orders at once', async () => {
      const position = await opened();
      const { positionId } = position.input;
      await Promise.all([act(world, positionId), act(world, workflowIds.order(positionId, Leg.Stop))]);
      await untilRunning(world, positionId);
      await untilRunning(world, workflowIds.order(positionId, Leg.Stop));
      await staysWhole(position);
    });
  });

  it('who terminates a strategy finds it paused, and its position guarded', async () => {
    const position = await opened();
    const { strategy } = position.input;
    const workflowId = workflowIds.strategy(account, strategy);
    await world.client.workflow.start('strategy', {
      ...startOptions,
      workflowId,
      args: [{ settings: settingsOf(world, strategy) }],
    });
    await terminate(world, workflowId);
    await untilRunning(world, workflowId);
    const { mode } = await world.client.workflow.getHandle(workflowId).query(strategyProgressQuery);
    expect(mode).toBe(StrategyMode.Paused);
    await reset(world, workflowId);
    await untilRunning(world, workflowId);
    await staysWhole(position);
  });

  it('who resets a position and an order that are over changes nothing', async () => {
    const position = await opened();
    await position.leave(ExitReason.Flatten);
    await position.untilClosed();
    const { positionId } = position.input;
    await world.agreement();
    const before = world.exchange.record().orders.length;
    for (const id of [positionId, ...[Leg.Entry, Leg.Exit].map((leg) => workflowIds.order(positionId, leg))])
      await reset(world, id);
    await waitFor('the new runs to end', async () => {
      const runs = world.client.workflow.list({ query: `ExecutionStatus = 'Running'` });
      for await (const { workflowId } of runs) if (workflowId.includes(positionId)) return undefined;
      return true;
    });
    await world.agreement();
    expect(world.exchange.record().orders).toHaveLength(before);
  });

  it('who resets an emergency stop that is over does not halt again', async () => {
    const position = await opened();
    const { epoch } = await stopEverything(world, 'reset-me');
    await position.untilClosed();
    await world.store.setMode(account, TradingMode.Active, { reason: 'a test', by: 'test', epoch });
    const other = await opened();
    const stop = workflowIds.emergencyStop(account);
    await reset(world, stop);
    await world.client.workflow.getHandle(stop).result();
    expect((await world.store.account(account))?.mode).toBe(TradingMode.Active);
    await staysWhole(other);
  });

  it('who resets a cycle that is over buys nothing again', async () => {
    const { position, start, workflowId } = await prepareCycle(world, nextName());
    await start();
    await position.untilProtected();
    await position.leave(ExitReason.Flatten);
    await position.untilClosed();
    await world.agreement();
    const before = world.exchange.record().orders.length;
    await reset(world, workflowId);
    await world.client.workflow.getHandle(workflowId).result();
    await world.agreement();
    expect(world.exchange.record().orders).toHaveLength(before);
  });

  it('who resets the risk desk after a resume does not resume a later halt', async () => {
    const desk = world.client.workflow.getHandle(workflowIds.riskDesk(account));
    const by = { by: 'test', reason: 'a test' };
    const modeNow = async () => (await world.store.account(account))?.mode;
    await world.store.raiseHalt(account, { key: 'first', ...by });
    expect(await desk.executeUpdate(resumeTradingUpdate, { args: [by] })).toBe(TradingMode.Active);
    const epoch = await world.store.raiseHalt(account, { key: 'second', ...by });
    await reset(world, desk.workflowId);
    await waitFor('the resume to be applied again', async () => {
      const { rows } = await world.pool.query<{ count: number }>(
        `SELECT count(*)::integer AS count FROM audit WHERE command = 'resume-trading'`,
      );
      return rows[0]?.count === 2 ? true : undefined;
    });
    await world.agreement();
    expect(await modeNow()).toBe(TradingMode.Halted);
    await world.store.setMode(account, TradingMode.Active, { ...by, epoch });
  });

  it("who deletes Temporal's database while everything is down finds every position owned again", async () => {
    const open = await opened();
    const resting = await openPosition(world, nextName(), { entryFactor: '0.99' });
    await resting.untilResting();
    await world.worker.down();
    kill(world, [Victim.Exchange, Victim.Postgres]);
    await Promise.all([world.exchange.restart(), servers.postgres.restart(), servers.forgetWorkflows()]);
    world.worker.up();
    await world.beginTrading();
    await untilRunning(world, resting.input.positionId);
    await resting.leave(ExitReason.Flatten);
    await resting.untilClosed();
    await staysWhole(open);
  });
});
