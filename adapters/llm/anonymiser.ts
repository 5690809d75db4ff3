/** Hides what would tell a model where and when it is, and undoes it in what the model says. Good for one call. */
export interface Anonymiser {
  /** The text with placeholders for names and dates, and prices as an index whose 100 is the reference price. */
  hide(text: string): string;
  /** The text with what the placeholders stand for (of several names for one thing, the one that came first), and index values as prices. */
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

type PlaceholderKind = 'NAME' | 'DATE' | 'PRICE' | 'TEXT';

/** What stands for what in one call. */
class Pseudonyms {
  readonly #made = new Map<string, string>();
  readonly #originals = new Map<string, string>();
  readonly #counts = new Map<PlaceholderKind, number>();

  constructor(private readonly referencePrice: number | undefined) {}

  /** The placeholder of whatever has this key; the first text that it stood for is what it stands for. */
  of(kind: PlaceholderKind, key: string, original: string): string {
    const id = `${kind}/${key}`;
    const known = this.#made.get(id);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    const made = `[${kind}_${count}]`;
    this.#counts.set(kind, count);
    this.#made.set(id, made);
    this.#originals.set(made, original);
    return made;
  }

  /** A price as an index, or as a placeholder when there is nothing to hold it against. */
  ofPrice(text: string): string {
    if (this.referencePrice === undefined) return this.of('PRICE', text, text);
    const scale = SCALES[text.at(-1)?.toLowerCase() ?? ''] ?? 1;
    const value = Number(text.replaceAll(/[^\d.]/g, '')) * scale;
    const made = `${Number(((value / this.referencePrice) * 100).toPrecision(6))}i`;
    if (!this.#originals.has(made)) this.#originals.set(made, text);
    return made;
  }

  /** A number without a sign of money, hidden when it can be a price. */
  ofPlain(text: string): string {
    const [value, reference] = [Number(text), this.referencePrice];
    const isNear = reference !== undefined && value >= reference / NEAR && value <= reference * NEAR;
    return isNear ? this.ofPrice(text) : text;
  }

  reveal(text: string): string {
    const reference = this.referencePrice;
    return text
      .replaceAll(INDEX, (made, index: string) => {
        const original = this.#originals.get(made);
        if (original !== undefined || reference === undefined) return original ?? made;
        return String(Number(((Number(index) / 100) * reference).toPrecision(6)));
      })
      .replaceAll(PLACEHOLDER, (made) => this.#originals.get(made) ?? made);
  }
}

/** Everything that is hidden, by what it is, and the names alone in whatever case. */
function patternsOf(groups: readonly (readonly string[])[]): { all: RegExp; names: RegExp } {
  const escaped = groups
    .flat()
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const names = `(?<name>(?<![A-Za-z0-9])(?:${escaped.join('|')})(?![a-z0-9]))`;
  const others = [
    `(?<ours>${OURS})`,
    `(?<date>(?<![\\w.,$])(?:${DATE})(?![\\w%]))`,
    `(?<price>(?<![\\w.])${PRICE})`,
    `(?<plain>(?<![\\w.,])(?:${PLAIN})(?![\\w%]))`,
  ];
  return { all: new RegExp([...others, names].join('|'), 'g'), names: new RegExp(names, 'gi') };
}

/** An anonymiser for one call: the same thing gets the same placeholder in all its texts. */
export function createAnonymiser({ names = [], referencePrice }: AnonymiserOptions = {}): Anonymiser {
  const groups = [...names, ...ALWAYS];
  const patterns = patternsOf(groups);
  const pseudonyms = new Pseudonyms(referencePrice);
  const ofName = (name: string): string => {
    const isIt = (known: string): boolean => known.toLowerCase() === name.toLowerCase();
    return pseudonyms.of('NAME', String(groups.findIndex((group) => group.some(isIt))), name);
  };
  const reveal = (text: string): string => pseudonyms.reveal(text);
  return {
    hide: (text) =>
      text
        .replaceAll(patterns.all, (...found) => {
          const { ours, date, price, plain, name } = found.at(-1) as Record<string, string | undefined>;
          if (ours !== undefined) return pseudonyms.of('TEXT', ours, ours);
          if (date !== undefined) return pseudonyms.of('DATE', date, date);
          if (price !== undefined) return pseudonyms.ofPrice(price);
          return plain === undefined ? ofName(name ?? '') : pseudonyms.ofPlain(plain);
        })
        .replaceAll(patterns.names, ofName),
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
