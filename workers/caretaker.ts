import { setTimeout as sleep } from 'node:timers/promises';
import {
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowExecutionStatusName,
} from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import type { Journal, OrderStore } from '../adapters/store/port';
import type { Log, Owners } from '../activities/deps';
import { accountRef, startStrategy, strategySettings } from '../cli/strategy-client';
import type { BallastConfig } from '../config/config';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import { mayBeLive, Leg } from '../domain/order';
import type { PositionView } from '../domain/position';
import {
  adoptSignal,
  StrategyMode,
  workflowIds,
  type StrategyInput,
  type StrategyProgress,
  type StrategySettings,
} from '../workflows/contract';
import { desksOf, ensureRunning } from './up/begin-trading';

interface CaretakerDeps {
  readonly client: Client;
  readonly config: BallastConfig;
  readonly store: Pick<OrderStore, 'livePositions'> & Pick<Journal, 'account'>;
  readonly owners: Pick<Owners, 'wakeReconciliation'>;
  readonly log: Log;
  readonly strategies: StrategyCatalogue;
}

/** Ends that nobody asked for by Ballast's own commands, and how Temporal's queries write them. */
const ACCIDENTS: Readonly<Partial<Record<WorkflowExecutionStatusName, string>>> = {
  TERMINATED: 'Terminated',
  FAILED: 'Failed',
  TIMED_OUT: 'TimedOut',
};
const RUNNING: readonly WorkflowExecutionStatusName[] = ['RUNNING', 'CONTINUED_AS_NEW'];

/** What a strategy that had to be brought back begins with: it manages its positions, and asks before it opens others. */
const BROUGHT_BACK: StrategyProgress = {
  mode: StrategyMode.Paused,
  modeReason:
    'its workflow was ended past Ballast and has been brought back; resume it with `ballast resume`',
  session: null,
  lastBarCloseMs: null,
  managedToMs: null,
  cycles: 0,
  skippedBars: 0,
  // Whatever lane it had is fenced, on whichever path it goes on.
  lane: { generation: 0, sinceMs: 0, lastEnd: null },
};

/**
 * Somebody may terminate any workflow, in the Web UI or with Temporal's own tools, and a cycle may die between a grant and
 * the start of its position. The caretaker looks for what is missing and brings it back: the account's desks, the
 * strategies (paused), the owners of positions (by a reconciliation) and those of orders (through their position). What
 * ended by one of Ballast's own commands stays ended, and what never began is not begun here.
 */
export class Caretaker {
  /** What was missing at the last look. Only what is missing twice is lost: between two looks much ends and begins. */
  private missing: ReadonlySet<string> = new Set();

  constructor(private readonly deps: CaretakerDeps) {}

  /** Looks once. Any failure is another look's. */
  async look(): Promise<void> {
    const { config, store } = this.deps;
    const { name } = config.account;
    if ((await store.account(name)) === undefined) return;
    await this.bringBackDesks();
    await this.bringBackStrategies();
    await this.findOwners(await store.livePositions(name));
  }

  private async bringBackDesks(): Promise<void> {
    const { client, config, log } = this.deps;
    for (const desk of desksOf(config, accountRef(config))) {
      const status = (await this.describe(desk.workflowId))?.status.name;
      // Neither ever ends by itself, so even a cancelled one has ended by accident.
      if (status === undefined || RUNNING.includes(status)) continue;
      log.warn({ workflowId: desk.workflowId, status }, 'a desk of the account has ended; starting it again');
      await ensureRunning(client, desk);
    }
  }

