import { Leg } from '../../domain/order';
import { ExitReason } from '../../domain/position';
import { decideFast } from './harness/flows';
import { Instant } from './harness/moments';
import { startServers, type Servers } from './harness/servers';
import { grantPosition, openPosition } from './harness/trading';
import { World } from './harness/world';

describe('workers that take over from each other', () => {
  let servers: Servers;
  let world: World;
  let worlds = 0;

  beforeAll(async () => {
    servers = await startServers();
  });
  beforeEach(async () => {
    worlds += 1;
    world = await World.open(servers, { name: `takeover_${worlds}` });
  });
  afterEach(() => world.close());
  afterAll(() => servers.close());

  it('loses nothing when one of two workers is killed between a fill and its stop', async () => {
    await world.startWorker('b');
    const struck = await grantPosition(world, 'struck');
    const positions = [struck, await grantPosition(world, 'bystander')];
    const killed = world.at(Instant.Request, struck.id(Leg.Stop), (worker) => {
      worker.kill();
      return 'drop';
    });
    await Promise.all([killed, ...positions.map((position) => position.start())]);
    await Promise.all(positions.map((position) => position.untilProtected()));
    await world.agreement();
  });

  it('never lets a worker that wakes up late send what another has given up', async () => {
    const position = await grantPosition(world, 'late');
    const entry = position.id(Leg.Entry);
    const stalled = world.at(Instant.Committed, entry, (worker) => {
      worker.stall();
      return 'pass';
    });
    await Promise.all([stalled, position.start()]);
    const other = await world.startWorker('b');
    const { exitReason } = await position.untilClosed();
    expect(exitReason).toBe(ExitReason.NotEntered);

    (await stalled).resume();
    await other.close();
    // The late worker is alone now: that this position opens shows that it is awake.
    await (await openPosition(world, 'next')).untilProtected();
    await world.agreement();
    expect(world.placed(entry)).toEqual([]);
    expect(world.exchange.record().orders.filter(({ side }) => side === 'BUY')).toHaveLength(1);
  });

  it('never lets a fast lane that wakes up late send what another has given up', async () => {
    const { position, begin, arrive } = await decideFast(world, 'late-lane');
    const entry = position.id(Leg.Entry);
    const stalled = world.at(Instant.Committed, entry, (worker) => {
      worker.stall();
      return 'pass';
    });
    await Promise.all([stalled, begin()]);
    const other = await world.startWorker('b');
    expect((await position.untilClosed()).exitReason).toBe(ExitReason.NotEntered);

    (await stalled).resume();
    await arrive();
    await other.close();
    await (await openPosition(world, 'next')).untilProtected();
    await world.agreement();
    expect(world.placed(entry)).toEqual([]);
    expect(world.exchange.record().orders.filter(({ side }) => side === 'BUY')).toHaveLength(1);
  });

  it('closes a position whose stop was filled while no worker ran', async () => {
    const position = await openPosition(world, 'stopped', { stopFactor: '0.995' });
    await position.untilProtected();
    world.worker.stall();
    await world.moveMarketUntil(({ orders }) =>
      orders.some(({ type, status }) => type === 'STOP_LOSS' && status === 'FILLED'),
    );
    world.worker.kill();
    expect((await position.untilClosed()).exitReason).toBe(ExitReason.Stop);
    await world.agreement();
  });
});
