import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { MINUTE_MS } from './bar-path';
import { MarketDataError, MarketDataErrorCode } from './errors';
import { loadL2Market, type L2Market } from './l2-market';
import { mergeSteps } from './merge-steps';
import { chooseSessionStart } from './session-start';
import { MarketMode, type MarketSource, type MarketStep, type SymbolSpec } from './source';
import { findSpec, requireListed, requireSpec } from './symbols';

const L2_FOLDER = 'l2';
/** `btcusdt_20240808.gz`: symbol, day. */
const L2_FILE = /^([a-z0-9]+)_\d{8}\.gz$/;

/** The newest recording of each wanted symbol. */
function findRecordings(
  dataDir: string,
  wanted: readonly string[] | undefined,
): { readonly spec: SymbolSpec; readonly path: string }[] {
  const folder = join(dataDir, L2_FOLDER);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const newest = new Map<string, string>();
  for (const name of names) {
    const symbol = L2_FILE.exec(name)?.[1]?.toUpperCase();
    if (symbol !== undefined) newest.set(symbol, name);
  }
  const specs = wanted
    ? wanted.map(requireSpec)
    : [...newest.keys()].map(findSpec).filter((spec) => spec !== undefined);
  const found = specs.map((spec) => ({ spec, name: newest.get(spec.symbol) }));
  const absent = found.find(({ name }) => name === undefined);
  if (found.length === 0 || absent) {
    const lacking = absent ? `${absent.spec.symbol.toLowerCase()}_{YYYYMMDD}.gz` : '{symbol}_{YYYYMMDD}.gz';
    throw new MarketDataError(
      MarketDataErrorCode.MissingData,
      `The data folder ${dataDir} has no ${join(L2_FOLDER, lacking)}`,
      'Record depth diffs, trades and one REST snapshot there (docs/market.md), or choose mode replay or simulated.',
    );
  }
  return found.map(({ spec, name = '' }) => ({ spec, path: join(folder, name) }));
}

/** The number of steps at or before `timeMs`. */
function countSteps(steps: readonly MarketStep[], timeMs: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle]?.timeMs ?? Infinity) <= timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* stepsBetween(market: L2Market, fromMs: number, toMs: number): Generator<MarketStep> {
  for (let index = countSteps(market.steps, fromMs); index < market.steps.length; index++) {
    const step = market.steps[index];
    if (!step || step.timeMs > toMs) return;
    yield step;
  }
}

/**
 * Opens recorded order books as a market: the ladders are the recorded book, the prints the recorded trades, both in
 * the order in which the recorder saw them. There is no warm-up: the session begins with the recording. Throws
 * `missing-data`, `invalid-data` (a gap in the update ids, a crossed book, an unreadable line) or `invalid-options`.
 */
export async function openRecordedBook(options: {
  readonly dataDir: string;
  readonly symbols?: readonly string[];
  readonly startMs?: number;
}): Promise<MarketSource> {
  const recordings = findRecordings(options.dataDir, options.symbols);
  const loaded = await Promise.all(
    recordings.map(async ({ spec, path }) => [spec.symbol, await loadL2Market(path, spec)] as const),
  );
  const markets = new Map(loaded);
  const first = loaded.map(([, market]) => market.steps[0]?.timeMs ?? 0);
  const startMs = Math.min(...first);
  const endMs = Math.max(...loaded.map(([, market]) => market.steps.at(-1)?.timeMs ?? 0)) + 1;
  return {
    mode: MarketMode.RecordedBook,
    description: `recorded order books: ${recordings.map(({ path }) => path).join(', ')}`,
    symbols: recordings.map(({ spec }) => spec),
    startMs,
    endMs,
    sessionStartMs: chooseSessionStart({
      startMs,
      endMs,
      usualMs: Math.max(...first),
      wantedMs: options.startMs,
    }),
    bars: (symbol, fromMs, toMs) =>
      requireListed(markets, symbol).bars.filter(
        (bar) => bar.openTimeMs >= fromMs && bar.openTimeMs < toMs && bar.openTimeMs + MINUTE_MS <= endMs,
      ),
    steps: (fromMs, toMs) => mergeSteps(loaded.map(([, market]) => stepsBetween(market, fromMs, toMs))),
    at: (symbol, timeMs) => {
      const { steps } = requireListed(markets, symbol);
      return steps[countSteps(steps, timeMs) - 1];
    },
  };
}
