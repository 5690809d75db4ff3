import { DemonstrationFeed } from '../../domain/news/demonstration';
import { DEMONSTRATIONS, retold } from './headlines';
import type { NewsWire, WireItem } from './wire';

const EVERY_MS = 4 * 3_600_000;
/** The gazette repeats every third one so much later. */
const REPEATED = 3;
const LATER_MS = 10 * 60_000;

/**
 * The feeds of a recorded market. What the world said then is not known here, so they say nothing about any asset: they show that
 * feeds are read, and no mood comes of them.
 */
export const demonstrationWire: NewsWire = {
  description: 'Demonstration headlines beside a recorded market: they are about nothing that is traded.',
  movesPrices: false,
  items(feed, fromMs, toMs) {
    const laterMs = feed === DemonstrationFeed.Gazette ? LATER_MS : 0;
    const items: WireItem[] = [];
    const first = Math.floor((fromMs - laterMs) / EVERY_MS) + 1;
    for (let at = first; at * EVERY_MS + laterMs <= toMs; at += 1) {
      if (feed === DemonstrationFeed.Gazette && at % REPEATED !== 0) continue;
      const title = DEMONSTRATIONS[at % DEMONSTRATIONS.length] ?? '';
      const publishedMs = at * EVERY_MS + laterMs;
      items.push({
        id: `${feed}-${at}`,
        title: feed === DemonstrationFeed.Gazette ? retold(title, 0) : title,
        publishedMs,
      });
    }
    return items;
  },
};
