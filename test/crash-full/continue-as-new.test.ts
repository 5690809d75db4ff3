import { WorkflowNotFoundError } from '@temporalio/client';
import { Leg } from '../../domain/order';
import { ExitReason, PositionState } from '../../domain/position';
import { pokeSignal, startOptions, stopSignal, workflowIds } from '../../workflows/contract';
import { settingsOf } from '../crash/harness/cycle';
import { stopAll } from '../crash/harness/flows';
import { Instant } from '../crash/harness/moments';
import { startServers, type Servers } from '../crash/harness/servers';
import { openPosition, type GrantedPosition } from '../crash/harness/trading';
import { fateOfMessage, kill, namesOf, revive, VICTIMS } from '../crash/harness/victims';
import { waitFor } from '../crash/harness/wait';
import { World } from '../crash/harness/world';

/** So few events let everything continue as new all the time. */
const SUGGEST_AT = 30;
const account = 'main';

/** How a workflow is brought to the point at which it continues. */
interface Entity {
  readonly type: string;
  readonly idOf: (position: GrantedPosition) => string;
  /** Given to it again and again until it continues. */
  readonly feed: (world: World, position: GrantedPosition, round: number) => Promise<unknown>;
}

const ENTITIES: readonly Entity[] = [
  {
    type: 'position',
    idOf: ({ input }) => input.positionId,
    feed: (world, { input }) => world.client.workflow.getHandle(input.positionId).signal(pokeSignal),
  },
  {
    type: 'orderLifecycle',
    idOf: ({ input }) => workflowIds.order(input.positionId, Leg.Stop),
    feed: async (_, position, round) =>
      position.untilTrailed(await position.trail((0.97 + 0.001 * (round + 1)).toFixed(3))),
  },
  {
    type: 'strategy',
    idOf: ({ input }) => workflowIds.strategy(account, input.strategy),
    feed: () => Promise.resolve(), // it looks at the market, which stands still, every two seconds
  },
  {
    type: 'riskDesk',
    idOf: () => workflowIds.riskDesk(account),
    feed: () => Promise.resolve(), // it looks at the account every two seconds
  },
];

describe('SIGKILL while a workflow continues as new', () => {
  let servers: Servers;
  let world: World;
  let positions = 0;

  beforeAll(async () => {
    servers = await startServers(SUGGEST_AT);
    world = await World.open(servers, { name: 'continue', watchTemporal: true });
  });
  afterAll(async () => {
    await world.close();
    await servers.close();
  });

  const victims = VICTIMS.map((each) => ({ who: namesOf(each), victims: each }));
  const nextName = (): string => {
    positions += 1;
    return `continue-${positions}`;
  };
  const runOf = async (workflowId: string): Promise<string> =>
    (await world.client.workflow.getHandle(workflowId).describe()).runId;

  describe.each(ENTITIES)('$type', ({ type, idOf, feed }) => {
    it.each(victims)('$who', async ({ victims: struck }) => {
      const position = await openPosition(world, nextName());
      await position.untilProtected();
      if (type === 'strategy')
        await world.client.workflow.start('strategy', {
          ...startOptions,
          workflowId: idOf(position),
          args: [{ settings: settingsOf(world, position.input.strategy) }],
        });
      // A stop may rest on the exchange before its workflow has begun.
      const firstRun = await waitFor(`a first run of ${type}`, () =>
        runOf(idOf(position)).catch((error: unknown) => {
          if (error instanceof WorkflowNotFoundError) return undefined;
          throw error;
        }),
      );
      let isStruck = false;
      const continues = world.when(Instant.Continue, [type], () => {
        kill(world, struck);
        isStruck = true;
        return fateOfMessage(struck, Instant.Continue);
      });
      const feeding = async (): Promise<void> => {
        for (let round = 0; round < 20 && !isStruck; round += 1) await feed(world, position, round);
      };
      const fed = feeding().catch(() => undefined);
      await continues;
      await revive(world, struck); // before the last feeding is waited for: it may need whoever is away
      await fed;
      if (type === 'position') await position.trail('0.98');
      await waitFor('another run', async () =>
        (await runOf(idOf(position))) === firstRun ? undefined : true,
      );
      await world.agreement();
      if (type === 'strategy')
        await world.client.workflow
          .getHandle(idOf(position))
          .signal(stopSignal, { by: 'test', reason: 'the test is over', flatten: false });
      await position.leave(ExitReason.Flatten);
      await position.untilClosed();
      await world.agreement();
    });
  });

  describe('emergencyStop', () => {
    it.each(victims)('$who', async ({ victims: struck }) => {
      const { position, begin, arrive } = await stopAll(world, nextName());
      // What cannot be sold is tried until it can.
      const refusal = { code: -1013, msg: 'Filter failure: a test' };
      await world.exchange.plan({
        ...{ kind: 'status', status: 400, body: refusal, times: 6 },
        match: 'POST /api/v3/order/cancelReplace',
      });
      const continues = world.when(Instant.Continue, ['emergencyStop'], () => {
        kill(world, struck);
        return fateOfMessage(struck, Instant.Continue);
      });
      await Promise.all([continues, begin()]);
      await revive(world, struck);
      await world.exchange.callOffFaults();
      await arrive();
      expect((await position.view()).state).toBe(PositionState.Closed);
      await world.agreement();
    });
  });
});
