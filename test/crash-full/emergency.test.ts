import { TradingMode } from '../../domain/risk';
import { filledOrders, leftAtExchange, soldOnce, untilFlat } from '../crash/harness/flat';
import { Instant } from '../crash/harness/moments';
import { startServers, type Servers } from '../crash/harness/servers';
import {
  grantPosition,
  MANY_LIMITS,
  MANY_SYMBOLS,
  openPositions,
  stopEverything,
} from '../crash/harness/trading';
import { waitFor } from '../crash/harness/wait';
import { World, type WorldOptions } from '../crash/harness/world';

const OPEN = 3;
/** Rounds of the measurement. */
const ROUNDS = 3;
/** How a sale in the place of a stop looks on the wire. */
const SALE = ['/api/v3/order/cancelReplace', 'type=MARKET'];
const triggers = (settings: object): Readonly<Record<string, string>> => ({
  BALLAST__riskDesk__triggers: JSON.stringify(settings),
});

/** Emergency stops, by hand and by themselves, judged by the exchange's own journal. */
describe('an emergency stop', () => {
  let servers: Servers;
  let world: World;
  let worlds = 0;

  beforeAll(async () => {
    servers = await startServers();
  });
  afterAll(() => servers.close());

  async function openWorld(options: Partial<WorldOptions> = {}): Promise<void> {
    worlds += 1;
    const many = { symbols: MANY_SYMBOLS, limits: MANY_LIMITS };
    world = await World.open(servers, { name: `emergency_${worlds}`, ...many, ...options });
  }

  const inWorldOfItsOwn = (): void => {
    afterEach(() => world.close());
  };

  const account = async () => {
    const state = await world.store.account(world.account.account);
    if (state === undefined) throw new Error('The account is not in the journal.');
    return state;
  };
  const untilHalted = () =>
    waitFor('the account to be halted', async () => {
      const state = await account();
      return state.mode === TradingMode.Halted ? state : undefined;
    });

  async function resume(): Promise<void> {
    const { haltEpoch: epoch } = await account();
    const change = { reason: 'the next test', by: 'test', epoch };
    await world.store.setMode(world.account.account, TradingMode.Active, change);
  }

  describe('by hand', () => {
    inWorldOfItsOwn();

    it('is one row with Temporal killed; nothing more is sent, and the rest follows when Temporal is back', async () => {
      await openWorld();
      const positions = await openPositions(world, OPEN, 'hand');
      // Granted, and about to be bought by its owner.
      const late = await grantPosition(world, 'late');
      servers.temporal.kill();
      const stopped = await world.ballast('emergency-stop', '--reason', 'a test', '--yes');
      expect(stopped).toMatchObject({ code: 3, stderr: expect.stringContaining('HALTED') as unknown });
      expect((await account()).mode).toBe(TradingMode.Halted);
      await servers.temporal.restart();
      await late.start();
      await untilFlat(world);
      await soldOnce(world, positions);
      expect((await late.untilClosed()).openedAtMs).toBeNull();
      expect(filledOrders(world, 'BUY')).toBe(OPEN);
      expect((await account()).haltEpoch).toBe(1);
    });

    it('needs nothing but the exchange with --direct, Temporal and PostgreSQL being killed', async () => {
      await openWorld();
      await openPositions(world, OPEN, 'direct');
      servers.temporal.kill();
      servers.postgres.kill();
      const stopped = await world.ballast('emergency-stop', '--direct', '--yes', '--json');
      expect(stopped.code).toBe(0);
      expect(JSON.parse(stopped.stdout)).toMatchObject({ flat: true, sells: OPEN });
      expect(leftAtExchange(world)).toEqual([]);
      expect(filledOrders(world, 'BUY')).toBe(OPEN);
      await Promise.all([servers.temporal.restart(), servers.postgres.restart()]);
    });
  });

  describe('by itself', () => {
    inWorldOfItsOwn();

    it('completes though the worker is killed while it sells', async () => {
      await openWorld({ settings: triggers({ orderFlood: { orders: 2 * OPEN, withinMs: 600_000 } }) });
      const killed = world.when(Instant.Asked, SALE, (worker) => {
        worker.kill();
        return 'drop';
      });
      const positions = await openPositions(world, OPEN, 'killed');
      await killed;
      await untilFlat(world);
      await soldOnce(world, positions);
      expect((await account()).modeReason).toMatch(/^order-flood: \d+ orders were sent/);
    });

    it('completes though its author is killed between the halt and the workflow', async () => {
      await openWorld({ settings: triggers({ orderFlood: { orders: 2 * OPEN, withinMs: 600_000 } }) });
      const killed = world.when(Instant.Written, ['INSERT INTO halt_epochs'], (worker) => {
        worker.kill();
        return 'drop';
      });
      const positions = await openPositions(world, OPEN, 'author');
      await killed;
      await untilFlat(world);
      await soldOnce(world, positions);
      expect((await account()).haltEpoch).toBe(1);
    });

    it('halts at once when the exchange stays out of reach, and sells as soon as it is back', async () => {
      await openWorld({ settings: triggers({ exchangeUnreachableMs: 3_000 }) });
      const positions = await openPositions(world, OPEN, 'unreachable');
      world.worker.cutOff();
      const { modeReason } = await untilHalted();
      expect(modeReason).toMatch(/^exchange-unreachable: The exchange has not answered for/);
      expect(leftAtExchange(world)).not.toEqual([]);
      world.worker.reconnect();
      await untilFlat(world);
      await soldOnce(world, positions);
    });

    it('is not for an outage that passes', async () => {
      await openWorld({ settings: triggers({ exchangeUnreachableMs: 20_000 }) });
      const positions = await openPositions(world, 1, 'blip');
      world.worker.cutOff();
      await waitFor('the outage to be noticed', async () =>
        (await world.store.failureStreaks('main')).length > 0 ? true : undefined,
      );
      world.worker.reconnect();
      await waitFor('the outage to be over', async () =>
        (await world.store.failureStreaks('main')).length === 0 ? true : undefined,
      );
      expect((await account()).mode).toBe(TradingMode.Active);
      await Promise.all(positions.map((position) => position.untilProtected()));
      await world.agreement();
    });
  });

  describe('under faults', () => {
    beforeAll(() => openWorld());
    afterAll(() => world.close());

    const sale = { match: 'POST /api/v3/order/cancelReplace' };
    it.each<[string, readonly object[]]>([
      ['answers that never come', [{ ...sale, kind: 'hang-after', times: 2 }]],
      ['requests that never arrive', [{ ...sale, kind: 'hang-before', times: 2 }]],
      [
        'connections that break',
        [
          { ...sale, kind: 'reset-after', times: 2 },
          { ...sale, kind: 'reset-before', times: 2 },
        ],
      ],
      ['an overloaded exchange', [{ match: '*', kind: 'code', code: -1008, times: 8 }]],
      ['unclear answers', [{ ...sale, kind: 'code', code: -1006, phase: 'after', times: 2 }]],
      ['a rate limit', [{ ...sale, kind: 'rate-limit', times: 3 }]],
      ['lists that cannot be had', [{ match: 'GET /api/v3/openOrders', kind: 'hang-before', times: 2 }]],
    ])('completes: %s', async (what, faults) => {
      const [sold, struck] = [filledOrders(world, 'SELL'), world.exchange.faultLog().length];
      const positions = await openPositions(world, OPEN, what.replaceAll(' ', '-'));
      for (const fault of faults) await world.exchange.plan(fault);
      const { flatAfterMs } = await stopEverything(world, what);
      expect(leftAtExchange(world)).toEqual([]);
      await world.exchange.callOffFaults();
      await soldOnce(world, positions, sold);
      expect(world.exchange.faultLog().length).toBeGreaterThan(struck);
      process.stdout.write(`Flat after ${flatAfterMs ?? Infinity} ms: ${what}\n`);
      await resume();
    });
  });

  describe('of twenty positions', () => {
    inWorldOfItsOwn();

    it('is over soon: measured, for people to read', async () => {
      // Granting as fast as a test does asks more of the exchange than any strategy; the stop keeps to its limits.
      await openWorld({ exchange: { limits: { weightPerMinute: 100_000 } } });
      const measured: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const positions = await openPositions(world, 20, `many-${round}`);
        const startedMs = performance.now();
        const { flatAfterMs } = await stopEverything(world, `many-${round}`);
        measured.push(
          `${flatAfterMs ?? Infinity} ms (${Math.round(performance.now() - startedMs)} ms for its caller)`,
        );
        expect(leftAtExchange(world)).toEqual([]);
        await Promise.all(positions.map((position) => position.untilClosed()));
        await resume();
      }
      await world.agreement();
      process.stdout.write(`Halt to verified flat with 20 positions: ${measured.join(', ')}\n`);
    });
  });
});
