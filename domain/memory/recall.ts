import type { Reason } from '../strategy';
import { outcomeText, type TradeOutcome } from './outcome';

/** A past trade that is brought to mind. */
export interface RecalledTrade {
  readonly positionId: string;
  readonly strategy: string;
  readonly symbol: string;
  /** Cosine of its situation and the one asked about, from −1 to 1. */
  readonly similarity: number;
  /** Why it was entered. */
  readonly reasons: readonly Reason[];
  /** What was known when it was entered, in words. */
  readonly situation: string;
  readonly outcome: TradeOutcome;
  /** What a model wrote about it afterwards; null when none has, or not by then. */
  readonly lesson: string | null;
}

/** What the memory has to say about a situation. */
export interface Recollection {
  /** The most similar first; only trades whose outcome was known at the time asked about. */
  readonly trades: readonly RecalledTrade[];
  /** What exactly compared them; null when nothing could be compared. */
  readonly modelIdentity: string | null;
  /** In words, when there is nothing: why. */
  readonly nothing: string | null;
}

/** Trades that may be asked for at once. */
export const MOST_RECALLED = 20;
/** Of a session, so many newest trades are compared: a scan of a few megabytes. What is older is forgotten. */
export const MOST_COMPARED = 5_000;

/**
 * The cosine of two vectors of one length; null when there is none, because one has no direction or is not finite.
 * @throws RangeError for vectors of different lengths
 */
export function cosineOf(a: readonly number[], b: readonly number[]): number | null {
  if (a.length !== b.length) throw new RangeError(`Vectors of ${a.length} and ${b.length} numbers.`);
  let [dot, aa, bb] = [0, 0, 0];
  for (const [at, value] of a.entries()) {
    const other = b[at] ?? NaN;
    dot += value * other;
    aa += value * value;
    bb += other * other;
  }
  const cosine = dot / Math.sqrt(aa * bb);
  return Number.isFinite(cosine) ? Math.min(1, Math.max(-1, cosine)) : null;
}

/** The `k` most similar to a vector, the most similar first; of equally similar ones those that come first. */
export function mostSimilar<T extends { readonly vector: readonly number[] }>(
  vector: readonly number[],
  candidates: readonly T[],
  k: number,
): readonly { readonly found: T; readonly similarity: number }[] {
  return candidates
    .filter((candidate) => candidate.vector.length === vector.length)
    .flatMap((found) => {
      const similarity = cosineOf(vector, found.vector);
      return similarity === null ? [] : [{ found, similarity }];
    })
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, Math.max(0, Math.min(k, MOST_RECALLED)));
}

/** A recalled trade in words, for a model that decides on a situation like it. */
export function recalledText({ similarity, situation, outcome, lesson }: RecalledTrade): string {
  const then = situation.replaceAll(/\s+/g, ' ');
  const learnt = lesson === null ? '' : ` Lesson: ${lesson}`;
  return `Similarity ${similarity.toFixed(2)}. ${then} It ended by ${outcomeText(outcome)}.${learnt}`;
}
