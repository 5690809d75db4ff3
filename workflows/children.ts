import { WorkflowExecutionAlreadyStartedError, type SearchAttributePair } from '@temporalio/common';
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
import { SEARCH_ATTRIBUTES, WORKFLOW_TASK_QUEUE } from './contract';

/** How soon a workflow task of a dead worker is given to another. */
export const WORKFLOW_TASK_TIMEOUT = '5 seconds';

/** Options every trading child shares: it outlives its parent, and a crash shows soon. */
export const abandoned = {
  taskQueue: WORKFLOW_TASK_QUEUE,
  parentClosePolicy: ParentClosePolicy.ABANDON,
  workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
  workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
} as const;

/** Search attributes by which the Web UI finds a run. */
export function tags(values: {
  account: string;
  strategy?: string;
  symbol?: string;
  side?: string;
}): SearchAttributePair[] {
  const { account, strategy, symbol, side } = values;
  return [
    { key: SEARCH_ATTRIBUTES.account, value: account },
    ...(strategy === undefined ? [] : [{ key: SEARCH_ATTRIBUTES.strategy, value: strategy }]),
    ...(symbol === undefined ? [] : [{ key: SEARCH_ATTRIBUTES.symbol, value: symbol }]),
    ...(side === undefined ? [] : [{ key: SEARCH_ATTRIBUTES.side, value: side }]),
  ];
}

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
