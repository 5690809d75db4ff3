/** Hides what would tell a model where and when it is, and undoes it in what the model says. Good for one call. */
export interface Anonymiser {
  /** The text with placeholders for names and dates, and prices as an index whose 100 is the reference price. */
  hide(text: string): string;
  /** The text with what the placeholders stand for, and index values as prices. */
  reveal(text: string): string;
  /** The same for every text in a value. */
  revealIn<T>(value: T): T;
}

export interface AnonymiserOptions {
  /** Groups of names for the same thing, such as `['BTC', 'Bitcoin', 'XBT']`, beside those that are always hidden. */
  readonly names?: readonly (readonly string[])[];
  /** The price that becomes 100. Without it, prices become placeholders. */
  readonly referencePrice?: number;
}

/** Names that give away the asset, the time or both. */
const ALWAYS: readonly (readonly string[])[] = [
  ['Bitcoin', 'BTC', 'XBT'],
  ['Ethereum', 'Ether', 'ETH'],
  ['Solana', 'SOL'],
  ['Ripple', 'XRP'],
  ['Cardano', 'ADA'],
  ['Dogecoin', 'DOGE'],
  ['Litecoin', 'LTC'],
  ['Terra', 'LUNA', 'UST', 'TerraUSD'],
  ['Tether', 'USDT'],
  ['USD Coin', 'USDC', 'Circle'],
  ['Binance', 'BNB'],
  ['Coinbase'],
  ['FTX', 'FTT', 'Alameda'],
  ['Mt. Gox', 'Mt Gox', 'MtGox'],
  ['Celsius'],
  ['Three Arrows', '3AC'],
  ['MicroStrategy', 'Michael Saylor', 'Saylor'],
  ['Grayscale', 'GBTC'],
  ['BlackRock'],
  ['Silicon Valley Bank', 'SVB'],
  ['Sam Bankman-Fried', 'SBF'],
  ['Changpeng Zhao', 'CZ'],
  ['Elon Musk', 'Musk'],
  ['Gary Gensler', 'Gensler'],
];

const MONTH =
  '(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\\.?';
const YEAR = '(?:19|20)\\d{2}';
const DAY = '\\d{1,2}(?:st|nd|rd|th)?';
const CLOCK = '(?:[T ]\\d{1,2}:\\d{2}(?::\\d{2}(?:\\.\\d+)?)?(?:Z|[+-]\\d{2}:?\\d{2})?)?';
/** From the longest to the shortest. A month alone hides the season, so it is a date too; `may` and `march` in small letters are words. */
const DATE = [
  `${YEAR}-\\d{2}(?:-\\d{2}${CLOCK})?`,
  `\\d{1,2}[/.]\\d{1,2}[/.](?:${YEAR}|\\d{2})`,
  `${MONTH} ${DAY},? ${YEAR}`,
  `${DAY} ${MONTH},? ${YEAR}`,
  `${MONTH},? ${YEAR}`,
  `${MONTH} ${DAY}`,
  `${DAY} ${MONTH}`,
  `Q[1-4] ${YEAR}`,
  MONTH,
  YEAR,
  '1\\d{12}',
].join('|');
const PRICE = '(?:[$€£]\\s?\\d+(?:,\\d{3})*(?:\\.\\d+)?|\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?)(?:\\s?[kKmM]\\b)?';
/** Numbers without a sign of money: prices when they are near the reference price. */
const PLAIN = '\\d{4,}(?:\\.\\d+)?|\\d+\\.\\d+';
const NEAR = 3;
/** What looks like one of ours, from whoever wrote the text. */
const OURS = '\\[(?:NAME|DATE|PRICE|TEXT)_\\d+\\]|\\d+(?:\\.\\d+)?i\\b';
const INDEX = /\b(\d+(?:\.\d+)?)i\b/g;
const PLACEHOLDER = /\[(?:NAME|DATE|PRICE|TEXT)_\d+\]/g;

const SCALES: Readonly<Record<string, number>> = { k: 1e3, m: 1e6 };

/** An anonymiser for one call: the same thing gets the same placeholder in all its texts. */
export function createAnonymiser({ names = [], referencePrice }: AnonymiserOptions = {}): Anonymiser {
  const placeholders = new Map<string, string>();
  const originals = new Map<string, string>();
  const counts: Record<string, number> = {};
  const groups = [...names, ...ALWAYS];
  const groupOf = (name: string): string =>
    groups.findIndex((group) => group.some((known) => known.toLowerCase() === name.toLowerCase())).toString();

  const placeholder = (kind: 'NAME' | 'DATE' | 'PRICE' | 'TEXT', key: string, original: string): string => {
    const id = `${kind}/${key}`;
    const known = placeholders.get(id);
    if (known !== undefined) return known;
    counts[kind] = (counts[kind] ?? 0) + 1;
    const made = `[${kind}_${counts[kind]}]`;
    placeholders.set(id, made);
    originals.set(made, original);
    return made;
  };
  const isNear = (value: number): boolean =>
    referencePrice !== undefined && value >= referencePrice / NEAR && value <= referencePrice * NEAR;
  const indexed = (text: string): string => {
    if (referencePrice === undefined) return placeholder('PRICE', text, text);
    const value = Number(text.replaceAll(/[^\d.]/g, '')) * (SCALES[text.at(-1)?.toLowerCase() ?? ''] ?? 1);
    const made = `${Number(((value / referencePrice) * 100).toPrecision(6))}i`;
    // The first text of an index stays the one that it stands for.
    if (!originals.has(made)) originals.set(made, text);
    return made;
  };

  const escaped = groups
    .flat()
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(
    `(?<ours>${OURS})|(?<date>(?<![\\w.,$])(?:${DATE})(?![\\w%]))|(?<price>(?<![\\w.])${PRICE})|(?<plain>(?<![\\w.,])(?:${PLAIN})(?![\\w%]))|(?<name>(?<![A-Za-z0-9])(?:${escaped.join('|')})(?![a-z0-9]))`,
    'g',
  );
  const insensitive = new RegExp(pattern.source.slice(pattern.source.indexOf('(?<name>')), 'gi');

  const reveal = (text: string): string =>
    text
      .replaceAll(INDEX, (made, index: string) => {
        const original = originals.get(made);
        if (original !== undefined || referencePrice === undefined) return original ?? made;
        return String(Number(((Number(index) / 100) * referencePrice).toPrecision(6)));
      })
      .replaceAll(PLACEHOLDER, (made) => originals.get(made) ?? made);

  return {
    hide(text) {
      const once = text.replaceAll(pattern, (...found) => {
        const { ours, date, price, plain, name } = found.at(-1) as Record<string, string | undefined>;
        if (ours !== undefined) return placeholder('TEXT', ours, ours);
        if (date !== undefined) return placeholder('DATE', date, date);
        if (price !== undefined) return indexed(price);
        if (plain !== undefined) return isNear(Number(plain)) ? indexed(plain) : plain;
        return placeholder('NAME', groupOf(name ?? ''), name ?? '');
      });
      return once.replaceAll(insensitive, (name) => placeholder('NAME', groupOf(name), name));
    },
    reveal,
    revealIn: <T>(value: T): T => revealIn(value, reveal) as T,
  };
}

function revealIn(value: unknown, reveal: (text: string) => string): unknown {
  if (typeof value === 'string') return reveal(value);
  if (Array.isArray(value)) return value.map((item) => revealIn(item, reveal));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealIn(inner, reveal)]));
}
