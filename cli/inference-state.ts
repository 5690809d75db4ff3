import { inferenceNeeds } from '../config/needs';
import { pollersOf } from '../temporal/pollers';
import { taskQueues } from '../workflows/contract';
import type { Context } from './context';

/** A process that waits for work asks for it anew within a minute. */
const SILENT_AFTER_MS = 75_000;

export interface InferenceState {
  /** What asks for opinions; empty when nothing does, and no process is needed. */
  readonly needs: readonly string[];
  /** Processes that have asked for such work lately. One that was killed is among them for a minute. */
  readonly processes: readonly string[];
}

export async function readInference({
  config,
  temporal,
}: Pick<Context, 'config' | 'temporal'>): Promise<InferenceState> {
  const needs = inferenceNeeds(config);
  if (needs.length === 0) return { needs, processes: [] };
  const { inference } = taskQueues(config.exchange.venue);
  const pollers = await pollersOf(await temporal(), config.temporal.namespace, inference);
  const lately = pollers.filter(({ askedMs }) => Date.now() - askedMs < SILENT_AFTER_MS);
  return { needs, processes: [...new Set(lately.map(({ identity }) => identity))] };
}

/** In words. */
export function describeInference({ needs, processes }: InferenceState): string {
  if (needs.length === 0) return 'no model is asked for anything (no news, no role): no inference process';
  const wanted = `asked for ${needs.join(', ')}`;
  return processes.length === 0
    ? `${wanted}; no inference process serves, trading goes on without opinions`
    : `${wanted}; served by ${processes.join(', ')}`;
}
