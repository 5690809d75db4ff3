import { basename, dirname } from 'node:path';
import { Timeframe } from '../../../domain/bar';
import { PriceKind } from '../../../domain/series';

/** What a path tells about a file; what it does not tell is undefined. */
export interface Located {
  readonly venue: string | undefined;
  readonly symbol: string | undefined;
  readonly timeframe: Timeframe | undefined;
  readonly price: PriceKind;
  /** `BTC`, when the name is nothing but an asset in capitals. */
  readonly asset: string | undefined;
}

/** Venues by ccxt's names, as folders and file names may begin with. */
const VENUES: readonly string[] = [
  ...['binance', 'binanceus', 'bitfinex', 'bitget', 'bitmex', 'bitstamp', 'bybit', 'coinbase', 'cryptocom'],
  ...['deribit', 'gate', 'gemini', 'htx', 'hyperliquid', 'kraken', 'kucoin', 'mexc', 'okx'],
];
/** Folders of known collections whose venue is not in their name (docs/market.md). */
const FOLDER_VENUES: Readonly<Record<string, string>> = { '1m-2018': 'bitfinex' };
/** Quotes by which a pair that is written as one word is split. */
const QUOTES = ['FDUSD', 'USDT', 'USDC', 'TUSD', 'BUSD', 'USD', 'EUR', 'BTC', 'ETH', 'BNB'] as const;

const PERPETUAL_FOLDERS: readonly string[] = ['perp', 'funding', 'long-short'];
const TIMEFRAMES: readonly string[] = Object.values(Timeframe);
const PRICES: readonly string[] = Object.values(PriceKind);
const asset = '[A-Z0-9]{2,20}';
const ASSET = new RegExp(`^${asset}$`);
const PAIR = new RegExp(`^(${asset})[_-](${asset})(?=$|[_.-])`);
const WORD = new RegExp(`^(${asset}?)(${QUOTES.join('|')})(?=$|[_.-])`);

/**
 * Reads venue, symbol, timeframe and kind of price off a path like `spot/1h/BTC_USDT.csv.gz`, `perp/1h/ETH_USDT_mark.csv.gz`,
 * `funding/binance_BTC_USDT.csv.gz` or `BTCUSDT-1m-2024-01.csv`. Folders called `perp`, `funding` or `long-short` hold perpetuals, whose
 * symbols end in `:` and the quote.
 */
export function locate(path: string): Located {
  const folders = dirname(path).split('/');
  const [stem = ''] = basename(path).split('.');
  const words = stem.split(/[_-]/);
  const prefix = words[0]?.toLowerCase() ?? '';
  const named = VENUES.includes(prefix);
  const rest = named ? stem.slice(prefix.length + 1) : stem;
  const folderVenue = [...folders].reverse().map((folder) => FOLDER_VENUES[folder] ?? folder.toLowerCase());
  const timeframe =
    words.find((word) => TIMEFRAMES.includes(word)) ??
    [...folders]
      .reverse()
      .map((folder) => folder.split('-')[0] ?? '')
      .find((word) => TIMEFRAMES.includes(word));
  const price = words.find((word) => PRICES.includes(word));
  return {
    venue: named ? prefix : folderVenue.find((name) => VENUES.includes(name)),
    symbol: symbolOf(
      rest,
      folders.some((folder) => PERPETUAL_FOLDERS.includes(folder)),
    ),
    timeframe: Object.values(Timeframe).find((one) => one === timeframe),
    price: Object.values(PriceKind).find((one) => one === price) ?? PriceKind.Last,
    asset: ASSET.test(rest) ? rest : undefined,
  };
}

function symbolOf(stem: string, isPerpetual: boolean): string | undefined {
  const upper = stem.toUpperCase();
  const [, base, quote] = WORD.exec(upper) ?? PAIR.exec(upper) ?? [];
  if (base === undefined || quote === undefined) return undefined;
  return isPerpetual ? `${base}/${quote}:${quote}` : `${base}/${quote}`;
}

/** A unified symbol: `BTC/USDT`, or `BTC/USDT:USDT` for a perpetual. */
export const isSymbol = (text: string): boolean =>
  /^[A-Z0-9]{1,20}\/[A-Z0-9]{1,20}(:[A-Z0-9]{1,20})?$/.test(text);
