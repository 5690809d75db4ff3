import { PositionState, ExitReason } from '../../domain/position';
import { startServers, type Servers } from '../crash/harness/servers';
import { STEPS } from '../crash/harness/steps';
import { namesOf, revive, strike } from '../crash/harness/victims';
import { World } from '../crash/harness/world';

/** Beside its cash the account has coins that Ballast never bought: what is sold a second time finds buyers, and is told by the judge. */
const BALANCES = { USDT: '10000', BTC: '1' };

/** The complete matrix: every numbered step of the order path, times everything that can be killed there. */
describe('SIGKILL at every step of the order path', () => {
  let servers: Servers;
  let world: World;
  let worlds = 0;
  let positions = 0;

  beforeAll(async () => {
    servers = await startServers();
  });
  afterAll(() => servers.close());

  describe.each(STEPS)('$flow', ({ prepare, steps }) => {
    beforeAll(async () => {
      worlds += 1;
      world = await World.open(servers, { name: `steps_${worlds}`, balances: BALANCES });
    });
    afterAll(() => world.close());

    describe.each(steps)('$name', (step) => {
      it.each(step.victims.map((victims) => ({ who: namesOf(victims), victims })))(
        '$who',
        async ({ victims }) => {
          positions += 1;
          const { position, begin, arrive } = await prepare(world, `step-${positions}`);
          const struck = step.await(world, position, () => strike(world, victims, step.instant));
          // Who is killed may be the one who was to confirm the beginning.
          await Promise.all([struck, begin().catch(() => undefined)]);
          await revive(world, victims);
          await arrive();
          await world.agreement();
          // Life goes on: whatever is held now can be left.
          if ((await position.view()).state === PositionState.Live) {
            await position.leave(ExitReason.Flatten);
            await position.untilClosed();
          }
        },
      );
    });
  });
});
