import { DemonstrationFeed } from '../../domain/news/demonstration';
import { hash32, RandomStream } from '../../domain/random';
import { eventsOfDay, type ScheduledEvent } from '../market/news-events';
import { headlineFor, retold } from './headlines';
import type { NewsWire, WireItem } from './wire';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Of the events, those that the wire tells and those that the gazette does; what neither would, the wire tells. */
const WIRE_SHARE = 0.85;
const GAZETTE_SHARE = 0.6;
/** How long after its event a headline appears, at most: the wire within its second minute, the gazette in its own time. */
const WIRE_DELAY_MS = 90 * SECOND_MS;
const GAZETTE_DELAY_MS = 25 * MINUTE_MS;
const GAZETTE_LEAST_DELAY_MS = 3 * MINUTE_MS;

/** A headline in the feed that tells it. */
type Told = WireItem & { readonly feed: DemonstrationFeed };

/**
 * The feeds of a simulated market: each event of its schedule is told by one feed or by both, in words that do not show whether
 * prices will follow.
 * @param startMs when the market's first day begins
 */
export function simulatedWire(seed: number, assets: readonly string[], startMs: number): NewsWire {
  return {
    description:
      'Made-up headlines of a simulated market: its prices follow many of them, and some are wrong.',
    movesPrices: true,
    items(feed, fromMs, toMs) {
      const dayOf = (timeMs: number): number => Math.floor((timeMs - startMs) / DAY_MS);
      const items: WireItem[] = [];
      // What happens before midnight may be told after it.
      for (let day = Math.max(0, dayOf(fromMs) - 1); day <= dayOf(toMs); day += 1) {
        for (const event of eventsOfDay(seed, day, assets))
          for (const { feed: told, ...item } of tell(seed, day, event, startMs))
            if (told === feed && item.publishedMs > fromMs && item.publishedMs <= toMs) items.push(item);
      }
      return items.sort((a, b) => a.publishedMs - b.publishedMs);
    },
  };
}

function tell(seed: number, day: number, event: ScheduledEvent, startMs: number): readonly Told[] {
  const { id, minute, asset, tone } = event;
  const random = new RandomStream(hash32('headline', seed, id));
  const title = headlineFor(asset, tone, hash32('words', seed, id));
  const happenedMs = startMs + day * DAY_MS + minute * MINUTE_MS;
  const [wire, gazette, wireDelay, gazetteDelay] = Array.from({ length: 4 }, () => random.uniform());
  const byGazette = (gazette ?? 0) < GAZETTE_SHARE;
  const byWire = (wire ?? 0) < WIRE_SHARE || !byGazette;
  const after = (leastMs: number, mostMs: number, share = 0): number =>
    happenedMs + Math.floor((leastMs + share * (mostMs - leastMs)) / SECOND_MS) * SECOND_MS;
  return [
    ...(byWire
      ? [
          {
            feed: DemonstrationFeed.Wire,
            id: `wire-${id}`,
            title,
            publishedMs: after(0, WIRE_DELAY_MS, wireDelay),
          },
        ]
      : []),
    ...(byGazette
      ? [
          {
            feed: DemonstrationFeed.Gazette,
            id: `gazette-${id}`,
            title: retold(title, hash32('retold', seed, id)),
            publishedMs: after(GAZETTE_LEAST_DELAY_MS, GAZETTE_DELAY_MS, gazetteDelay),
          },
        ]
      : []),
  ];
}
