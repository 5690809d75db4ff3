import { createViews } from '../../adapters/store/views';
import { Leg, mayBeLive } from '../../domain/order';
import { isStranded } from '../../domain/planner';
import { ExitReason, PositionState } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import { DifferenceKind } from '../crash/harness/compare-records';
import { startServers, type Servers } from '../crash/harness/servers';
import { openPosition, stopEverything, type GrantedPosition } from '../crash/harness/trading';
import { waitFor } from '../crash/harness/wait';
import { World } from '../crash/harness/world';

/** One of two held pairs is forgotten by the exchange, and the worker dies before it can have heard of it. */
describe('a pair that is delisted', () => {
  let servers: Servers;
  let world: World;
  let gone: GrantedPosition;
  let other: GrantedPosition;

  beforeAll(async () => {
    servers = await startServers();
    world = await World.open(servers, { name: 'delisted' });
    gone = await openPosition(world, 'gone', { symbol: 'BTC/USDT' });
    other = await openPosition(world, 'other', { symbol: 'ETH/USDT' });
    await Promise.all([gone.untilProtected(), other.untilProtected()]);
  });
  afterAll(async () => {
    await world.close();
    await servers.close();
  });

  const become = (status: string) =>
    world.exchange.plan({ kind: 'trading-status', symbol: 'BTCUSDT', status });
  const riskEvents = (code: string) =>
    createViews(world.pool).riskEvents({ account: world.account.account, code });
  const sold = (symbol: string) =>
    world.exchange.record().orders.filter((order) => order.symbol === symbol && order.side === 'SELL');

  it('keeps no emergency stop from selling the rest, ending, and saying what it could not sell', async () => {
    await become('DELISTED');
    world.worker.kill();
    const { stranded, flatAfterMs, closedPositions } = await stopEverything(world, 'delisted');
    const { positionId } = gone.input;
    expect(flatAfterMs).toEqual(expect.any(Number));
    expect(closedPositions).toBe(1);
    expect(stranded).toEqual([expect.stringContaining(positionId)]);
    expect((await other.untilClosed()).exitReason).toBe(ExitReason.Emergency);
    expect(sold('ETHUSDT').filter(({ status }) => status === 'FILLED')).toHaveLength(1);

    const [report] = await riskEvents('emergency-stop');
    expect(report?.message).toContain('but for what nobody can sell');
    expect(report?.message).toContain(positionId);
    const view = await gone.view();
    expect(view).toMatchObject({ state: PositionState.Live, exitReason: ExitReason.Emergency });
    expect(isStranded(view)).toBe(true);
    expect(view.orders.filter(({ state }) => mayBeLive(state))).toEqual([]);
  });

  it('is named once, with what to do, and where people look', async () => {
    const event = await waitFor('the risk event', async () => (await riskEvents('delisted'))[0]);
    for (const part of ['BTC/USDT', gone.input.positionId, 'last known price', 'ballast reconcile'])
      expect(event.message).toContain(part);
    expect(await riskEvents('delisted')).toHaveLength(1);
    const positions = await world.ballast('positions');
    expect(positions).toMatchObject({ code: 0, stdout: expect.stringMatching(/delisted/) as unknown });
    const status = await world.ballast('status');
    expect(status.stdout).toMatch(/Delisted +\S+ BTC of/);
    expect(await riskEvents('emergency-stop')).toHaveLength(1);
  });

  it('leaves records that agree in everything but the stop that cannot be', async () => {
    await waitFor('nothing to be under way', async () => {
      const differences = await world.differences();
      const others = differences.filter(({ kind }) => kind !== DifferenceKind.Unprotected);
      return others.length === 0 && differences.length === 1 ? true : undefined;
    });
    expect(sold('BTCUSDT').map(({ status }) => status)).toEqual(['CANCELED']);
  });

  it('is sold by the halt that is still in force when it is traded again', async () => {
    await become('TRADING');
    const { exitReason, orders } = await gone.untilClosed();
    expect(exitReason).toBe(ExitReason.Emergency);
    expect(orders.filter(({ leg }) => leg === Leg.Emergency).at(-1)?.state).toBe('filled');
    expect((await world.store.account(world.account.account))?.mode).toBe(TradingMode.Halted);
    await world.agreement();
  });
});
