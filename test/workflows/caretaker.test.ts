import { BUILT_IN_CATALOGUE } from '../../domain/strategies/catalogue';
import { WorkflowNotFoundError } from '@temporalio/client';
import { loadConfig } from '../../config/load';
import { Leg, OrderState } from '../../domain/order';
import { Caretaker } from '../../workers/caretaker';
import {
  stopSignal,
  StrategyMode,
  strategyProgressQuery,
  workflowIds,
  type PositionInput,
} from '../../workflows/contract';
import { Harness, VENUE, type World } from './harness';

/** Far beyond what any history here reaches. */
const SUGGEST_AT = 10_000;

/** On a dev server, for the test server cannot list workflows. */
describe('the caretaker', () => {
  let harness: Harness;
  let world: World;
  let caretaker: Caretaker;
  const warnings: string[] = [];

  beforeAll(async () => {
    harness = await Harness.startOnDevServer(SUGGEST_AT);
  });
  beforeEach(async () => {
    world = await harness.newWorld();
    warnings.length = 0;
    caretaker = caretakerOf(world.account);
  });
  afterAll(() => harness.shutdown());

  function caretakerOf(account: string): Caretaker {
    const strategies = [{ name: 'configured', strategy: 'rsi', symbols: ['BTC/USDT'], timeframe: '1d' }];
    const env = {
      BALLAST__account__name: account,
      BALLAST__strategies: JSON.stringify(strategies),
      BALLAST__mode: 'simulated',
      BALLAST__deployment: 'test',
      BALLAST_STATE_DIR: '/nonexistent',
    };
    const config = loadConfig({ env, cwd: '/' });
    // The fake exchange has a name of its own, and with it its queues.
    const fake = { ...config, exchange: { ...config.exchange, venue: VENUE as 'binance' } };
    const log = { info: () => undefined, warn: (_: unknown, message: string) => warnings.push(message) };
    const { store, owners } = world.deps;
    return new Caretaker({
      client: harness.client,
      config: fake,
      store,
      owners,
      log,
      strategies: BUILT_IN_CATALOGUE,
    });
  }

  const runs = async (workflowId: string): Promise<boolean> => {
    try {
      return (await harness.statusOf(workflowId)) === 'RUNNING';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  };
  const reference = () => ({ deployment: 'test', account: world.account, venue: VENUE });

  async function openPosition(): Promise<PositionInput> {
    const input = harness.grant();
    await harness.start('position', input.positionId, input);
    await harness.until(() => world.exchange.offered() === '0.999');
    await harness.until(() => runs(workflowIds.order(input.positionId, Leg.Stop)));
    return input;
  }

  it('leaves alone what is as it should be', async () => {
    await openPosition();
    const before = world.calls.length;
    for (let looks = 0; looks < 3; looks += 1) await caretaker.look();
    expect(warnings).toEqual([]);
    expect(world.calls.slice(before).map(({ name }) => name)).not.toContain('reconcileAccount');
  });

  it('gives a position whose workflow was terminated another owner', async () => {
    const { positionId } = await openPosition();
    await harness.terminate(positionId);
    // Once missing may be a matter of a moment.
    await caretaker.look();
    expect(warnings).toEqual([]);
    await caretaker.look();
    await harness.until(() => runs(positionId));
    expect(warnings).toEqual(['a position lacks an owner; bringing it back']);
  });

  it('gives a granted position that was never started its owner', async () => {
    const { positionId } = harness.grant();
    await caretaker.look();
    await caretaker.look();
    await harness.until(() => runs(positionId));
    await harness.until(() => world.exchange.offered() === '0.999');
  });

  it('gives an order whose workflow was terminated another owner, so that its fate becomes known', async () => {
    world.exchange.faults.push('none', 'lost');
    const input = harness.grant();
    const { positionId } = input;
    await harness.start('position', positionId, input);
    const stop = () => world.store.orders.known(positionId).orders.findLast(({ leg }) => leg === Leg.Stop);
    await harness.until(() => stop()?.state === OrderState.Unknown);
    const id = workflowIds.order(positionId, Leg.Stop);
    await harness.until(() => runs(id));
    await harness.terminate(id);
    await caretaker.look();
    await caretaker.look();
    await harness.until(() => runs(id));
    await harness.until(() => world.exchange.offered() === '0.999');
  });

  it.each(['accountFeed', 'riskDesk'] as const)('starts the %s again', async (desk) => {
    world.script.watchAccount = () => Promise.resolve();
    const id = workflowIds[desk](world.account);
    const input = { ...reference(), symbols: ['BTC/USDT'], limits: {}, intervalMs: 60_000 };
    await harness.start(desk, id, input);
    await harness.terminate(id);
    await caretaker.look();
    expect(await runs(id)).toBe(true);
  });

  it('starts no desk that never was there', async () => {
    await caretaker.look();
    expect(await runs(workflowIds.riskDesk(world.account))).toBe(false);
  });

  describe('brings a strategy back paused', () => {
    it.each([
      ['configured', '1d'],
      ['by-hand', '5m'],
    ] as const)('%s, with the settings it is to have', async (name, timeframe) => {
      const settings = harness.settings({ name, strategyId: 'rsi', timeframe: '5m' });
      const id = workflowIds.strategy(world.account, name);
      await harness.start('strategy', id, { settings });
      await harness.terminate(id);
      await harness.until(async () => {
        await caretaker.look();
        return runs(id);
      });
      const { mode, modeReason } = await harness.handle(id).query(strategyProgressQuery);
      expect(mode).toBe(StrategyMode.Paused);
      expect(modeReason).toContain('ended past Ballast');
      expect(await harness.detailsOf(id)).toContain(`on BTC/USDT ${timeframe}`);
      await harness.terminate(id);
    });

    it('but not one that was stopped', async () => {
      const settings = harness.settings({ name: 'stopped' });
      const id = workflowIds.strategy(world.account, 'stopped');
      const handle = await harness.start('strategy', id, { settings });
      await handle.signal(stopSignal, { by: 'tester', reason: 'a test', flatten: false });
      await handle.result();
      await caretaker.look();
      expect(await harness.statusOf(id)).toBe('COMPLETED');
    });
  });

  it('does nothing for an account that has never traded', async () => {
    await caretakerOf('nobody').look();
    expect(warnings).toEqual([]);
  });
});
