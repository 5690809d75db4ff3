import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import type { Views } from '../adapters/store/views';
import type { BallastConfig } from '../config/config';
import { panelOf } from '../config/deliberation';
import { conversingModels } from '../config/embedded-model';
import { UserError } from '../domain/errors';
import { Lane, laneProblem } from '../domain/lane';
import { findAdviser } from '../domain/learning/adjuster';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import { filtersFrom } from '../domain/strategies/filters/registry';
import { modelProblem } from '../domain/strategies/can-run';
import { withFilters } from '../domain/strategies/filters/with-filters';
import { liveRefusal } from '../domain/strategies/quotes';
import {
  configureStrategySignal,
  strategyProgressQuery,
  startOptions,
  tags,
  workflowIds,
  type AccountRef,
  type StrategyInput,
  type StrategyProgress,
  type StrategySettings,
} from '../workflows/contract';
import { RefusedError } from './failure';

/** What clients do with strategy workflows. */

export const accountRef = (config: BallastConfig): AccountRef => ({
  deployment: config.deployment,
  account: config.account.name,
  venue: config.exchange.venue,
});

/**
 * A configured strategy as its workflow takes it, parameters complete.
 * @throws UserError when the catalogue has no such strategy, or one that does not take these parameters or filters, or cannot trade
 */
export function strategySettings(
  config: BallastConfig,
  entry: BallastConfig['strategies'][number],
  catalogue: StrategyCatalogue,
): StrategySettings {
  const { name, strategy, symbols, timeframe, parameters, adviser } = entry;
  const { lane, graceMs, entryTtlBars, maxHoldingBars } = entry;
  const prepared = withFilters(catalogue.find(strategy), filtersFrom(entry.filters)).parse(parameters);
  for (const symbol of symbols) prepared.needs({ symbol, timeframe });
  const refusal = liveRefusal(prepared);
  if (refusal !== undefined) throw new UserError(`${name} cannot be traded: ${refusal}.`);
  const unready = modelProblem(prepared, conversingModels(config.models), entry.filters);
  if (unready !== undefined)
    throw new UserError(`${name} cannot be started: ${unready.problem}.`, unready.todo);
  if (adviser !== undefined) findAdviser(catalogue.models, adviser, timeframe);
  const deliberation = panelOf(config, name);
  const slow = laneProblem({ ...prepared, adviser, hasPanel: deliberation !== undefined });
  if (lane === Lane.Fast && slow !== undefined)
    throw new UserError(`${name} cannot be started on the fast lane: ${slow.problem}.`, slow.todo);
  return {
    ...accountRef(config),
    name,
    strategyId: strategy,
    symbols,
    timeframe,
    parameters: prepared.parameters,
    ...(prepared.filters !== undefined && { filters: prepared.filters }),
    ...(adviser !== undefined && { adviser }),
    ...(prepared.version !== undefined && { strategyVersion: prepared.version }),
    ...(deliberation !== undefined && { deliberation }),
    limits: config.risk,
    ...(lane === Lane.Fast && { lane }),
    graceMs,
    entryTtlBars,
    maxHoldingBars,
  };
}

/** Which path a strategy is on: as it says itself when it runs, else as it is configured. */
export const laneOf = (
  entry: Pick<BallastConfig['strategies'][number], 'lane'> | undefined,
  progress?: StrategyProgress,
): Lane => (progress?.lane === undefined ? (entry?.lane ?? Lane.Durable) : Lane.Fast);

/** Close of the newest bar that a strategy has decided on, by the journal; null for none in the account's session. */
export async function lastDecidedMs(views: Views, account: string, strategy: string): Promise<number | null> {
  const [newest] = await views.decisions({ account, strategy, limit: 1 });
  return newest?.barCloseMs ?? null;
}

/**
 * Starts a strategy's workflow.
 * @param carried what it takes over from an earlier run; it begins afresh without
 * @returns its run id, or undefined when it was running already.
 */
export async function startStrategy(
  client: Client,
  settings: StrategySettings,
  carried?: StrategyProgress,
): Promise<string | undefined> {
  const input: StrategyInput = { settings, ...(carried && { carried }) };
  try {
    const handle = await client.workflow.start('strategy', {
      ...startOptions,
      workflowId: workflowIds.strategy(settings.account, settings.name),
      args: [input],
      staticSummary: `${settings.strategyId} on ${settings.symbols.join(', ')}, ${settings.timeframe} bars`,
      typedSearchAttributes: tags({ account: settings.account, strategy: settings.name }),
    });
    return handle.firstExecutionRunId;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
    throw error;
  }
}

/** Gives a running strategy other settings, from its next bar on. */
export const configureStrategy = (client: Client, settings: StrategySettings): Promise<void> =>
  strategyHandle(client, settings.account, settings.name).signal(configureStrategySignal, settings);

/** Names of the account's running strategies. */
export async function runningStrategies(client: Client, account: string): Promise<readonly string[]> {
  const prefix = workflowIds.strategy(account, '');
  const names: string[] = [];
  const query = `ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}'`;
  for await (const { workflowId } of client.workflow.list({ query }))
    names.push(workflowId.slice(prefix.length));
  return names.sort();
}

export const strategyHandle = (client: Client, account: string, name: string): WorkflowHandle =>
  client.workflow.getHandle(workflowIds.strategy(account, name));

/**
 * The handles of the strategies that a command is meant for: the named one, or all that run.
 * @throws RefusedError when it does not run, with those that do.
 */
export async function targetStrategies(
  client: Client,
  account: string,
  target: { readonly name?: string; readonly all?: boolean },
): Promise<readonly { readonly name: string; readonly handle: WorkflowHandle }[]> {
  const running = await runningStrategies(client, account);
  const names = target.all === true ? running : running.filter((name) => name === target.name);
  if (names.length > 0) return names.map((name) => ({ name, handle: strategyHandle(client, account, name) }));
  const known = running.length === 0 ? 'No strategy is running.' : `Running: ${running.join(', ')}.`;
  if (target.all === true)
    throw new RefusedError('There is no running strategy.', 'Start one with: ballast start NAME');
  throw new RefusedError(`No strategy named "${target.name ?? ''}" is running.`, known);
}

/** Where a strategy is, or undefined when its workflow does not run or does not answer. */
export async function strategyProgress(handle: WorkflowHandle): Promise<StrategyProgress | undefined> {
  try {
    return await handle.query(strategyProgressQuery);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
