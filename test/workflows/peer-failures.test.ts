import { decimal } from '../../domain/decimal';
import { ToolName } from '../../domain/agent/tool-names';
import { Leg, OrderState, OrderType, type OrderView } from '../../domain/order';
import { MAX_STOP_REFUSALS } from '../../domain/planner';
import type { PositionView } from '../../domain/position';
import { pokeSignal, type PositionInput, type PositionResult } from '../../workflows/contract';
import type { Grant } from '../activities/memory-orders';
import { BTC } from '../domain/fixtures';
import { agentDecisions, runAgent } from './agent-run';
import { Harness, type World } from './harness';

type Position = (input: PositionInput) => Promise<PositionResult>;

const MINUTE_MS = 60_000;

/**
 * What users of other bots suffered, where no process needs to die for it; the others are in test/crash-full, and so are some of
 * these once more, on real processes and judged by the exchange's own journal. Each name cites the report, or tells the failure that many projects share: of these two more are in test/agent/peer-failures and test/adapters/store/memories.
 */
describe('failures of peers, on the test server', () => {
  let harness: Harness;
  let world: World;
  beforeEach(async () => {
    harness = await Harness.start();
    world = await harness.newWorld();
  });
  afterEach(async () => {
    await harness.shutdown();
  });

  async function begin(change: Partial<Grant> = {}) {
    const input = harness.grant(change);
    const { positionId } = input;
    const handle = await harness.start<Position>('position', positionId, input);
    const view = (): PositionView => world.store.orders.known(positionId);
    const newest = (leg: Leg): OrderView | undefined => view().orders.findLast((order) => order.leg === leg);
    const becomes = (leg: Leg, state: OrderState) => harness.until(() => newest(leg)?.state === state);
    const leave = async (): Promise<void> => {
      await world.store.wishExit(positionId, 'strategy');
      await handle.signal(pokeSignal);
    };
    const closed = () => harness.until(() => view().state === 'closed');
    return { view, newest, becomes, leave, closed, id: positionId };
  }

  const idOf = (order: OrderView | undefined): string => order?.clientOrderId ?? 'none';

  it('freqtrade #9128: an entry that fills while it is taken back leaves no ghost position', async () => {
    world.exchange.price = decimal('105');
    const position = await begin();
    await position.becomes(Leg.Entry, OrderState.Open);
    // The exchange fills it at the very moment, and so knows of nothing to cancel.
    world.exchange.cancel = (_, clientOrderId) => {
      world.exchange.fillResting(clientOrderId, decimal('1'));
      return Promise.resolve(undefined);
    };
    await position.leave();
    await position.closed();
    expect(position.newest(Leg.Entry)?.state).toBe(OrderState.Filled);
    expect(position.newest(Leg.Exit)).toMatchObject({ state: OrderState.Filled, quantity: '0.999' });
    expect(world.exchange.held()).toBe('0');
  });

  it('freqtrade #8374: a stop that sells in parts is neither forgotten nor sold twice', async () => {
    const position = await begin();
    await position.becomes(Leg.Stop, OrderState.Open);
    const stop = idOf(position.newest(Leg.Stop));
    world.exchange.fillResting(stop, decimal('0.3'));
    await harness.hear(stop);
    await position.closed();
    // The rest of the stop ended before the exit, of exactly what was left, began.
    expect(position.newest(Leg.Stop)).toMatchObject({ state: OrderState.Cancelled, filledQuantity: '0.3' });
    expect(position.newest(Leg.Exit)).toMatchObject({ quantity: '0.699', filledQuantity: '0.699' });
    expect(world.exchange.held()).toBe('0');
  });

  describe('freqtrade #11788: stops that the exchange refuses are not posted without end', () => {
    const sent = ({ orders }: PositionView, leg: Leg): number =>
      orders.filter((order) => order.leg === leg && order.sendDeadlineMs !== null).length;

    it('after a few refusals the position is left', async () => {
      const refused = Array.from({ length: MAX_STOP_REFUSALS }, () => 'refused' as const);
      world.exchange.faults.push('none', ...refused);
      const position = await begin();
      await position.closed();
      expect(position.view().exitReason).toBe('unprotected');
      expect(sent(position.view(), Leg.Stop)).toBe(MAX_STOP_REFUSALS);
      expect(world.exchange.held()).toBe('0');
    });

    it('and an exchange that refuses everything for 14 minutes is asked ever less often', async () => {
      world.exchange.faults.push('none', ...Array.from({ length: 500 }, () => 'refused' as const));
      const position = await begin();
      await harness.until(() => position.view().exitReason === 'unprotected');
      await harness.pass(14 * MINUTE_MS);
      expect(sent(position.view(), Leg.Stop)).toBe(MAX_STOP_REFUSALS);
      // Doubling pauses up to half a minute: eight within the first, two a minute from then on.
      expect(sent(position.view(), Leg.Exit)).toBeLessThanOrEqual(8 + 2 * 14);
      world.exchange.faults.length = 0;
      await position.closed();
      expect(world.exchange.held()).toBe('0');
    });

    it('and one that takes each of them back for two minutes is given the next ever later', async () => {
      const submit = world.exchange.submit.bind(world.exchange);
      let takesBack = true;
      world.exchange.submit = async (request) => {
        const report = await submit(request);
        if (!takesBack || request.type !== OrderType.StopMarket) return report;
        world.exchange.end(request.clientOrderId, 'cancelled');
        return { ...report, status: 'cancelled' };
      };
      const position = await begin();
      await harness.pass(2 * MINUTE_MS);
      // At once, then doubling pauses up to half a minute.
      expect(sent(position.view(), Leg.Stop)).toBeGreaterThan(6);
      expect(sent(position.view(), Leg.Stop)).toBeLessThanOrEqual(1 + 8 + 2 * 2);
      takesBack = false;
      await position.becomes(Leg.Stop, OrderState.Open);
      expect(world.exchange.offered()).toBe('0.999');
      await position.leave();
      await position.closed();
      expect(world.exchange.held()).toBe('0');
    });
  });

  it.each(['was cancelled by somebody', 'is unknown to the exchange'])(
    'freqtrade #12360: a stop that %s is posted anew, once',
    async (what) => {
      const lose = (id: string): void => {
        if (what === 'was cancelled by somebody') world.exchange.end(id, 'cancelled');
        else world.exchange.orders.delete(id);
      };
      const position = await begin();
      await position.becomes(Leg.Stop, OrderState.Open);
      lose(idOf(position.newest(Leg.Stop)));
      await harness.until(() => position.newest(Leg.Stop)?.sequence === 1, { limitMs: 5 * MINUTE_MS });
      await position.becomes(Leg.Stop, OrderState.Open);
      await harness.pass(5 * MINUTE_MS);
      expect(world.exchange.offered()).toBe('0.999');
      expect(world.exchange.received).toHaveLength(3);
      expect(await harness.statusOf(position.id)).toBe('RUNNING');
    },
  );

  it('freqtrade #10071: an exception about one position leaves the others alone', async () => {
    const broken = await begin({ strategy: 'broken' });
    const sound = await begin({ strategy: 'sound' });
    await Promise.all([broken, sound].map((position) => position.becomes(Leg.Stop, OrderState.Open)));
    let failing = true;
    const { loadPosition } = world.real;
    world.script.loadPosition = (positionId) =>
      failing && positionId === broken.id ? Promise.reject(new Error('scripted')) : loadPosition(positionId);
    await broken.leave();
    await sound.leave();
    await sound.closed();
    expect(broken.view().state).toBe('live');
    expect(world.exchange.offered()).toBe('0.999');
    failing = false;
    await broken.closed();
    expect(world.exchange.held()).toBe('0');
  });

  it('hummingbot #720: nothing is sent after a stop, nor when trading resumes', async () => {
    const epoch = await world.store.raiseHalt(world.account, { key: 'k', reason: 'a test', by: 'tester' });
    // Granted before the halt: its approval is of an older epoch.
    const position = await begin({ epoch: epoch - 1 });
    await harness.pass(MINUTE_MS);
    expect(world.exchange.received).toEqual([]);
    await world.store.setMode(world.account, 'ACTIVE', { reason: 'resumed', by: 'tester', epoch });
    await position.closed();
    expect(position.newest(Leg.Entry)).toMatchObject({ state: 'abandoned', reason: 'stale-epoch' });
    expect(world.exchange.received).toEqual([]);
  });

  describe('projects in which a model trades', () => {
    const buy = {
      ...{ symbol: BTC.symbol, side: 'buy', stop_price: 95, take_profit_price: 120 },
      ...{ size_fraction: null, reason: 'a test' },
    };
    const decided = (count: number) =>
      harness.until(() => agentDecisions(world).length >= count, { stepMs: 5_000, limitMs: 900_000 });
    const sized = (): number => world.calls.filter(({ name }) => name === 'sizePosition').length;

    it('unparsable output falls back to a default: a call that is cut off is refused, and decides nothing', async () => {
      const whole = JSON.stringify(buy);
      const cutOff = { tool: ToolName.MarketOrder, arguments: whole.slice(0, whole.indexOf('stop_price')) };
      // It is told what is wrong, and cuts off the next one as well.
      const { requests } = await runAgent({ harness, world }, [[[cutOff], [cutOff]]]);
      await decided(1);
      expect(requests[1]?.messages.at(-1)?.content).toMatch(/is not JSON/);
      expect(world.agent.all().steps).toEqual([]);
      const [decision] = agentDecisions(world);
      expect(decision).toMatchObject({ outcome: 'hold', positionId: null });
      expect(JSON.stringify(decision?.reasons)).toContain(
        'The model gave no answer that could be used; nothing more was done: malformed',
      );
      expect(sized()).toBe(0);
      expect(world.exchange.received).toEqual([]);
    });

    it('no execution: what it says it has bought is not bought, and what it buys is at the exchange under a stop', async () => {
      const call = { tool: ToolName.MarketOrder, arguments: buy };
      await runAgent({ harness, world }, [['I have bought 1 BTC/USDT at 100.'], [[call]]]);
      await decided(1);
      expect(agentDecisions(world)).toMatchObject([{ outcome: 'hold', positionId: null }]);
      expect(world.exchange.received).toEqual([]);

      await decided(2);
      const [position] = world.store.orders.positions(world.account);
      expect(agentDecisions(world)[1]).toMatchObject({ outcome: 'enter', positionId: position?.positionId });
      await harness.until(() => Number(world.exchange.offered()) > 0);
      expect(world.exchange.held()).toBe(world.exchange.offered());
      const ids = position?.orders.map(({ clientOrderId }) => clientOrderId).slice(0, 2);
      expect(world.exchange.received).toEqual(ids);
    });
  });
});
