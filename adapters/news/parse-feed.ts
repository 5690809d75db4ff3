import { decodeHTML } from 'entities';
import { parseFeed } from 'feedsmith';
import type { Headline } from './port';

/** Of one answer; feeds have a few dozen. */
const MAX_HEADLINES = 200;
const MAX_TITLE_LENGTH = 400;
const MAX_KEY_LENGTH = 600;
/** How far ahead the clock of a publisher may be. */
const AHEAD_MS = 5 * 60_000;
/** No feed is older; what says so has no date. */
const EARLIEST_MS = Date.UTC(2009, 0, 3);

/**
 * The headlines of a feed: RSS, Atom, RDF or JSON. Entries without a title are left out; a second one with the same key too.
 * @param nowMs dates after it count as none
 * @throws the library's error when it is no feed
 */
export function parseHeadlines(text: string, nowMs: number): readonly Headline[] {
  const seen = new Set<string>();
  return entriesOf(text)
    .slice(0, MAX_HEADLINES)
    .flatMap(({ id, title, link, dates }) => {
      const plain = plainText(title ?? '').slice(0, MAX_TITLE_LENGTH);
      const url = httpUrl(link);
      const key = (id ?? url ?? plain).trim().slice(0, MAX_KEY_LENGTH);
      if (plain === '' || key === '' || seen.has(key)) return [];
      seen.add(key);
      return [{ key, title: plain, url, publishedMs: firstTime(dates, nowMs) }];
    });
}

interface Entry {
  readonly id: string | undefined;
  readonly title: string | undefined;
  readonly link: string | undefined;
  /** The first that is one counts. */
  readonly dates: readonly unknown[];
}

function entriesOf(text: string): readonly Entry[] {
  const { format, feed } = readOrMend(text);
  switch (format) {
    case 'rss':
      return (feed.items ?? []).map(({ guid, title, link, pubDate, dc }) => ({
        ...{ id: guid?.value, title, link, dates: [pubDate, ...(dc?.dates ?? [])] },
      }));
    case 'atom':
      return (feed.entries ?? []).map(({ id, title, links, published, updated }) => ({
        ...{ id, title: title?.value, dates: [published, updated] },
        link: (links?.find(({ rel }) => rel === undefined || rel === 'alternate') ?? links?.[0])?.href,
      }));
    case 'rdf':
      return (feed.items ?? []).map(({ title, link, dc }) => ({
        ...{ id: undefined, title, link, dates: dc?.dates ?? [] },
      }));
    case 'json':
      return (feed.items ?? []).map(({ id, title, url, date_published, date_modified }) => ({
        ...{ id, title, link: url, dates: [date_published, date_modified] },
      }));
  }
}

/** A feed that is not well-formed is tried once more, mended. @throws the first error when that does not help */
function readOrMend(text: string): ReturnType<typeof parseFeed> {
  try {
    return parseFeed(text);
  } catch (error) {
    try {
      return parseFeed(mended(text));
    } catch {
      throw error;
    }
  }
}

/** Where each kind of feed ends after its last entry. */
const ENDINGS: readonly (readonly [entry: string, ending: string])[] = [
  ['</item>', '</channel></rss>'],
  ['</entry>', '</feed>'],
];

/** What breaks feeds most: a `<` that begins no tag, and an answer that was cut off; its whole entries are kept. */
function mended(text: string): string {
  const escaped = text.replace(/<(?![a-z/!?_])/giu, '&lt;');
  const found = ENDINGS.find(([entry]) => escaped.includes(entry));
  if (found === undefined) return escaped;
  const [entry, ending] = found;
  return escaped.slice(0, escaped.lastIndexOf(entry) + entry.length) + ending;
}

/** Tags dropped, entities decoded (feeds escape them once or twice), white space and control characters made one space. */
export function plainText(html: string): string {
  const withoutTags = (text: string): string => text.replace(/<\/?[a-z!][^<>]*>/giu, ' ');
  const decoded = withoutTags(decodeHTML(withoutTags(html)));
  return decodeHTML(decoded)
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim();
}

function httpUrl(link: string | undefined): string | null {
  const parsed = link === undefined ? null : URL.parse(link.trim());
  return parsed !== null && ['http:', 'https:'].includes(parsed.protocol) ? parsed.href : null;
}

function firstTime(dates: readonly unknown[], nowMs: number): number | null {
  for (const date of dates) {
    const timeMs = typeof date === 'string' ? Date.parse(date) : NaN;
    if (timeMs >= EARLIEST_MS && timeMs <= nowMs + AHEAD_MS) return Math.min(timeMs, nowMs);
  }
  return null;
}
