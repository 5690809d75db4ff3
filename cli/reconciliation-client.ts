import {
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { tradedSymbols, type BallastConfig } from '../config/config';
import { reconcileUpdate, startOptions, tags, workflowIds } from '../workflows/contract';
import type { AccountRef, ReconciliationInput, ReconciliationReport } from '../workflows/contract';

/** A run that ends just when it is asked leaves the request unanswered: it is asked anew. */
const TRIES = 5;

/** What a reconciliation of the configured account is told, whoever asks for it. */
export function reconciliationInput(
  config: BallastConfig,
  account: AccountRef,
): Omit<ReconciliationInput, 'trigger'> {
  return {
    ...account,
    symbols: tradedSymbols(config),
    strays: config.reconciliation.strays,
    strategies: config.strategies.map(({ name, timeframe }) => ({ name, timeframe })),
  };
}

/**
 * Asks for a reconciliation and waits for the report of a look at the exchange that began after this call, whether one is
 * under way or not.
 */
export async function reconcileNow(
  client: Client,
  input: ReconciliationInput,
): Promise<ReconciliationReport> {
  const { account, trigger, symbols, strays, strategies } = input;
  for (let tries = 1; ; tries += 1) {
    const startWorkflowOperation = new WithStartWorkflowOperation('reconciliation', {
      ...startOptions,
      workflowId: workflowIds.reconciliation(account),
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [input],
      staticSummary: `reconciliation of ${account}: ${trigger}`,
      typedSearchAttributes: tags({ account }),
    });
    try {
      return await client.workflow.executeUpdateWithStart(reconcileUpdate, {
        startWorkflowOperation,
        args: [{ trigger, symbols, strays, strategies }],
      });
    } catch (error) {
      if (tries === TRIES || !isAskedTooLate(error)) throw error;
    }
  }
}

/** The run ended before it took the request, or between taking and answering it. */
const isAskedTooLate = (error: unknown): boolean =>
  error instanceof WorkflowUpdateFailedError ||
  error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
  error instanceof WorkflowNotFoundError;
