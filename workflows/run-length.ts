import { patched, workflowInfo } from '@temporalio/workflow';

/**
 * Whoever takes a run over replays its events first, and all runs of a dead worker are taken over at once: a few thousand events each
 * take longer than a workflow task may on a busy machine, and then nothing goes on. Temporal itself suggests 4,096.
 */
const EVENTS_PER_RUN = 1_000;

/** Asked once, when a run of an entity begins. @returns whether it is time to continue as new */
export function watchRunLength(): () => boolean {
  const eventsPerRun = patched('short-runs') ? EVENTS_PER_RUN : Infinity;
  return () => {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    return continueAsNewSuggested || historyLength >= eventsPerRun;
  };
}
