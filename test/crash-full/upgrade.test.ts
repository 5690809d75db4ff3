import { join } from 'node:path';
import { add, multiply, decimal } from '../../domain/decimal';
import { roundLongStop } from '../../domain/instrument';
import { Leg, OrderState } from '../../domain/order';
import { ExitReason } from '../../domain/position';
import { routeTo } from '../../temporal/versioning';
import { tradingTaskQueues, pokeSignal } from '../../workflows/contract';
import { makeBuild, type Build, type Change } from '../crash/harness/builds';
import { Instant } from '../crash/harness/moments';
import { startServers, type Servers } from '../crash/harness/servers';
import { grantPosition, openPosition, type GrantedPosition } from '../crash/harness/trading';
import { waitFor } from '../crash/harness/wait';
import { World } from '../crash/harness/world';

const POSITION = 'workflows/position.workflow.ts';
const ORDER = 'workflows/order-lifecycle.workflow.ts';

/** A step more in every turn of a position, and before every move of an order. */
const step = (file: string, before: string, guard: string): readonly Change[] => [
  {
    file,
    find: before,
    put: `${guard}await sleep('1 millisecond', { summary: 'new in this build' });\n${before}`,
  },
  { file, find: '  continueAsNew,\n', put: '  continueAsNew,\n  patched as isPatched,\n  sleep,\n' },
];
const TURN = '    show(loaded);\n';
const MOVE = '    const { wanted, asked } = state;\n';
const PATCHED = `if (isPatched('next-build')) `;

/** The same system with other workflow code: as a careful change leaves it, and as a careless one does. */
const CAREFUL = [...step(POSITION, TURN, PATCHED), ...step(ORDER, MOVE, PATCHED)];
const CARELESS = [...step(POSITION, TURN, ''), ...step(ORDER, MOVE, '')];

