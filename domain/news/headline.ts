import { hash32 } from '../random';

/**
 * When two headlines tell the same story: their normalised titles are the same, or MinHash estimates that enough of their words
 * are (Broder, "On the resemblance and containment of documents", 1997), and neither says the opposite of the other.
 */

/** The words of a title, and what it is compared by. */
export interface Fingerprint {
  /** Lower-case words without accents and punctuation, the name of the publisher cut off. */
  readonly words: readonly string[];
  readonly signature: Uint32Array;
}

/** Draws per signature: the standard error of the estimate is at most 1/(2·√128), 0.044. */
const DRAWS = 128;
/** Longer titles are compared by their beginning. */
const MAX_WORDS = 60;
/** Estimated Jaccard index of the words and pairs of neighbours from which on two headlines are one story. */
const SAME_STORY = 0.5;
/** Words that say nothing about what happened. */
const STOP_WORDS = new Set(
  'a an the of in on at to for from by with as is are was were be been its it this that and or after amid over says'.split(
    ' ',
  ),
);
/** One headline with a word of the left and one with a word of the right are never the same story. */
const OPPOSITES: readonly (readonly [readonly string[], readonly string[]])[] = [
  [
    words('rise rises rising rose gains jumps soars surges rallies climbs up'),
    words('fall falls falling fell drops plunges slides sinks crashes tumbles slumps down'),
  ],
  [
    words('approve approves approved clears greenlights'),
    words('reject rejects rejected denies denied blocks delays delayed'),
  ],
  [words('list lists listed adds'), words('delist delists delisted removes')],
  [words('wins win won'), words('loses lose lost')],
  [words('inflow inflows'), words('outflow outflows')],
  [words('buys bought acquires'), words('sells sold dumps')],
  [words('above over'), words('below under')],
  [words('resumes resumed'), words('halts halted suspends suspended pauses paused')],
];

function words(list: string): readonly string[] {
  return list.split(' ');
}

/**
 * The words of a title: NFKD without accents, lower case, thousands separators and punctuation dropped; what follows the last
 * ` - ` or ` | ` counts as the publisher's name when it is short and the rest is not.
 */
export function titleWords(title: string): readonly string[] {
  return wordsOf(withoutPublisher(title)).slice(0, MAX_WORDS);
}

/** Every word of a text, normalised. */
export const wordsOf = (text: string): readonly string[] =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/(\d)[,'’](?=\d{3})/gu, '$1')
    .replace(/['’]s?(?=\s|$)/gu, '')
    .match(/[\p{L}\p{N}]+(?:[.][\p{N}]+)?/gu) ?? [];

const MAX_PUBLISHER_WORDS = 4;
const MIN_TITLE_WORDS = 4;

function withoutPublisher(title: string): string {
  const [, head, publisher] = /^(.*\S)\s+[-–—|]\s+([^-–—|]+)$/su.exec(title) ?? [];
  if (head === undefined || publisher === undefined) return title;
  const isName = wordsOf(publisher).length <= MAX_PUBLISHER_WORDS;
  return isName && wordsOf(head).length >= MIN_TITLE_WORDS ? head : title;
}

/** The title as it is compared, e.g. for an id: `bitcoin etf approved`. */
export const normalisedTitle = (title: string): string => titleWords(title).join(' ');

export function fingerprint(title: string): Fingerprint {
  const all = titleWords(title);
  const telling = all.filter((word) => !STOP_WORDS.has(word));
  const shingles = new Set([
    ...telling,
    ...telling.slice(1).map((word, index) => `${telling[index] ?? ''} ${word}`),
  ]);
  const signature = new Uint32Array(DRAWS).fill(0xffff_ffff);
  for (const shingle of shingles) {
    const base = hash32(shingle);
    for (let draw = 0; draw < DRAWS; draw += 1)
      signature[draw] = Math.min(signature[draw] ?? 0, hash32(base, draw));
  }
  return { words: all, signature };
}

/** The estimated Jaccard index of what two headlines say, from 0 to 1; 0 when one of them says nothing. */
export function resemblance(a: Fingerprint, b: Fingerprint): number {
  if (a.words.length === 0 || b.words.length === 0) return 0;
  let equal = 0;
  for (let draw = 0; draw < DRAWS; draw += 1) if (a.signature[draw] === b.signature[draw]) equal += 1;
  return equal / DRAWS;
}

export function isSameStory(a: Fingerprint, b: Fingerprint): boolean {
  if (a.words.length > 0 && a.words.join(' ') === b.words.join(' ')) return true;
  return resemblance(a, b) >= SAME_STORY && !areOpposed(a, b);
}

function areOpposed(a: Fingerprint, b: Fingerprint): boolean {
  const says = ({ words: said }: Fingerprint, list: readonly string[]): boolean =>
    list.some((word) => said.includes(word));
  return OPPOSITES.some(
    ([left, right]) => (says(a, left) && says(b, right)) || (says(a, right) && says(b, left)),
  );
}
