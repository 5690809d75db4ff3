import { z } from 'zod';
import { assetOf } from '../observations';
import type { Reason, SeriesSpec, StrategyView } from '../strategy';

/** What an entry may ask of the mood and of the Fear & Greed index; nothing, unless a limit is set. */
export const sentimentShape = {
  /** No entry while the mood about the asset is below this, from −1 (bearish) to 1 (bullish); null: it is not asked. */
  minMood: z.number().min(-1).max(1).nullable().default(null),
  /** A mood whose newest story is older counts as none. */
  moodMaxAgeHours: z.number().min(0.1).max(720).default(24),
  /** No entry while the Fear & Greed index is above this, e.g. 75, where extreme greed begins; null: it is not asked. */
  maxFearGreed: z.number().min(0).max(100).nullable().default(null),
};

export interface SentimentParameters {
  readonly minMood: number | null;
  readonly moodMaxAgeHours: number;
  readonly maxFearGreed: number | null;
}

type Sentiment = 'mood' | 'moodAge' | 'fearGreed';
type View = StrategyView<Sentiment>;

export const HOUR_MS = 3_600_000;
/** The index is of a day: one that is missing is bridged, two are not. */
const FEAR_GREED_MAX_AGE_MS = 48 * HOUR_MS;

/** The columns that the limits are held against. */
export function sentimentIndicators({
  minMood,
  moodMaxAgeHours,
  maxFearGreed,
}: SentimentParameters): Readonly<Record<Sentiment, SeriesSpec | null>> {
  const mood = { of: 'mood', maxAgeMs: moodMaxAgeHours * HOUR_MS } as const;
  return {
    mood: minMood === null ? null : mood,
    moodAge: minMood === null ? null : { ...mood, output: 'ageMs' },
    fearGreed: maxFearGreed === null ? null : { of: 'fear-greed', maxAgeMs: FEAR_GREED_MAX_AGE_MS },
  };
}

/** Whether nothing that is known speaks against an entry. What is not known forbids nothing: it is no opinion. */
export function sentimentAllows(
  { indicators }: View,
  { minMood, maxFearGreed }: SentimentParameters,
): boolean {
  if (minMood !== null && indicators.mood.at(0) < minMood) return false;
  return maxFearGreed === null || !(indicators.fearGreed.at(0) > maxFearGreed);
}

/** What was seen of each that is asked, and what follows from it. */
export const sentimentReasons = (view: View, parameters: SentimentParameters): readonly Reason[] => [
  ...moodReasons(view, parameters),
  ...fearGreedReasons(view, parameters),
];

function moodReasons(
  { symbol, indicators }: View,
  { minMood, moodMaxAgeHours }: SentimentParameters,
): readonly Reason[] {
  if (minMood === null) return [];
  const mood = indicators.mood.at(0);
  const what = `mood about ${assetOf(symbol)}`;
  if (!Number.isFinite(mood))
    return [
      {
        code: 'mood-unknown',
        text: `No ${what} younger than ${moodMaxAgeHours} h is known: it is not asked`,
      },
    ];
  const ageMs = indicators.moodAge.at(0);
  const passes = mood >= minMood;
  const text = `The ${what} is ${mood.toFixed(2)}, ${hoursText(ageMs)} old, ${passes ? 'not below' : 'below'} ${minMood}`;
  return [{ code: passes ? 'mood-allows' : 'mood-too-low', text, values: { mood, ageMs } }];
}

function fearGreedReasons({ indicators }: View, { maxFearGreed }: SentimentParameters): readonly Reason[] {
  if (maxFearGreed === null) return [];
  const fearGreed = indicators.fearGreed.at(0);
  if (!Number.isFinite(fearGreed))
    return [
      {
        code: 'fear-greed-unknown',
        text: 'No Fear & Greed index of the last two days is known: it is not asked',
      },
    ];
  const passes = fearGreed <= maxFearGreed;
  const text = `The Fear & Greed index is ${fearGreed}, ${passes ? 'not above' : 'above'} ${maxFearGreed}`;
  return [{ code: passes ? 'greed-allows' : 'greed-too-high', text, values: { fearGreed } }];
}

/** `0.4 h` */
export const hoursText = (ageMs: number): string => `${Number((ageMs / HOUR_MS).toFixed(1))} h`;