describe('a new build', () => {
  let servers: Servers;
  let careful: Build;
  let careless: Build;
  let world: World;
  let worlds = 0;

  beforeAll(async () => {
    servers = await startServers();
    careful = await makeBuild(join(servers.folder, 'builds'), 'careful', CAREFUL);
    careless = await makeBuild(join(servers.folder, 'builds'), 'careless', CARELESS);
  });
  beforeEach(async () => {
    worlds += 1;
    world = await World.open(servers, { name: `upgrade_${worlds}` });
  });
  afterEach(async () => {
    await route(null);
    await world.close();
  });
  afterAll(() => servers.close());

  /** What `ballast up` does at its start. */
  const route = (buildId: string | null): Promise<void> =>
    routeTo(world.client, 'default', buildId, tradingTaskQueues(world.account.venue));

  const eventsOf = async (workflowId: string) =>
    (await world.client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];

  /** The new build's code has run for this workflow: the history holds its patch. */
  const isPatched = async (workflowId: string): Promise<boolean> =>
    (await eventsOf(workflowId)).some(
      ({ markerRecordedEventAttributes }) => markerRecordedEventAttributes?.markerName === 'core_patch',
    );

  const resting = (position: GrantedPosition, sequence = 0): boolean =>
    world.exchange
      .record()
      .orders.some(
        ({ clientOrderId, status }) => clientOrderId === position.id(Leg.Stop, sequence) && status === 'NEW',
      );

  /** Raises the stop of an open position a little, as a strategy's management does. */
  async function trail(position: GrantedPosition): Promise<void> {
    const { positionId } = position.input;
    const { stopPrice, instrument } = await position.view();
    const raised = roundLongStop(instrument, add(stopPrice, multiply(stopPrice, decimal('0.002'))));
    await world.store.wishStop(positionId, raised);
    await world.client.workflow.getHandle(positionId).signal(pokeSignal);
  }

  const untilReplaced = (position: GrantedPosition, sequence: number): Promise<unknown> =>
    waitFor(`stop ${sequence} of ${position.input.positionId} to rest`, async () => {
      const { orders } = await position.view();
      const stop = orders.find((order) => order.leg === Leg.Stop && order.sequence === sequence);
      return stop?.state === OrderState.Open ? true : undefined;
    });

  async function close(position: GrantedPosition): Promise<void> {
    await position.leave(ExitReason.Flatten);
    expect((await position.untilClosed()).exitReason).toBe(ExitReason.Flatten);
  }

  describe('takes over from a worker that is killed', () => {
    it.each([Instant.Request, Instant.Answer])('while an entry is on its way, %s', async (instant) => {
      const old = world.worker;
      const open = await openPosition(world, 'open');
      await open.untilProtected();
      const struck = await grantPosition(world, 'struck', { symbol: 'ETH/USDT' });
      const killed = world.at(instant, struck.id(Leg.Entry), () => {
        void old.down();
        return 'drop';
      });
      await Promise.all([killed, struck.start()]);
      await world.startWorker('new', { main: careful.main });
      await world.agreement();

      const entered = instant === Instant.Answer;
      const { exitReason } = entered ? await struck.untilProtected() : await struck.untilClosed();
      expect(exitReason).toBe(entered ? null : ExitReason.NotEntered);
      expect(world.placed(struck.id(Leg.Entry))).toHaveLength(1);
      await trail(open);
      await untilReplaced(open, 1);
      await world.agreement();
      await close(open);
      if (entered) await close(struck);
      expect(await isPatched(open.input.positionId)).toBe(true);
      await world.agreement();
    });

    it.each([Instant.Commit, Instant.Answer])('while a stop is replaced, %s', async (instant) => {
      const old = world.worker;
      const position = await openPosition(world, 'open');
      await position.untilProtected();
      const killed = world.at(instant, position.id(Leg.Stop, 1), () => {
        void old.down();
        return 'drop';
      });
      await Promise.all([killed, trail(position)]);
      await world.startWorker('new', { main: careful.main });
      await position.untilProtected();
      await world.agreement();
      await close(position);
      await world.agreement();
      expect(await isPatched(position.input.positionId)).toBe(true);
    });
  });

  it('works beside the old one, which then is killed: nothing is stranded', async () => {
    const positions = [await openPosition(world, 'first')];
    await positions[0]?.untilProtected();
    await world.startWorker('new', { main: careful.main });
    // Tasks go to whichever worker asks; a task that the old build cannot take is taken by the new one.
    for (const name of ['second', 'third']) positions.push(await openPosition(world, name));
    await Promise.all(positions.map(trail));
    await world.worker.down();
    await Promise.all(positions.map((position) => position.untilProtected()));
    await world.agreement();
    for (const position of positions) await close(position);
    await world.agreement();
    expect(new Set(world.exchange.record().orders.map(({ clientOrderId }) => clientOrderId)).size).toBe(
      world.exchange.record().orders.length,
    );
  });

  describe('that does not understand what was begun does nothing at all, and the right one goes on', () => {
    /** Wakes a position under a build that cannot replay it, and waits until Temporal has noticed. */
    async function wedge(position: GrantedPosition): Promise<void> {
      const { positionId } = position.input;
      await world.client.workflow.getHandle(positionId).signal(pokeSignal);
      await waitFor('the build to fail at the history', async () =>
        (await eventsOf(positionId)).some(
          ({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes?.failure != null,
        )
          ? true
          : undefined,
      );
    }

    it('an incompatible change', async () => {
      const position = await openPosition(world, 'open');
      await position.untilProtected();
      await world.worker.down();
      const wrong = await world.startWorker('careless', { main: careless.main });
      await wedge(position);
      expect(resting(position)).toBe(true);
      await position.leave(ExitReason.Flatten);
      expect((await position.view()).state).toBe('live');
      await wrong.close();

      world.worker.up();
      await position.untilClosed();
      await world.agreement();
    });

    it('a downgrade', async () => {
      await world.worker.down();
      const newer = await world.startWorker('new', { main: careful.main });
      const position = await openPosition(world, 'open');
      await position.untilProtected();
      await world.agreement();
      await newer.down();
      world.worker.up();
      await wedge(position);
      expect(resting(position)).toBe(true);
      await world.worker.down();

      newer.up();
      await close(position);
      await world.agreement();
    });
  });

  it('with worker versioning, takes over when it is made the current one, and gives back', async () => {
    const versioned = { env: { BALLAST__worker__versioning: 'true' } };
    const begunBefore = await openPosition(world, 'unversioned');
    await begunBefore.untilProtected();

    const first = await world.startWorker('first', { ...versioned, main: careful.main });
    await route(careful.id);
    await world.worker.down();
    const position = await openPosition(world, 'versioned', { symbol: 'ETH/USDT' });
    await position.untilProtected();
    await trail(begunBefore);
    await untilReplaced(begunBefore, 1);
    await world.agreement();

    // The next build waits until it is its turn; then the other may go.
    const copy = await makeBuild(join(servers.folder, 'builds'), 'careful-2', CAREFUL);
    const second = await world.startWorker('second', { ...versioned, main: copy.main });
    await route(copy.id);
    await first.down();
    await trail(position);
    await untilReplaced(position, 1);
    await world.agreement();

    const third = await world.startWorker('third', { main: careful.main });
    await route(null);
    await second.down();
    await close(position);
    await close(begunBefore);
    await world.agreement();
    expect(third.placed.length).toBeGreaterThan(0);
  });
});
