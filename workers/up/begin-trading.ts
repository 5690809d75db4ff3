import type { Client, WorkflowHandle } from '@temporalio/client';
import { reconcileNow, reconciliationInput } from '../../cli/reconciliation-client';
import { configureStrategy, startStrategy, strategySettings } from '../../cli/strategy-client';
import { tradedSymbols, type BallastConfig } from '../../config/config';
import { newsPlan } from '../../config/news-plan';
import type { StrategyCatalogue } from '../../domain/strategies/catalogue';
import {
  configureRiskDeskSignal,
  startOptions,
  tags,
  workflowIds,
  type AccountFeedInput,
  type AccountRef,
  type ReconciliationReport,
  type RiskDeskInput,
} from '../../workflows/contract';
import { ensureNewsSchedule, newsWatchInput } from './news-schedule';
import { ensureReconciliationSchedule } from './reconciliation-schedule';

/** What the start found and set going. */
export interface TradingBegun {
  readonly reconciliation: ReconciliationReport;
  /** Strategies started now, and those that had gone on from before. */
  readonly started: readonly string[];
  readonly continued: readonly string[];
}

/**
 * Brings an account to life, or back to it: first the exchange's truth is held against the journal, then the account's
 * desks are there, then the configured strategies. Whatever runs already goes on, with the settings as they are now.
 */
export async function beginTrading(
  client: Client,
  config: BallastConfig,
  account: AccountRef,
  catalogue: StrategyCatalogue,
): Promise<TradingBegun> {
  const reconciled = reconciliationInput(config, account);
  const reconciliation = await reconcileNow(client, { ...reconciled, trigger: 'start' });
  await ensureReconciliationSchedule(client, reconciled, config.reconciliation.intervalMs);
  await ensureNewsSchedule(client, newsWatchInput(config, account), newsPlan(config).intervalMs);
  for (const desk of desksOf(config, account)) await ensureRunning(client, desk, 'as configured');

  const started: string[] = [];
  const continued: string[] = [];
  for (const entry of config.strategies.filter(({ enabled }) => enabled)) {
    const settings = strategySettings(config, entry, catalogue);
    const runId = await startStrategy(client, settings);
    (runId === undefined ? continued : started).push(entry.name);
    if (runId === undefined) await configureStrategy(client, settings);
  }
  return { reconciliation, started, continued };
}

/** A workflow that is there for as long as its account is traded. */
export interface Desk {
  readonly workflow: string;
  readonly workflowId: string;
  readonly input: AccountRef;
  /** How it is given another configuration. */
  readonly configure?: (handle: WorkflowHandle) => Promise<void>;
  readonly staticSummary: string;
}

/** The desks of an account, as they are configured now. */
export function desksOf(config: BallastConfig, account: AccountRef): readonly Desk[] {
  const symbols = tradedSymbols(config);
  const feed: AccountFeedInput = { ...account, symbols };
  const desk: RiskDeskInput = {
    ...account,
    symbols,
    limits: config.risk,
    triggers: config.riskDesk.triggers,
    intervalMs: config.riskDesk.intervalMs,
  };
  return [
    {
      workflow: 'accountFeed',
      workflowId: workflowIds.accountFeed(account.account),
      input: feed,
      staticSummary: 'fills and orders of the account',
    },
    {
      workflow: 'riskDesk',
      workflowId: workflowIds.riskDesk(account.account),
      input: desk,
      configure: (handle) => handle.signal(configureRiskDeskSignal, desk),
      staticSummary: 'modes and limits of the account',
    },
  ];
}

/** Starts a desk that does not run; with `as configured`, one that runs is given the configuration as it is now. */
export async function ensureRunning(
  client: Client,
  { workflow, workflowId, input, configure, staticSummary }: Desk,
  settings: 'as configured' | 'as they are' = 'as they are',
): Promise<void> {
  const handle = await client.workflow.start(workflow, {
    ...startOptions,
    workflowId,
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
    staticSummary,
    typedSearchAttributes: tags({ account: input.account }),
  });
  if (settings === 'as configured') await configure?.(handle);
}
