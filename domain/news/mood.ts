/**
 * The mood about an asset: what the sources that answered say, weighted, with what is missing told beside it.
 *
 * - A story i that a source s told counts with v = r · 2^(−age / halfLife): r is 1 when it is about the asset, less when it is
 *   about the market; age is from its time to now. Stories without a score do not count at all.
 * - A source's opinion is the mean of its stories' sentiments, weighted by v.
 * - A gauge (domain/news/gauges.ts) is a source whose opinion is what its newest number says.
 * - The score is the mean of the opinions, weighted by the sources' weights W, over the sources that answered and have one.
 * - `missing` is the share of all W whose sources did not answer; `silent` that of sources that answered and have no opinion.
 *
 * Without any opinion there is no score: nothing is taken for neutral.
 */

export interface MoodSource {
  readonly name: string;
  /** Above zero; only their ratios count. */
  readonly weight: number;
  /** Whether it could be read. Stories of one that could not are left out: they may be out of date. */
  readonly answered: boolean;
}

export interface MoodStory {
  readonly timeMs: number;
  /** From −1, bearish, to 1, bullish; null when no scorer had an answer. */
  readonly sentiment: number | null;
  readonly breaking: boolean;
  /** How much it is about the asset, from 0 to 1. */
  readonly relevance: number;
  /** Who told it. */
  readonly sources: readonly string[];
}

/** A source that has a number instead of stories. */
export interface MoodGauge extends MoodSource {
  /** What the number says, and the time that it is about; null when there is none, or it is too old. */
  readonly told: { readonly opinion: number; readonly timeMs: number } | null;
}

export interface MoodSettings {
  readonly halfLifeMs: number;
  /** Older stories do not count. */
  readonly maxAgeMs: number;
}

export interface CombinedMood {
  readonly score: number;
  /** Of the newest story or number that counts. */
  readonly timeMs: number;
  readonly ageMs: number;
  /** One of the stories that count is breaking and younger than a half-life. */
  readonly breaking: boolean;
  readonly stories: number;
  /** Shares of the weight of all sources, from 0 to 1. */
  readonly missing: number;
  readonly silent: number;
}

/** The mood by the formula above, at `nowMs`; null when nobody who answered has an opinion. */
export function combineMood(
  sources: readonly MoodSource[],
  stories: readonly MoodStory[],
  { halfLifeMs, maxAgeMs }: MoodSettings,
  nowMs: number,
  gauges: readonly MoodGauge[] = [],
): CombinedMood | null {
  const counted = stories.flatMap((story) => {
    const { sentiment, relevance, timeMs } = story;
    const ageMs = nowMs - timeMs;
    if (sentiment === null || relevance <= 0 || ageMs < 0 || ageMs > maxAgeMs) return [];
    const isHeard = sources.some(({ name, answered }) => answered && story.sources.includes(name));
    return isHeard ? [{ ...story, sentiment, ageMs, value: relevance * 2 ** (-ageMs / halfLifeMs) }] : [];
  });
  const sum = { all: 0, missing: 0, silent: 0, told: 0, weighted: 0 };
  const opinions = [
    ...sources.map(({ name, weight, answered }) => {
      const own = counted.filter((story) => story.sources.includes(name));
      return {
        weight,
        answered,
        opinion: weightedMean(own.map(({ sentiment, value }) => [sentiment, value])),
      };
    }),
    ...gauges.map(({ weight, answered, told }) => ({ weight, answered, opinion: told?.opinion ?? null })),
  ];
  for (const { weight, answered, opinion } of opinions) {
    sum.all += weight;
    if (!answered) sum.missing += weight;
    else if (opinion === null) sum.silent += weight;
    else {
      sum.told += weight;
      sum.weighted += weight * opinion;
    }
  }
  const numbers = gauges.flatMap(({ answered, told }) => (answered && told !== null ? [told] : []));
  const newest = [...counted, ...numbers].reduce<number | null>(
    (best, { timeMs }) => Math.max(best ?? timeMs, timeMs),
    null,
  );
  if (newest === null || sum.told === 0) return null;
  return {
    score: within(sum.weighted / sum.told),
    timeMs: newest,
    ageMs: nowMs - newest,
    breaking: counted.some(({ breaking, ageMs }) => breaking && ageMs <= halfLifeMs),
    stories: counted.length,
    missing: sum.missing / sum.all,
    silent: sum.silent / sum.all,
  };
}

/** Rounding must not carry a mean out of the range of what it is of. */
const within = (score: number): number => Math.min(1, Math.max(-1, score));

function weightedMean(pairs: readonly (readonly [value: number, weight: number])[]): number | null {
  const total = pairs.reduce((sum, [, weight]) => sum + weight, 0);
  return total > 0 ? pairs.reduce((sum, [value, weight]) => sum + value * weight, 0) / total : null;
}

/**
 * How the mood moves: the newest score less the mean of those before it.
 * @param scores the last N, oldest first
 * @returns null when there are fewer than two: no trend is not a trend of zero
 */
export function moodTrend(scores: readonly number[]): number | null {
  const newest = scores.at(-1);
  const before = scores.slice(0, -1);
  if (newest === undefined || before.length === 0) return null;
  return newest - before.reduce((sum, score) => sum + score, 0) / before.length;
}
