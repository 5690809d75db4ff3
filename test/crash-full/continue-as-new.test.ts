import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { FindingKind, Severity, type Finding } from '../../domain/findings';
import { Leg } from '../../domain/order';
import { ExitReason, PositionState } from '../../domain/position';
import { createOwners } from '../../workers/owners';
import { pokeSignal, startOptions, stopSignal, workflowIds } from '../../workflows/contract';
import { settingsOf } from '../crash/harness/cycle';
import { stopAll } from '../crash/harness/flows';
import { Instant } from '../crash/harness/moments';
import { startServers, type Servers } from '../crash/harness/servers';
import { openPosition, type GrantedPosition } from '../crash/harness/trading';
import { namesOf, revive, strike, VICTIMS } from '../crash/harness/victims';
import { waitFor } from '../crash/harness/wait';
import { SYMBOLS, World } from '../crash/harness/world';

/** So few events let everything continue as new all the time. */
const SUGGEST_AT = 30;
const account = 'main';

/** Ends the activity that listens to the account, which else lives for years: the feed listens anew with another. */
async function endListening({ client }: World): Promise<void> {
  const workflowId = workflowIds.accountFeed(account);
  await waitFor('listening to end', async () => {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    const activityId = raw.pendingActivities?.[0]?.activityId ?? '';
    if (activityId === '') return undefined;
    await client.activity.complete({ workflowId, activityId }, undefined);
    return true;
  });
}

/** By position of a test, what Temporal has taken for the reconciliation. */
const TOLD = new Map<string, string[]>();
/** Spread over its looks: it continues only when something has come during one. Some of a round come after the kill. */
const FINDINGS_PER_ROUND = 5;
const BETWEEN_FINDINGS_MS = 100;

async function tellReconciliation(world: World, { input }: GrantedPosition, round: number): Promise<void> {
  const { wakeReconciliation } = createOwners(world.client, { ...world.account, symbols: SYMBOLS });
  const told = TOLD.get(input.positionId) ?? [];
  TOLD.set(input.positionId, told);
  for (let number = 0; number < FINDINGS_PER_ROUND; number += 1) {
    const subject = `${input.positionId}/${round}/${number}`;
    const message = `finding ${number} of round ${round}`;
    const finding: Finding = { kind: FindingKind.ManualCancel, severity: Severity.Notice, subject, message };
    await wakeReconciliation(account, message, finding);
    told.push(subject);
    await sleep(BETWEEN_FINDINGS_MS);
  }
}

/** What the cancels by hand that are in the journal are about. */
async function journaledFindings({ pool }: World): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ subject: string }>(
    `SELECT substr(key, length('reconciliation/' || code || '/') + 1) AS subject FROM risk_events WHERE code = $1`,
    [FindingKind.ManualCancel],
  );
  return new Set(rows.map(({ subject }) => subject));
}

/** How a workflow is brought to the point at which it continues. */
interface Entity {
  readonly type: string;
  readonly idOf: (position: GrantedPosition) => string;
  /** Given to it again and again until it continues. */
  readonly feed: (world: World, position: GrantedPosition, round: number) => Promise<unknown>;
  /** What must have become of it in the end. */
  readonly settle?: (world: World, position: GrantedPosition) => Promise<unknown>;
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
  {
    type: 'accountFeed',
    idOf: () => workflowIds.accountFeed(account),
    feed: (world) => endListening(world),
    settle: async (world, position) => {
      const stop = position.id(Leg.Stop);
      // As likely as not while nobody listens: the next run is only about to.
      await world.port.cancel(position.input.symbol, stop);
      await waitFor('a cancel by hand to be heard of', async () =>
        (await journaledFindings(world)).has(stop) ? true : undefined,
      );
      await position.untilProtected();
    },
  },
  {
    type: 'reconciliation',
    idOf: () => workflowIds.reconciliation(account),
    feed: tellReconciliation,
    settle: (world, { input }) =>
      waitFor('every finding to be journaled', async () => {
        const known = await journaledFindings(world);
        const lost = (TOLD.get(input.positionId) ?? []).filter((subject) => !known.has(subject));
        return lost.length === 0 ? true : undefined;
      }),
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
  /** Its runs that have continued as new; undefined when it has not begun. */
  const continuedRuns = async (workflowId: string): Promise<number | undefined> => {
    try {
      await world.client.workflow.getHandle(workflowId).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
    const query = `WorkflowId = '${workflowId}' AND ExecutionStatus = 'ContinuedAsNew'`;
    return (await world.client.workflow.count(query)).count;
  };

  describe.each(ENTITIES)('$type', ({ type, idOf, feed, settle }) => {
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
      const continuedBefore = await waitFor(`a first run of ${type}`, () => continuedRuns(idOf(position)));
      let isStruck = false;
      const continues = world.when(Instant.Continue, [type], () => {
        isStruck = true;
        return strike(world, struck, Instant.Continue);
      });
      const feeding = async (): Promise<void> => {
        for (let round = 0; round < 20 && !isStruck; round += 1) await feed(world, position, round);
      };
      const fed = feeding().catch(() => undefined);
      await continues;
      await revive(world, struck); // before the last feeding is waited for: it may need whoever is away
      await fed;
      if (type === 'position') await position.trail('0.98');
      await waitFor('a run that has continued as new', async () =>
        ((await continuedRuns(idOf(position))) ?? 0) > continuedBefore ? true : undefined,
      );
      await settle?.(world, position);
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
      const continues = world.when(Instant.Continue, ['emergencyStop'], () =>
        strike(world, struck, Instant.Continue),
      );
      await Promise.all([continues, begin()]);
      await revive(world, struck);
      await world.exchange.callOffFaults();
      await arrive();
      expect((await position.view()).state).toBe(PositionState.Closed);
      await world.agreement();
    });
  });
});
