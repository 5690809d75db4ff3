import { createAgentActivities } from './agent';
import type { IntelligenceDeps } from './deps';
import { createPanelActivities } from './panel';
import { createReflectionActivities } from './reflection';
import { createScoringActivities } from './scoring';

/**
 * Everything that asks a model: the activities of the queue `inference`, which a process of its own serves. Each can be repeated, ends
 * within its own deadline, and ends early when its context is cancelled. No answer is no opinion, never a default one.
 */
export const createIntelligenceActivities = (deps: IntelligenceDeps) => ({
  ...createScoringActivities(deps),
  ...createPanelActivities(deps),
  ...createAgentActivities(deps),
  ...createReflectionActivities(deps),
});

export type IntelligenceActivities = ReturnType<typeof createIntelligenceActivities>;
