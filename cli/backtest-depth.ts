import { resolve } from 'node:path';
import { locate } from '../adapters/history/files/locate';
import type { Depth, Ladder } from '../backtest/market';
import { UserError } from '../domain/errors';
import type { Instrument } from '../domain/instrument';
import { loadL2Market } from '../emulator/market/l2-market';
import type { Level, MarketStep } from '../emulator/market/source';
import { scaleOf, type Scale } from '../emulator/market/symbols';
import { workingFolder, type BarSources } from './backtest-source';

/** In the place of a file: the recordings that the market history knows. */
export const STORED = 'recording';

export interface LoadedDepth {
  readonly depth: Depth;
  /** What a reader must know about it, in one sentence. */
  readonly note: string;
}

/**
 * The recorded books of a symbol: those of the files that are named, by their names, else those that the history knows.
 * @throws UserError when there are none, one cannot be read, or two of them overlap
 */
export async function loadDepth(
  source: BarSources,
  instrument: Instrument,
  { files, venue }: { readonly files: readonly string[]; readonly venue: string | undefined },
): Promise<LoadedDepth> {
  const { symbol } = instrument;
  const paths = await pathsOf(source, symbol, files, venue);
  const { base, quote, tickSize, stepSize, minQuantity, minNotional } = instrument;
  const spec = {
    ...{ symbol: `${base}${quote}`, base, quote, tickSize, stepSize, minQuantity, minNotional },
    maxQuantity: 'unlimited',
  };
  const books: Depth[] = [];
  for (const path of paths) books.push(depthOf((await loadL2Market(path, spec)).steps, scaleOf(spec)));
  const depth = inOrder(symbol, books);
  const [first = NaN, last = NaN] = [depth.timeMs[0], depth.timeMs.at(-1)];
  const range = `${new Date(first).toISOString()} to ${new Date(last).toISOString()}`;
  const note = `Books of ${symbol}: ${depth.timeMs.length} from ${range}; a fill before or after them meets the nearest.`;
  return { depth, note };
}

async function pathsOf(
  source: BarSources,
  symbol: string,
  files: readonly string[],
  venue: string | undefined,
): Promise<readonly string[]> {
  const named = files.filter((file) => file !== STORED);
  const paths = named.filter((file) => (locate(file).symbol ?? symbol) === symbol);
  const stored =
    named.length === files.length && files.length > 0 ? [] : await source.recordings(symbol, venue);
  if (paths.length + stored.length > 0)
    return [...paths.map((path) => resolve(workingFolder(), path)), ...stored];
  const where = named.length > 0 ? named.join(', ') : source.description;
  throw new UserError(
    `There is no recorded book of ${symbol} in ${where}.`,
    'Name its file with --l2, called like btcusdt_20240808.gz, or import it: ballast data import.',
  );
}

/** Every state of the book, once. */
function depthOf(steps: readonly MarketStep[], scale: Scale): Depth {
  const states = steps.filter(
    ({ bids, asks }, at) => bids !== steps[at - 1]?.bids || asks !== steps[at - 1]?.asks,
  );
  return {
    timeMs: Float64Array.from(states, ({ timeMs }) => timeMs),
    bids: states.map(({ bids }) => ladderOf(bids, scale)),
    asks: states.map(({ asks }) => ladderOf(asks, scale)),
  };
}

const ladderOf = (levels: readonly Level[], { ticksPerOne, lotsPerOne }: Scale): Ladder =>
  Float64Array.from(
    levels.flatMap(({ priceTicks, quantityLots }) => [priceTicks / ticksPerOne, quantityLots / lotsPerOne]),
  );

function inOrder(symbol: string, books: readonly Depth[]): Depth {
  const sorted = books.toSorted((a, b) => (a.timeMs[0] ?? 0) - (b.timeMs[0] ?? 0));
  const overlapping = sorted.some((book, at) => (book.timeMs[0] ?? 0) < (sorted[at - 1]?.timeMs.at(-1) ?? 0));
  if (overlapping)
    throw new UserError(`Two recordings of ${symbol} tell of the same time.`, 'Name one of them with --l2.');
  return {
    timeMs: Float64Array.from(sorted.flatMap(({ timeMs }) => [...timeMs])),
    bids: sorted.flatMap(({ bids }) => bids),
    asks: sorted.flatMap(({ asks }) => asks),
  };
}
