import { createHash } from 'node:crypto';
import { DEMONSTRATION_LABEL } from '../../domain/news/demonstration';
import type { WireItem } from './wire';

/** An RSS 2.0 document (https://www.rssboard.org/rss-specification), newest item first. */
export function renderRss(
  name: string,
  {
    description,
    url,
    items,
  }: { readonly description: string; readonly url: string; readonly items: readonly WireItem[] },
): string {
  const entries = items
    .toReversed()
    .map(
      ({ id, title, publishedMs }) =>
        `    <item><title>${escape(title)}</title><guid isPermaLink="false">${escape(id)}</guid>` +
        `<pubDate>${new Date(publishedMs).toUTCString()}</pubDate></item>`,
    );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<rss version="2.0">',
    '  <channel>',
    `    <title>${escape(`${name}: ${DEMONSTRATION_LABEL}`)}</title>`,
    `    <link>${escape(url)}</link>`,
    `    <description>${escape(description)}</description>`,
    ...entries,
    '  </channel>',
    '</rss>',
    '',
  ].join('\n');
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A strong validator of exactly this text. */
export const etagOf = (text: string): string =>
  `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;

/**
 * Whether whoever asks has this answer already (RFC 9110, 13.1.2 and 13.1.3): by the tag when one is given, else by the time.
 * @param modifiedMs whole seconds
 */
export function isKnown(
  asked: { readonly ifNoneMatch: string | undefined; readonly ifModifiedSince: string | undefined },
  etag: string,
  modifiedMs: number | null,
): boolean {
  const { ifNoneMatch, ifModifiedSince } = asked;
  if (ifNoneMatch !== undefined) {
    const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//u, ''));
    return tags.includes('*') || tags.includes(etag);
  }
  return ifModifiedSince !== undefined && modifiedMs !== null && modifiedMs <= Date.parse(ifModifiedSince);
}
