import type { Client } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import { configureStrategy, startStrategy, strategySettings } from '../../cli/strategy-client';
import { tradedSymbols, type BallastConfig } from '../../config/config';
import {
  configureRiskDeskSignal,
  startOptions,
  tags,
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
 * desks are there, then the configured strategies. Whatever runs already goes on, with the settings as they are now.
 */
export async function beginTrading(
  client: Client,
  config: BallastConfig,
  account: AccountRef,
): Promise<TradingBegun> {
  const symbols = tradedSymbols(config);
  const reconciliation = await reconcile(client, { ...account, symbols, trigger: 'start' });
  const feed: AccountFeedInput = { ...account, symbols };
  await ensureRunning(client, {
    workflow: 'accountFeed',
    workflowId: workflowIds.accountFeed(account.account),
    input: feed,
    staticSummary: 'fills and orders of the account',
  });
  const desk: RiskDeskInput = {
    ...account,
    symbols,
    limits: config.risk,
    triggers: config.riskDesk.triggers,
    intervalMs: config.riskDesk.intervalMs,
  };
  await ensureRunning(client, {
    workflow: 'riskDesk',
    workflowId: workflowIds.riskDesk(account.account),
    input: desk,
    configure: configureRiskDeskSignal,
    staticSummary: 'modes and limits of the account',
  });

  const started: string[] = [];
  const continued: string[] = [];
  for (const entry of config.strategies.filter(({ enabled }) => enabled)) {
    const settings = strategySettings(config, entry);
    const runId = await startStrategy(client, settings);
    (runId === undefined ? continued : started).push(entry.name);
    if (runId === undefined) await configureStrategy(client, settings);
  }
  return { reconciliation, started, continued };
}

async function reconcile(client: Client, input: ReconciliationInput): Promise<ReconciliationReport> {
  const handle = await client.workflow.start('reconciliation', {
    ...startOptions,
    workflowId: workflowIds.reconciliation(input.account),
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
    staticSummary: 'the exchange against the journal, at the start',
    typedSearchAttributes: tags({ account: input.account }),
  });
  return (await handle.result()) as ReconciliationReport;
}

/** Starts an account's desk; one that runs already is given the configuration as it is now. */
async function ensureRunning<Input extends AccountRef>(
  client: Client,
  desk: {
    readonly workflow: string;
    readonly workflowId: string;
    readonly input: Input;
    readonly configure?: SignalDefinition<[Input]>;
    readonly staticSummary: string;
  },
): Promise<void> {
  const { workflow, workflowId, input, configure, staticSummary } = desk;
  const handle = await client.workflow.start(workflow, {
    ...startOptions,
    workflowId,
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
    staticSummary,
    typedSearchAttributes: tags({ account: input.account }),
  });
  if (configure !== undefined) await handle.signal(configure, input);
}
