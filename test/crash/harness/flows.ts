import { ExitReason } from '../../../domain/position';
import { TradingMode } from '../../../domain/risk';
import { flattenSignal, startOptions, stopSignal, workflowIds } from '../../../workflows/contract';
import { prepareCycle, settingsOf } from './cycle';
import { beginEmergencyStop, grantPosition, openPosition, type GrantedPosition } from './trading';
import { waitFor } from './wait';
import type { World } from './world';

/** One way that a position goes, for something to be killed on it. */
export interface Flow {
  readonly position: GrantedPosition;
  /** Sets off what is to be struck. */
  readonly begin: () => Promise<unknown>;
  /** Waits until the position is where this way leads. */
  readonly arrive: () => Promise<unknown>;
}
export type PrepareFlow = (world: World, name: string) => Promise<Flow>;

async function opened(world: World, name: string): Promise<GrantedPosition> {
  const position = await openPosition(world, name);
  await position.untilProtected();
  return position;
}

/** From the decision on a bar to the position under its stop. */
export const decide: PrepareFlow = async (world, name) => {
  const { position, start } = await prepareCycle(world, name);
  return { position, begin: start, arrive: () => position.untilProtected() };
};

/** A market that counts as moving, and in which nothing happens while something is killed. */
const NEARLY_STILL = 0.01;

/** From the decision on a bar to the position under its stop, on the fast lane, or given up when its entry never arrived. */
export const decideFast: PrepareFlow = async (world, name) => {
  const { position, settings } = await prepareCycle(world, name);
  const { account } = world.account;
  await world.exchange.clock({ action: 'setSpeed', speed: NEARLY_STILL });
  await world.exchange.clock({ action: 'resume' });
  return {
    position,
    begin: () =>
      world.client.workflow.start('strategy', {
        ...startOptions,
        workflowId: workflowIds.strategy(account, name),
        args: [{ settings: { ...settings, lane: 'fast' } }],
      }),
    arrive: async () => {
      await position.untilProtectedOrClosed();
      const strategy = world.client.workflow.getHandle(workflowIds.strategy(account, name));
      await strategy.signal(stopSignal, { by: 'test', reason: 'the step is over', flatten: false });
      await strategy.result();
      await world.exchange.clock({ action: 'pause' });
      await world.exchange.clock({ action: 'setSpeed', speed: 1 });
    },
  };
};

/** From the grant to the position under its stop, or given up when its entry never arrived. */
export const enter: PrepareFlow = async (world, name) => {
  const position = await grantPosition(world, name);
  return { position, begin: () => position.start(), arrive: () => position.untilProtectedOrClosed() };
};

/** From an entry that rests, through its cancel, to the end. */
export const takeBack: PrepareFlow = async (world, name) => {
  const position = await openPosition(world, name, { entryFactor: '0.99' });
  await position.untilResting();
  return {
    position,
    begin: () => position.leave(ExitReason.Flatten),
    arrive: () => position.untilClosed(),
  };
};

/** The stop is replaced by a higher one. */
export const trail: PrepareFlow = async (world, name) => {
  const position = await opened(world, name);
  return {
    position,
    begin: () => position.trail('0.98'),
    arrive: async () => position.untilTrailed((await position.view()).stopPrice),
  };
};

/** Of the next request that replaces an order, the exchange executes the cancellation and refuses what was to come instead. */
const refuseReplacement = (world: World, message: string): Promise<void> =>
  world.exchange.plan({ kind: 'replace-fails', half: 'placement', message });

/**
 * The stop goes, and the higher one is refused as one that would sell at once: out at market. When nobody hears of the refusal, a stop may
 * come to rest at the wished price after all.
 */
export const trailInVain: PrepareFlow = async (world, name) => {
  const position = await opened(world, name);
  await refuseReplacement(world, 'Stop price would trigger immediately.');
  return {
    position,
    begin: () => position.trail('0.98'),
    arrive: async () => position.untilTrailedOrClosed((await position.view()).stopPrice),
  };
};

/** Out at market, the exit in the stop's place. */
export const leave: PrepareFlow = async (world, name) => {
  const position = await opened(world, name);
  return {
    position,
    begin: () => position.leave(ExitReason.Flatten),
    arrive: () => position.untilClosed(),
  };
};

/** Out at market, though the first exit is refused when the stop in whose place it was to come is gone. */
export const leaveInVain: PrepareFlow = async (world, name) => {
  const flow = await leave(world, name);
  await refuseReplacement(world, 'Account has insufficient balance for requested action.');
  return flow;
};

/** The same by an operator's word to the strategy. */
export const flatten: PrepareFlow = async (world, name) => {
  const position = await opened(world, name);
  const strategy = await world.client.workflow.start('strategy', {
    ...startOptions,
    workflowId: workflowIds.strategy(world.account.account, name),
    args: [{ settings: settingsOf(world, name) }],
  });
  return {
    position,
    begin: () => strategy.signal(flattenSignal, { by: 'test', reason: 'a test of flatten' }),
    arrive: async () => {
      await position.untilClosed();
      await strategy.signal(stopSignal, {
        by: 'test',
        reason: 'the test of flatten is over',
        flatten: false,
      });
    },
  };
};

/** The emergency stop sells everything; afterwards trading is resumed. */
export const stopAll: PrepareFlow = async (world, name) => {
  const position = await opened(world, name);
  const { account } = world.account;
  return {
    position,
    begin: () => beginEmergencyStop(world, name),
    arrive: async () => {
      await position.untilClosed();
      await waitFor('the emergency stop to end', async () => {
        const stop = world.client.workflow.getHandle(workflowIds.emergencyStop(account));
        return (await stop.describe()).status.name === 'RUNNING' ? undefined : true;
      });
      await waitFor('trading to be resumed', async () => {
        const state = await world.store.account(account);
        const change = { reason: 'the next test', by: 'test', epoch: state?.haltEpoch ?? 0 };
        return (await world.store.setMode(account, TradingMode.Active, change)).mode === TradingMode.Active
          ? true
          : undefined;
      });
    },
  };
};

/** The exchange is held against the journal while a position is open. */
export const reconcile: PrepareFlow = async (world, name) => {
  const position = await opened(world, name);
  const { account } = world.account;
  return {
    position,
    begin: () =>
      world.client.workflow.start('reconciliation', {
        ...startOptions,
        workflowId: workflowIds.reconciliation(account),
        workflowIdConflictPolicy: 'USE_EXISTING',
        args: [{ ...world.account, symbols: ['BTC/USDT'], trigger: 'test' }],
      }),
    arrive: async () => {
      await position.untilProtected();
      await waitFor('trading to be allowed', async () =>
        (await world.store.account(account))?.mode === TradingMode.Active ? true : undefined,
      );
    },
  };
};
