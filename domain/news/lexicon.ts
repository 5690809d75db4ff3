import { MARKET_SUBJECT } from '../observations';
import { titleWords } from './headline';

/** What a story is about. */
export const Topic = {
  Regulation: 'regulation',
  Hack: 'hack',
  Listing: 'listing',
  Macro: 'macro',
  Etf: 'etf',
  Exchange: 'exchange',
  Adoption: 'adoption',
  Technology: 'technology',
} as const;
export type Topic = (typeof Topic)[keyof typeof Topic];

/** What a headline is about, read off its words. */
export interface Subjects {
  /** Assets, e.g. `BTC`; `CRYPTO` alone for what is about the market as a whole. Empty: about nothing that is traded. */
  readonly assets: readonly string[];
  readonly topics: readonly Topic[];
  readonly breaking: boolean;
}

/** Names are found in any case; a ticker counts only in capitals or behind a `$`, since `link`, `sol` and `ada` are words. */
const ASSETS: Readonly<Record<string, readonly string[]>> = {
  BTC: ['bitcoin'],
  ETH: ['ethereum', 'ether'],
  SOL: ['solana'],
  XRP: ['ripple'],
  BNB: ['binance coin', 'bnb chain'],
  DOGE: ['dogecoin'],
  ADA: ['cardano'],
  AVAX: ['avalanche'],
  LINK: ['chainlink'],
  LTC: ['litecoin'],
};

/** Phrases of normalised words: `*` at the end of a word stands for any ending. */
const TOPICS: Readonly<Record<Topic, readonly string[]>> = {
  [Topic.Regulation]: [
    ...[
      'sec',
      'cftc',
      'mica',
      'esma',
      'regulat*',
      'lawsuit*',
      'sues',
      'sued',
      'court',
      'judge',
      'senate',
      'congress',
    ],
    ...[
      'bill',
      'law',
      'lawmaker*',
      'ban',
      'bans',
      'banned',
      'sanction*',
      'subpoena*',
      'indict*',
      'license*',
      'licence*',
    ],
  ],
  [Topic.Hack]: [
    ...[
      'hack',
      'hacks',
      'hacked',
      'hacker*',
      'exploit*',
      'drain*',
      'stolen',
      'theft',
      'breach*',
      'phishing',
      'rug pull',
    ],
    ...['private keys', 'attacker*'],
  ],
  [Topic.Listing]: ['list', 'lists', 'listed', 'listing*', 'delist*'],
  [Topic.Macro]: [
    ...[
      'fed',
      'fomc',
      'federal reserve',
      'ecb',
      'rate cut*',
      'rate hike*',
      'interest rate*',
      'inflation',
      'cpi',
      'ppi',
    ],
    ...['recession', 'tariff*', 'treasury', 'jobs report', 'payrolls', 'gdp', 'dollar index'],
  ],
  [Topic.Etf]: ['etf', 'etfs', 'etp', 'etps', 'inflow*', 'outflow*'],
  [Topic.Exchange]: [
    ...[
      'exchange',
      'exchanges',
      'binance',
      'coinbase',
      'kraken',
      'okx',
      'bybit',
      'withdrawal*',
      'proof of reserves',
    ],
  ],
  [Topic.Adoption]: [
    'adopt*',
    'partner*',
    'payment*',
    'treasury reserve',
    'accepts',
    'reserve asset',
    'integrat*',
  ],
  [Topic.Technology]: [
    'upgrade*',
    'hard fork',
    'mainnet',
    'testnet',
    'outage*',
    'bug',
    'validator*',
    'halving',
  ],
};

/** What is about the market when no asset is named. */
const MARKET = [
  'crypto',
  'cryptocurrenc*',
  'altcoin*',
  'stablecoin*',
  'digital asset*',
  'defi',
  'web3',
  'blockchain*',
];

/** At the beginning of a title, whoever writes it so. */
const ANNOUNCED = ['breaking', 'just in', 'urgent', 'alert'];
/** What nobody waits with, announced or not. */
const ALARMS = [
  ...[
    'hacked',
    'exploited',
    'drained',
    'stolen',
    'halts withdrawals',
    'suspends withdrawals',
    'freezes withdrawals',
  ],
  ...[
    'pauses withdrawals',
    'insolven*',
    'bankrupt*',
    'depeg*',
    'halts trading',
    'chain halt*',
    'network halt*',
  ],
];

/** The subjects of a headline by the lexicon above; nothing but its words is looked at. */
export function subjectsOf(title: string): Subjects {
  const words = titleWords(title);
  const says = (phrase: string): boolean => saysPhrase(words, phrase);
  const topics = Object.values(Topic).filter((topic) => TOPICS[topic].some(says));
  const tickers = tickersOf(title);
  const named = Object.entries(ASSETS).flatMap(([asset, names]) =>
    tickers.has(asset) || names.some(says) ? [asset] : [],
  );
  const isMarket = named.length === 0 && (MARKET.some(says) || topics.includes(Topic.Macro));
  return {
    assets: isMarket ? [MARKET_SUBJECT] : named,
    topics,
    breaking: ANNOUNCED.some((phrase) => startsWith(words, phrase)) || ALARMS.some(says),
  };
}

/** Tickers in capitals, with or without `$`; none in a title that is in capitals throughout, but behind a `$`. */
function tickersOf(title: string): ReadonlySet<string> {
  const isShouted = title === title.toUpperCase();
  const pattern = isShouted ? /\$([A-Z]{2,6})\b/g : /\b([A-Z]{2,6})\b/g;
  return new Set([...title.matchAll(pattern)].map(([, ticker = '']) => ticker));
}

const startsWith = (words: readonly string[], phrase: string): boolean =>
  phraseAt(words, phrase.split(' '), 0);

function saysPhrase(words: readonly string[], phrase: string): boolean {
  const parts = phrase.split(' ');
  return words.some((_, index) => phraseAt(words, parts, index));
}

const phraseAt = (words: readonly string[], parts: readonly string[], index: number): boolean =>
  parts.every((part, offset) => {
    const word = words[index + offset];
    if (word === undefined) return false;
    return part.endsWith('*') ? word.startsWith(part.slice(0, -1)) : word === part;
  });
