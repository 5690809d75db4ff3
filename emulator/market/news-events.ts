import { hash32, RandomStream } from '../../domain/random';

/**
 * The scheduled events of a simulated market: what its made-up news tell of, and what prices make of it. A day's events are a pure
 * function of seed and day, drawn apart from the market's own numbers, so that a market without them is the same as ever.
 */

/** What events do to prices. Deviations are those of an ordinary return of the asset at that minute. */
export interface NewsImpact {
  /** Deviations of the first minute's move. */
  readonly shock: number;
  /** Deviations that the price drifts in all afterwards, half of the rest in each half-life. */
  readonly drift: number;
  readonly driftHalfLifeMinutes: number;
  /** Added to the volatility at first: 1 doubles it. */
  readonly volatility: number;
  readonly volatilityHalfLifeMinutes: number;
}

/** Large enough to be seen in an hour, small enough for the statistics of the fit; docs/market.md has them side by side. */
export const NEWS_IMPACT: NewsImpact = {
  shock: 3,
  drift: 12,
  driftHalfLifeMinutes: 60,
  volatility: 0.7,
  volatilityHalfLifeMinutes: 20,
};

/** Something that happens in the made-up world. */
export interface ScheduledEvent {
  /** Of the whole market's life, e.g. `4-17`: day and hour. */
  readonly id: string;
  /** The minute of its day in which prices begin to react, if they do. */
  readonly minute: number;
  /** The base asset that it is about; null: all of them. */
  readonly asset: string | null;
  /** What is told of it: 1 bullish, −1 bearish, 0 neither. */
  readonly tone: -1 | 0 | 1;
  /** What prices make of it, in multiples of the impact and with their sign: 0 nothing, against the tone when the news is wrong. */
  readonly effect: number;
}

const HOURS = 24;
const MINUTES_PER_HOUR = 60;
const MINUTES_PER_DAY = HOURS * MINUTES_PER_HOUR;
/** Of each hour. */
const EVENT_PROBABILITY = 0.4;
const MARKET_SHARE = 0.25;
/** Cumulated shares of what events are: prices follow, nothing is meant, nothing comes of it; the rest goes the other way. */
const FOLLOWED = 0.5;
const NOISE = 0.8;
const FIZZLED = 0.9;
const LEAST_STRENGTH = 0.6;
const STRENGTH_RANGE = 0.8;
/** How long an event is felt: what is left of its drift then is a sixteenth. */
const REACH_MINUTES = 240;

/**
 * The events of a day, in order: about one in every two or three hours.
 * @param day counted from the market's beginning; none before it
 * @param assets base assets that events may be about
 */
export function eventsOfDay(seed: number, day: number, assets: readonly string[]): readonly ScheduledEvent[] {
  if (day < 0 || assets.length === 0) return [];
  const events: ScheduledEvent[] = [];
  for (let hour = 0; hour < HOURS; hour += 1) {
    // A stream for each hour, so that one hour's events do not hang on how many numbers another's took.
    const random = new RandomStream(hash32('news', seed, day, hour));
    if (random.uniform() >= EVENT_PROBABILITY) continue;
    const minute = hour * MINUTES_PER_HOUR + Math.floor(random.uniform() * MINUTES_PER_HOUR);
    const isMarket = random.uniform() < MARKET_SHARE;
    const asset = assets[Math.floor(random.uniform() * assets.length)] ?? null;
    events.push({
      id: `${day}-${hour}`,
      minute,
      asset: isMarket ? null : asset,
      ...drawMeaning(random),
    });
  }
  return events;
}

function drawMeaning(random: RandomStream): Pick<ScheduledEvent, 'tone' | 'effect'> {
  const kind = random.uniform();
  const tone = random.uniform() < 0.5 ? 1 : -1;
  const strength = LEAST_STRENGTH + STRENGTH_RANGE * random.uniform();
  if (kind < FOLLOWED) return { tone, effect: tone * strength };
  if (kind < NOISE) return { tone: 0, effect: 0 };
  return { tone, effect: kind < FIZZLED ? 0 : -tone * strength };
}

/** What the events do to one asset in each minute of a day. */
export interface DayOfNews {
  /** Deviations added to the minute's move. */
  readonly drift: Float64Array;
  /** What the minute's volatility is multiplied by. */
  readonly volatility: Float64Array;
}

/** What the events of a day, and those of the day before that are still felt, do to each of the assets. */
export function newsOfDay(
  impact: NewsImpact,
  seed: number,
  day: number,
  assets: readonly string[],
): readonly DayOfNews[] {
  const felt = [
    ...eventsOfDay(seed, day - 1, assets).map((event) => ({
      ...event,
      minute: event.minute - MINUTES_PER_DAY,
    })),
    ...eventsOfDay(seed, day, assets),
  ].filter(({ effect }) => effect !== 0);
  return assets.map((asset) => {
    const news: DayOfNews = {
      drift: new Float64Array(MINUTES_PER_DAY),
      volatility: new Float64Array(MINUTES_PER_DAY).fill(1),
    };
    for (const event of felt) if (event.asset === null || event.asset === asset) feel(news, impact, event);
    return news;
  });
}

function feel(
  { drift, volatility }: DayOfNews,
  impact: NewsImpact,
  { minute, effect }: ScheduledEvent,
): void {
  const kept = 2 ** (-1 / impact.driftHalfLifeMinutes);
  const last = Math.min(MINUTES_PER_DAY - 1, minute + REACH_MINUTES);
  for (let at = Math.max(0, minute); at <= last; at += 1) {
    const since = at - minute;
    const move = since === 0 ? impact.shock : impact.drift * (1 - kept) * kept ** (since - 1);
    drift[at] = (drift[at] ?? 0) + effect * move;
    const extra = impact.volatility * 2 ** (-since / impact.volatilityHalfLifeMinutes);
    volatility[at] = (volatility[at] ?? 1) + Math.abs(effect) * extra;
  }
}
