import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';

import { allocateColumns, type BarColumns, setBar } from './bar-feed';
import { MINUTE_MS } from './bar-path';
import { MarketDataError, MarketDataErrorCode } from './errors';
import { type Scale, scaleOf, toGrid } from './symbols';
import type { IntegerBar, SymbolSpec } from './source';

const HEADER = 'timestamp_ms,open,high,low,close,volume';
const FIELDS = HEADER.split(',').length;

/** Reads one price in ticks, or says what is wrong with it. */
function parsePrice(name: string, text: string, scale: Scale): number {
  const ticks = text.trim() === '' ? undefined : toGrid(Number(text), scale.ticksPerOne);
  if (ticks === undefined || ticks <= 0) {
    throw new Error(`${name} is "${text}"; it must be positive and a multiple of ${1 / scale.ticksPerOne}`);
  }
  return ticks;
}

/** Reads and checks one data line. Throws a plain Error that says what is wrong with it. */
function parseRow(line: string, previousTimeMs: number, scale: Scale): IntegerBar {
  const fields = line.split(',');
  if (fields.length !== FIELDS) throw new Error(`${fields.length} fields instead of ${FIELDS}`);
  const [time = '', openText = '', highText = '', lowText = '', closeText = '', volumeText = ''] = fields;
  const openTimeMs = Number(time);
  if (!Number.isSafeInteger(openTimeMs) || openTimeMs <= 0 || openTimeMs % MINUTE_MS !== 0) {
    throw new Error(`timestamp_ms is "${time}"; it must be the UTC millisecond of a full minute`);
  }
  if (openTimeMs <= previousTimeMs) {
    throw new Error(`timestamp_ms ${openTimeMs} is not after the previous row's ${previousTimeMs}`);
  }
  const open = parsePrice('open', openText, scale);
  const high = parsePrice('high', highText, scale);
  const low = parsePrice('low', lowText, scale);
  const close = parsePrice('close', closeText, scale);
  if (high < Math.max(open, close)) throw new Error(`high ${highText} is below the open or the close`);
  if (low > Math.min(open, close)) throw new Error(`low ${lowText} is above the open or the close`);
  // Some mirrors round volumes more finely than a lot; to the nearest lot is as exact as a book can be.
  const volumeLots = volumeText.trim() === '' ? NaN : Math.round(Number(volumeText) * scale.lotsPerOne);
  if (!Number.isSafeInteger(volumeLots) || volumeLots < 0) {
    throw new Error(`volume is "${volumeText}"; it must be zero or more`);
  }
  return { openTimeMs, open, high, low, close, volumeLots };
}

/**
 * Reads a gzipped CSV of one-minute bars (`timestamp_ms,open,high,low,close,volume`; open time in UTC milliseconds,
 * prices in quote units, volume in base units) into ticks and lots of `spec`.
 *
 * Throws `invalid-data`, naming file and line, for anything that breaks the format: rows out of order or twice, a high
 * below or a low above the other prices, numbers that are not numbers or off the tick grid, no rows at all.
 */
export async function readBarFile(path: string, spec: SymbolSpec): Promise<BarColumns> {
  const invalid = (place: string, problem: string): MarketDataError =>
    new MarketDataError(
      MarketDataErrorCode.InvalidData,
      `${path}${place}: ${problem}`,
      `Repair or remove the file. Expected: gzipped CSV, header "${HEADER}", one row a minute, oldest first.`,
    );
  let text: string;
  try {
    text = gunzipSync(await readFile(path)).toString('utf8');
  } catch (error) {
    throw invalid('', `cannot be read as gzip (${error instanceof Error ? error.message : String(error)})`);
  }
  const lines = text.split('\n').map((line) => line.trimEnd());
  if (lines[lines.length - 1] === '') lines.pop();
  if (lines[0] !== HEADER) throw invalid(' line 1', `the header is "${lines[0] ?? ''}"`);
  if (lines.length < 2) throw invalid(' line 2', 'there are no rows');

  const columns = allocateColumns(lines.length - 1);
  const scale = scaleOf(spec);
  let previousTimeMs = 0;
  for (let index = 0; index < columns.length; index++) {
    let bar: IntegerBar;
    try {
      bar = parseRow(lines[index + 1] ?? '', previousTimeMs, scale);
    } catch (error) {
      throw invalid(` line ${index + 2}`, error instanceof Error ? error.message : String(error));
    }
    setBar(columns, index, bar);
    previousTimeMs = bar.openTimeMs;
  }
  return columns;
}
