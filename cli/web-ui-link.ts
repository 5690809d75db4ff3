import type { BallastConfig } from '../config/config';

/**
 * The page of a run in the Temporal Web UI, or null when nobody has said where that is. Without a run id it is the list of all runs of the
 * workflow.
 */
export function webUiLink(
  { temporal }: Pick<BallastConfig, 'temporal'>,
  { workflowId, runId }: { readonly workflowId: string; readonly runId: string | null },
): string | null {
  if (temporal.uiUrl === undefined) return null;
  const workflows = `namespaces/${temporal.namespace}/workflows`;
  const path =
    runId === null
      ? `${workflows}?query=${encodeURIComponent(`WorkflowId = "${workflowId}"`)}`
      : `${workflows}/${encodeURIComponent(workflowId)}/${runId}/history`;
  return new URL(path, temporal.uiUrl).href;
}
