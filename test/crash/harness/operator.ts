import { randomUUID } from 'node:crypto';
import { waitFor } from './wait';
import type { World } from './world';

/** What people do to workflows past Ballast, in the Web UI or with Temporal's own tools. */

/** Ends a workflow at once: its own code hears nothing of it. */
export async function terminate({ client }: World, workflowId: string): Promise<void> {
  await client.workflow.getHandle(workflowId).terminate('a test of operators');
}

/**
 * Resets the latest run of a workflow, which may be over, to its first task: everything since is done again by a new run, and
 * signals and updates since are applied again.
 */
export async function reset({ client }: World, workflowId: string): Promise<void> {
  const { workflowService, options } = client;
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const workflowTaskFinishEventId = await waitFor(`${workflowId} to complete a task`, async () => {
    const { history } = await workflowService.getWorkflowExecutionHistory({
      namespace: options.namespace,
      execution: { workflowId, runId },
    });
    const first = history?.events?.find((event) => Boolean(event.workflowTaskCompletedEventAttributes));
    return first?.eventId ?? undefined;
  });
  await workflowService.resetWorkflowExecution({
    namespace: options.namespace,
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId,
    reason: 'a test of operators',
    requestId: randomUUID(),
  });
}

export async function isRunning({ client }: World, workflowId: string): Promise<boolean> {
  return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
}

export const untilRunning = (world: World, workflowId: string): Promise<true> =>
  waitFor(`${workflowId} to run`, async () => ((await isRunning(world, workflowId)) ? true : undefined));
