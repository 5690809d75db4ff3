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
