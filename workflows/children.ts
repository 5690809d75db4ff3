import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  CancellationScope,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
  upsertSearchAttributes,
  workflowInfo,
  type ChildWorkflowOptions,
  type SignalDefinition,
  type Workflow,
} from '@temporalio/workflow';
import { SEARCH_ATTRIBUTES, startOptions } from './contract';

/** Options every trading child shares: it outlives its parent, and a crash shows soon. */
export const abandoned = {
  ...startOptions,
  parentClosePolicy: ParentClosePolicy.ABANDON,
  workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
} as const;

/** Shows an entity's mode among its search attributes, when it is news. */
export function showMode(mode: string): void {
  if (workflowInfo().typedSearchAttributes.get(SEARCH_ATTRIBUTES.mode) === mode) return;
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.mode, value: mode }]);
}

/**
 * Starts a child that outlives its parent and waits until it has started. False when one with this id runs already.
 * Not cancellable: a parent that is being cancelled still hands over what it began.
 */
export async function startUnlessRunning<T extends Workflow>(
  type: T,
  options: ChildWorkflowOptions & { workflowId: string; args: Parameters<T> },
): Promise<boolean> {
  try {
    await CancellationScope.nonCancellable(() => startChild<T>(type, { ...abandoned, ...options } as never));
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
    throw error;
  }
}

/** Signals another workflow; false when it is not there (any more). */
export async function tell<Args extends unknown[]>(
  workflowId: string,
  signal: SignalDefinition<Args>,
  ...args: Args
): Promise<boolean> {
  try {
    await CancellationScope.nonCancellable(() =>
      getExternalWorkflowHandle(workflowId).signal(signal, ...args),
    );
    return true;
  } catch {
    return false; // the only way a signal fails is that nobody is there to take it
  }
}
