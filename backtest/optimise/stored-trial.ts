import type { Trial } from './search';
import type { Point } from './space';
import type { TrialResult } from './study';

/** A trial that has been tried, as it comes out of where it was stored. */
export function trialOf(stored: {
  readonly number: number;
  readonly draw: number;
  readonly point: Readonly<Record<string, unknown>>;
  readonly result: unknown;
}): Trial<TrialResult> {
  const { number, draw, point } = stored;
  const result = stored.result as TrialResult;
  return { number, draw, point: point as Point, score: result.score, result };
}
