import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { UserError } from '../../../domain/errors';
import type { Timeframe } from '../../../domain/bar';
import { assetOf, MARKET_SUBJECT } from '../../../domain/observations';
import type { PriceKind } from '../../../domain/series';
import { FEAR_GREED_ORIGIN } from '../origins';
import { candlesKey, HistoryKind, type SeriesKey } from '../port';
import { moodKey } from '../rows';
import { recogniseTable, unknownColumns, type Places } from './columns';
import { isSymbol, locate, type Located } from './locate';
import { isParquet, parquetTable } from './parquet';
import { looksLikeRecording } from './recording';
import { csvTable, textOf, type RawTable } from './table';

/** What whoever imports says about the files; it goes before what their paths tell. */
export interface Named {
  readonly venue?: string | undefined;
  readonly symbol?: string | undefined;
  readonly timeframe?: Timeframe | undefined;
  readonly price?: PriceKind | undefined;
}

const TABLE_FILE = /\.(csv|csv\.gz|parquet|pq)$/i;
const PACKED_FILE = /\.gz$/i;
/** What the path of a file of the index has in it: its columns alone could be anything. */
export const FEAR_GREED_NAME = /fear|fng|greed/i;
/** Where the index is from, and what it is about. */
const FEAR_GREED = { venue: FEAR_GREED_ORIGIN, symbol: MARKET_SUBJECT } as const;

export interface FoundFile {
  /** Absolute, or as it was given. */
  readonly path: string;
  /** From the folder that is imported; the name, for a single file. */
  readonly name: string;
}

/** A file whose content is known in kind but not yet read. */
export type Recognised =
  | {
      readonly what: 'table';
      readonly kind: HistoryKind;
      readonly table: RawTable;
      readonly places: Places;
      readonly located: Located;
      readonly sha256: string;
    }
  | { readonly what: 'recording'; readonly located: Located; readonly sha256: string; readonly bytes: number }
  | { readonly what: 'other'; readonly why: string };

/** The files below a path, in the order of their names; hidden ones are left alone. @throws UserError when there is nothing */
export function findFiles(path: string): readonly FoundFile[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new UserError(`There is no ${path}.`, 'Name a folder of data, or a CSV, CSV.gz or Parquet file.');
  }
  if (!isFolder) return [{ path, name: basename(path) }];
  const files: FoundFile[] = [];
  const walk = (folder: string): void => {
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue;
      const inside = join(folder, entry.name);
      if (entry.isDirectory()) walk(inside);
      else files.push({ path: inside, name: relative(path, inside) });
    }
  };
  walk(path);
  if (files.length === 0) throw new UserError(`${path} is empty.`, 'Name a folder that holds data.');
  return files;
}

/**
 * Says what a file holds, from its path and its header.
 * @param strict a single file that is not recognised is an error; in a folder it is left out
 * @throws UserError
 */
export async function recognise(file: FoundFile, named: Named, strict: boolean): Promise<Recognised> {
  const { path, name } = file;
  if (!TABLE_FILE.test(name) && !PACKED_FILE.test(name) && !strict)
    return { what: 'other', why: 'no data file' };
  const content = readFileSync(path);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const located = withNames(locate(strict ? path : name), named);
  if (isParquet(content)) return asTable(file, await parquetTable(path, content), located, sha256, strict);
  const text = textOf(path, content);
  const firstLine = text.slice(0, !text.includes('\n') ? undefined : text.indexOf('\n'));
  if (looksLikeRecording(firstLine)) return { what: 'recording', located, sha256, bytes: content.length };
  if (!TABLE_FILE.test(name) && !strict) return { what: 'other', why: 'no data file' };
  return asTable(file, csvTable(text), located, sha256, strict);
}

function asTable(
  { path, name }: FoundFile,
  table: RawTable,
  located: Located,
  sha256: string,
  strict: boolean,
): Recognised {
  const found = recogniseTable(table);
  const isOther =
    found === undefined || (found.kind === HistoryKind.FearGreed && !FEAR_GREED_NAME.test(path));
  if (!isOther) return { what: 'table', ...found, table, located, sha256 };
  if (strict) throw unknownColumns(path, table);
  return { what: 'other', why: `not market data: its columns are ${table.header.join(', ') || name}` };
}

const withNames = (located: Located, named: Named): Located => ({
  venue: named.venue ?? located.venue,
  symbol: named.symbol ?? located.symbol,
  timeframe: named.timeframe ?? located.timeframe,
  price: named.price ?? located.price,
  asset: located.asset,
});

/** Where a file's rows belong. @throws UserError naming what its path does not tell */
export function seriesKeyOf(
  path: string,
  kind: HistoryKind,
  located: Located,
  { defaultVenue, timeframe }: { readonly defaultVenue: string; readonly timeframe: Timeframe | undefined },
): SeriesKey {
  const { price } = located;
  if (kind === HistoryKind.FearGreed) return { kind, ...FEAR_GREED, timeframe: '', price: 'last' };
  if (kind === HistoryKind.Mood) return moodKey(moodAsset(path, located));
  const { venue, symbol } = marketOf(path, located, defaultVenue);
  if (kind === HistoryKind.Candles && timeframe !== undefined)
    return candlesKey({ venue, symbol, timeframe, price });
  return { kind, venue, symbol, timeframe: '', price: 'last' };
}

/** @throws UserError when nobody says which asset a file's moods are about */
function moodAsset(path: string, { symbol, asset }: Located): string {
  const named = symbol === undefined ? asset : assetOf(symbol);
  if (named !== undefined && isSymbol(`${named}/USDT`)) return named;
  throw new UserError(
    `The name of ${path} does not tell its asset.`,
    'Name it like BTC.csv.gz, or say it: --symbol BTC.',
  );
}

/** @throws UserError when nobody says which symbol a file is about */
export function marketOf(path: string, { venue, symbol }: Located, defaultVenue: string) {
  if (symbol === undefined)
    throw new UserError(
      `The name of ${path} does not tell its symbol.`,
      'Name it like BTC_USDT.csv.gz, or say it: --symbol BTC/USDT.',
    );
  if (!isSymbol(symbol))
    throw new UserError(
      `"${symbol}" is no symbol.`,
      'Write it like BTC/USDT, a perpetual like BTC/USDT:USDT.',
    );
  return { venue: venue ?? defaultVenue, symbol };
}