  private async bringBackStrategies(): Promise<void> {
    const { client, config, log } = this.deps;
    const prefix = workflowIds.strategy(config.account.name, '');
    const statuses = Object.values(ACCIDENTS)
      .map((status) => `'${status}'`)
      .join(', ');
    const query = `WorkflowId STARTS_WITH '${prefix}' AND ExecutionStatus IN (${statuses})`;
    const ids = new Set<string>();
    for await (const { workflowId } of client.workflow.list({ query })) ids.add(workflowId);
    for (const workflowId of ids) {
      const last = await this.describe(workflowId);
      if (last === undefined || ACCIDENTS[last.status.name] === undefined) continue;
      const settings = await this.settingsOf(last);
      log.warn({ workflowId, status: last.status.name }, 'a strategy has ended; bringing it back, paused');
      await startStrategy(client, settings, BROUGHT_BACK);
    }
  }

  /** Undefined when the strategy cannot be loaded: then it is brought back as it was started, and tells so at every bar. */
  private configured(entry: BallastConfig['strategies'][number]): StrategySettings | undefined {
    const { config, strategies, log } = this.deps;
    try {
      return strategySettings(config, entry, strategies);
    } catch (error) {
      log.warn({ strategy: entry.name, error }, 'a configured strategy is not usable');
      return undefined;
    }
  }

  /** As configured; a strategy that was started by hand has only what it was started with. */
  private async settingsOf({ workflowId, runId }: WorkflowExecutionDescription): Promise<StrategySettings> {
    const { client, config } = this.deps;
    const { workflowService, options } = client;
    const entry = config.strategies.find(
      ({ name }) => workflowId === workflowIds.strategy(config.account.name, name),
    );
    const configured = entry === undefined ? undefined : this.configured(entry);
    if (configured !== undefined) return configured;
    const { history } = await workflowService.getWorkflowExecutionHistory({
      namespace: options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    });
    const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
    const input = await decodeFromPayloadsAtIndex<StrategyInput>(options.loadedDataConverter, 0, payloads);
    return input.settings;
  }

  private async findOwners(live: readonly PositionView[]): Promise<void> {
    const { client, config, owners, log } = this.deps;
    const missing = new Set<string>();
    for (const position of live) {
      const { positionId } = position;
      const lost = await this.lostOf(position);
      for (const workflowId of lost) missing.add(workflowId);
      const forGood = lost.filter((workflowId) => this.missing.has(workflowId));
      if (forGood.length === 0) continue;
      log.warn({ positionId, missing: forGood }, 'a position lacks an owner; bringing it back');
      if (forGood.includes(positionId))
        await owners.wakeReconciliation(config.account.name, `${positionId} has no owner`);
      else await client.workflow.getHandle(positionId).signal(adoptSignal);
    }
    this.missing = missing;
  }

  /** Which workflows of a position do not run though they should: its own, or those of orders that may be live. */
  private async lostOf({ positionId, orders }: PositionView): Promise<readonly string[]> {
    if (!(await this.runs(positionId))) return [positionId];
    // Emergency exits are in the hands of the emergency stop.
    const legs = orders.filter(({ state, leg }) => mayBeLive(state) && leg !== Leg.Emergency);
    const ids = new Set(legs.map(({ leg }) => workflowIds.order(positionId, leg)));
    const lost: string[] = [];
    for (const workflowId of ids) if (!(await this.runs(workflowId))) lost.push(workflowId);
    return lost;
  }

  private async runs(workflowId: string): Promise<boolean> {
    const status = (await this.describe(workflowId))?.status.name;
    return status !== undefined && RUNNING.includes(status);
  }

  /** The latest run of a workflow; undefined when there never was one, or when it is long over. */
  private async describe(workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
    try {
      return await this.deps.client.workflow.getHandle(workflowId).describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }
}

/** Looks again and again until `signal` aborts. @param intervalMs wall milliseconds between two looks */
export async function keepLooking(
  caretaker: Pick<Caretaker, 'look'>,
  {
    intervalMs,
    signal,
    log,
  }: { readonly intervalMs: number; readonly signal: AbortSignal; readonly log: Log },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await caretaker.look();
    } catch (error) {
      log.warn({ error }, 'could not look after the workflows; looking again');
    }
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}
