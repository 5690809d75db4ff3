import type { Client } from '@temporalio/client';
import { startStrategy, strategySettings } from '../../cli/strategy-client';
import { tradedSymbols, type BallastConfig } from '../../config/config';
import {
  WORKFLOW_TASK_QUEUE,
  workflowIds,
  type AccountFeedInput,
  type AccountRef,
  type ReconciliationInput,
  type ReconciliationReport,
  type RiskDeskInput,
} from '../../workflows/contract';

/** What the start found and set going. */
export interface TradingBegun {
  readonly reconciliation: ReconciliationReport;
  /** Strategies started now, and those that had gone on from before. */
  readonly started: readonly string[];
  readonly continued: readonly string[];
}

/**
 * Brings an account to life, or back to it: first the exchange's truth is held against the journal, then the account's
 * desks are there, then the configured strategies. Whatever runs already is left running.
 */
export async function beginTrading(
  client: Client,
  config: BallastConfig,
  account: AccountRef,
): Promise<TradingBegun> {
  const symbols = tradedSymbols(config);
  const reconciliation = await reconcile(client, { ...account, symbols, trigger: 'start' });
  const feed: AccountFeedInput = { ...account, symbols };
  await ensureRunning(
    client,
    'accountFeed',
    workflowIds.accountFeed(account.account),
    feed,
    'fills and orders of the account',
  );
  const desk: RiskDeskInput = {
    ...account,
    symbols,
    limits: config.risk,
    intervalMs: config.riskDesk.intervalMs,
  };
  await ensureRunning(
    client,
    'riskDesk',
    workflowIds.riskDesk(account.account),
    desk,
    'modes and limits of the account',
  );

  const started: string[] = [];
  const continued: string[] = [];
  for (const entry of config.strategies.filter(({ enabled }) => enabled)) {
    const runId = await startStrategy(client, strategySettings(config, entry));
    (runId === undefined ? continued : started).push(entry.name);
  }
  return { reconciliation, started, continued };
}

async function reconcile(client: Client, input: ReconciliationInput): Promise<ReconciliationReport> {
  const handle = await client.workflow.start('reconciliation', {
    taskQueue: WORKFLOW_TASK_QUEUE,
    workflowId: workflowIds.reconciliation(input.account),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
    staticSummary: 'the exchange against the journal, at the start',
  });
  return (await handle.result()) as ReconciliationReport;
}

async function ensureRunning(
  client: Client,
  workflow: string,
  workflowId: string,
  input: AccountFeedInput | RiskDeskInput,
  staticSummary: string,
): Promise<void> {
  await client.workflow.start(workflow, {
    taskQueue: WORKFLOW_TASK_QUEUE,
    workflowId,
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
    staticSummary,
  });
}
