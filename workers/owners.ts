import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Owners } from '../activities/deps';
import type { SignalDefinition } from '@temporalio/common';
import {
  lookAgainSignal,
  orderNewsSignal,
  pokeSignal,
  startOptions,
  tags,
  workflowIds,
  type ReconciliationInput,
} from '../workflows/contract';

/** The workflow of a position that a fast lane enters begins with the first signal, or after this long without one. */
const OWNER_DELAY = '2 seconds';

/** How activities reach the workflows that own orders and positions. */
export function createOwners(client: Client, reconciliation: Omit<ReconciliationInput, 'trigger'>): Owners {
  async function signal<Args extends unknown[]>(
    workflowId: string,
    definition: SignalDefinition<Args>,
    ...args: Args
  ): Promise<boolean> {
    try {
      await client.workflow.getHandle(workflowId).signal(definition, ...args);
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  const notifyPosition = (positionId: string): Promise<boolean> => signal(positionId, pokeSignal);

  return {
    notifyPosition,
    async startPosition({ summary, details, ...input }) {
      const { account, strategy, symbol, positionId } = input;
      await client.workflow.start('position', {
        ...startOptions,
        workflowId: positionId,
        workflowIdConflictPolicy: 'USE_EXISTING',
        startDelay: OWNER_DELAY,
        args: [input],
        staticSummary: summary,
        staticDetails: details,
        typedSearchAttributes: tags({ account, strategy, symbol, side: 'buy' }),
      });
    },
    async notifyOrder(order) {
      const told = await signal(workflowIds.order(order.positionId, order.leg), orderNewsSignal, order);
      return told || notifyPosition(order.positionId);
    },
    async wakeReconciliation(account, trigger, finding) {
      await client.workflow.signalWithStart('reconciliation', {
        ...startOptions,
        workflowId: workflowIds.reconciliation(account),
        args: [{ ...reconciliation, account, trigger }],
        signal: lookAgainSignal,
        signalArgs: [{ trigger, ...(finding !== undefined && { finding }) }],
        staticSummary: `reconciliation of ${account}: ${trigger}`,
        typedSearchAttributes: tags({ account }),
      });
    },
  };
}
