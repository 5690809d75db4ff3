import {
  ActivityFailure,
  isCancellation,
  setCurrentDetails,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import type { Done } from '../activities/intelligence/reflection';
import type { RememberedTrade } from '../activities/memory';
import type { ReflectionInput, ReflectionResult } from './contract';
import { intelligenceActivities, memoryActivities } from './proxies';

/** Nobody waits for a reflection, so the inference process may be away for a while. */
const PATIENCE_MS = 10 * 60_000;

/**
 * What is remembered of a closed trade: its facts first, which need no model, then its embedding and what a model makes of it, where models
 * are configured for that. It begins after the end of the position, apart from it, and nothing waits for it.
 */
export async function reflection(input: ReflectionInput): Promise<ReflectionResult> {
  const { positionId, models, symbol } = input;
  const memory = await memoryActivities(`remember ${symbol}`).rememberTrade({ positionId });
  if (memory === null) {
    setCurrentDetails('It is no closed trade any more: nothing is remembered yet.');
    return { remembered: false, embedded: false, missing: 'it is no closed trade' };
  }
  const { embedMemory, reflectOnTrade } = intelligenceActivities(`think about ${symbol}`, PATIENCE_MS);
  const embedding = await unlessOff(models.embedding, 'embedding', () => embedMemory({ positionId }));
  const lesson = await unlessOff(models.reflection, 'reflection', () => reflectOnTrade({ positionId }));
  if (lesson.missing !== null) {
    const { outcomeAtMs } = memory.outcome;
    await memoryActivities('without a lesson').concludeMemory({
      positionId,
      outcomeAtMs,
      missing: lesson.missing,
    });
  }
  setCurrentDetails(describe(memory, embedding, lesson));
  return { remembered: true, embedded: embedding.missing === null, missing: lesson.missing };
}

/** Does what asks a model; that it cannot be done is an answer too. */
async function unlessOff(isConfigured: boolean, role: string, work: () => Promise<Done>): Promise<Done> {
  if (!isConfigured) return { missing: `no model is configured for the role ${role}` };
  try {
    return await work();
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    return { missing: `the inference process did not do it: ${error.cause?.message ?? error.message}` };
  }
}

const describe = ({ outcome }: RememberedTrade, embedding: Done, lesson: Done): string =>
  [
    `**${outcome.exitReason}**, realised ${outcome.realisedPnl} ${outcome.quote}`,
    `- comparable: ${embedding.missing ?? 'yes'}`,
    `- lesson: ${lesson.missing ?? 'written'}`,
  ].join('\n');

// Over within minutes: it ends on the build that began it, where workers are versioned. Elsewhere Temporal refuses to hear of it.
setWorkflowOptions(() => {
  const { deploymentName = '' } = workflowInfo().currentDeploymentVersion ?? {};
  return deploymentName === '' ? {} : { versioningBehavior: 'PINNED' };
}, reflection);
