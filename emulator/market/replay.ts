import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { barAt, type BarColumns, ColumnFeed } from './bar-feed';
import { readBarFile } from './bar-file';
import { barMarket } from './bar-market';
import { MINUTE_MS } from './bar-path';
import { MarketDataError, MarketDataErrorCode } from './errors';
import { chooseSessionStart } from './session-start';
import { MarketMode, type MarketSource, type SymbolSpec } from './source';
import { findSpec, requireSpec } from './symbols';

/** Where a data folder keeps its one-minute bars. */
const BAR_FOLDER = join('spot', '1m');
const SUFFIX = '.csv.gz';

/**
 * A new session begins this many minutes after the data: four days and a half, so that the warm-up of any strategy is
 * there, five-minute bars included, and the market is a lively one in the recordings that this project is shown with.
 */
export const SESSION_OFFSET_MINUTES = 6_285;
/** In a recording too short for that: the least that every default strategy is warm after. */
export const SHORT_SESSION_OFFSET_MINUTES = 1_480;

interface BarFile {
  readonly spec: SymbolSpec;
  readonly path: string;
}

const fileName = (spec: SymbolSpec): string => `${spec.base}_${spec.quote}${SUFFIX}`;

/** The symbols to replay and their files; `ignored` are files of symbols whose trading rules are unknown. */
function findBarFiles(
  dataDir: string,
  wanted: readonly string[] | undefined,
): { readonly files: readonly BarFile[]; readonly ignored: readonly string[] } {
  const folder = join(dataDir, BAR_FOLDER);
  const missing = (what: string): MarketDataError =>
    new MarketDataError(
      MarketDataErrorCode.MissingData,
      `The data folder ${dataDir} has no ${what}`,
      `Put one-minute bars there as ${join(BAR_FOLDER, 'BTC_USDT')}${SUFFIX} (timestamp_ms,open,high,low,close,volume), ` +
        'point to another folder, or leave the folder out to trade the simulated market.',
    );
  if (!existsSync(folder)) throw missing(`${BAR_FOLDER} folder`);
  if (wanted) {
    const files = wanted.map(requireSpec).map((spec) => ({ spec, path: join(folder, fileName(spec)) }));
    const absent = files.find(({ path }) => !existsSync(path));
    if (absent) throw missing(join(BAR_FOLDER, fileName(absent.spec)));
    return { files, ignored: [] };
  }
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .sort();
  const files: BarFile[] = [];
  const ignored: string[] = [];
  for (const name of names) {
    const spec = findSpec(name.slice(0, -SUFFIX.length).replace('_', ''));
    if (spec) files.push({ spec, path: join(folder, name) });
    else ignored.push(name);
  }
  if (files.length === 0) throw missing(join(BAR_FOLDER, `{BASE}_{QUOTE}${SUFFIX}`));
  return { files, ignored };
}

const firstOpenMs = (columns: BarColumns): number => barAt(columns, 0).openTimeMs;
const lastCloseMs = (columns: BarColumns): number =>
  barAt(columns, columns.length - 1).openTimeMs + MINUTE_MS;

function usualStartMs(firstMs: number, endMs: number): number {
  const usualMs = firstMs + SESSION_OFFSET_MINUTES * MINUTE_MS;
  return usualMs < endMs ? usualMs : firstMs + SHORT_SESSION_OFFSET_MINUTES * MINUTE_MS;
}

/**
 * Opens recorded one-minute bars as a market. `symbols` are exchange ids; without them, every symbol in the folder.
 * `startMs` moves the session's start. Throws `missing-data`, `invalid-data` or `invalid-options`.
 */
export async function openReplay(options: {
  readonly dataDir: string;
  readonly symbols?: readonly string[];
  readonly startMs?: number;
}): Promise<MarketSource> {
  const { files, ignored } = findBarFiles(options.dataDir, options.symbols);
  const loaded = await Promise.all(
    files.map(async ({ spec, path }) => ({ spec, columns: await readBarFile(path, spec) })),
  );
  const starts = loaded.map(({ columns }) => firstOpenMs(columns));
  const startMs = Math.min(...starts);
  const endMs = Math.max(...loaded.map(({ columns }) => lastCloseMs(columns)));
  const note = ignored.length > 0 ? ` (trading rules unknown, left out: ${ignored.join(', ')})` : '';
  return barMarket(
    loaded.map(({ spec, columns }) => ({ spec, feed: new ColumnFeed(columns) })),
    {
      mode: MarketMode.Replay,
      description: `recorded one-minute bars of ${files.map(({ spec }) => spec.symbol).join(', ')} from ${join(options.dataDir, BAR_FOLDER)}${note}`,
      startMs,
      endMs,
      sessionStartMs: chooseSessionStart({
        startMs,
        endMs,
        usualMs: usualStartMs(Math.max(...starts), endMs),
        wantedMs: options.startMs,
      }),
    },
  );
}
