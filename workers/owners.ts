import { WorkflowIdConflictPolicy, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Owners } from '../activities/deps';
import type { SignalDefinition } from '@temporalio/common';
import {
  orderNewsSignal,
  pokeSignal,
  startOptions,
  tags,
  workflowIds,
  type ReconciliationInput,
} from '../workflows/contract';

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
    async notifyOrder(order) {
      const told = await signal(workflowIds.order(order.positionId, order.leg), orderNewsSignal, order);
      return told || notifyPosition(order.positionId);
    },
    async wakeReconciliation(account, trigger) {
      await client.workflow.start('reconciliation', {
        workflowId: workflowIds.reconciliation(account),
        ...startOptions,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        args: [{ ...reconciliation, account, trigger }],
        staticSummary: `reconciliation of ${account}: ${trigger}`,
        typedSearchAttributes: tags({ account }),
      });
    },
  };
}
