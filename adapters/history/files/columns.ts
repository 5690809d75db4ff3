import { UserError } from '../../../domain/errors';
import { HistoryKind } from '../port';
import type { RawTable } from './table';

const TIMES = [
  ...['timestamp_ms', 'open_time_ms', 'open_time', 'opentime', 'timestamp', 'time', 'datetime', 'date'],
  ...['ts', 'unix', 'calc_time', 'funding_time', 'fundingtime', 'time_ms'],
];
const KNOWN = ['known_at_ms', 'known_at', 'known_ms'];
const names = (...all: readonly string[]): readonly string[] => all;

/** What a kind of file has to have, and how its columns may be called. */
const SHAPES: Readonly<Record<HistoryKind, Readonly<Record<string, readonly string[]>>>> = {
  [HistoryKind.Candles]: {
    time: TIMES,
    open: names('open', 'o'),
    high: names('high', 'h'),
    low: names('low', 'l'),
    close: names('close', 'c'),
    volume: names('volume', 'v', 'volume_base', 'vol'),
  },
  [HistoryKind.Funding]: {
    time: TIMES,
    rate: names('funding_rate', 'fundingrate', 'last_funding_rate', 'rate'),
    known: KNOWN,
  },
  [HistoryKind.Trades]: {
    time: TIMES,
    id: names('trade_id', 'id', 'tradeid'),
    price: names('price'),
    quantity: names('quantity', 'qty', 'amount', 'size'),
    side: names('side', 'is_buyer_maker', 'isbuyermaker'),
  },
  [HistoryKind.LongShort]: {
    time: TIMES,
    ratio: names('long_short_ratio', 'longshortratio', 'ratio'),
    known: KNOWN,
  },
  [HistoryKind.FearGreed]: { time: TIMES, value: names('value', 'fng', 'fear_greed'), known: KNOWN },
  [HistoryKind.Mood]: {
    known: KNOWN,
    score: names('score', 'sentiment', 'mood'),
    time: TIMES,
    breaking: names('breaking', 'is_breaking'),
  },
};

/**
 * What a file may leave out. Prices that are not made of trades have no volume; when something was known is a rule where nobody
 * has written it down; a mood that names no story's time is about the moment it was told.
 */
const OPTIONAL: Readonly<Record<HistoryKind, readonly string[]>> = {
  [HistoryKind.Candles]: ['volume'],
  [HistoryKind.Funding]: ['known'],
  [HistoryKind.Trades]: [],
  [HistoryKind.FearGreed]: ['known'],
  [HistoryKind.LongShort]: ['known'],
  [HistoryKind.Mood]: ['time', 'breaking'],
};

/** Binance's own files of candles have no header: open time, prices, volume, close time and six more. */
const BINANCE_KLINE_CELLS = 12;
const BY_PLACE: Readonly<Record<string, number>> = { time: 0, open: 1, high: 2, low: 3, close: 4, volume: 5 };

/** Where each wanted value is in a row. */
export type Places = Readonly<Record<string, number>>;

/**
 * What a table holds, by its header alone.
 * @returns undefined when it is nothing that Ballast keeps
 */
export function recogniseTable(
  table: RawTable,
): { readonly kind: HistoryKind; readonly places: Places } | undefined {
  if (table.header.length === 0) {
    const [first] = [...take(table.rows(), 1)];
    const isKlines = first?.cells.length === BINANCE_KLINE_CELLS || first?.cells.length === 6;
    return isKlines ? { kind: HistoryKind.Candles, places: BY_PLACE } : undefined;
  }
  for (const kind of Object.values(HistoryKind)) {
    const places: Record<string, number> = {};
    for (const [value, called] of Object.entries(SHAPES[kind])) {
      const name = called.find((candidate) => table.header.includes(candidate));
      if (name !== undefined) places[value] = table.header.indexOf(name);
    }
    if (Object.keys(SHAPES[kind]).every((value) => value in places || OPTIONAL[kind].includes(value)))
      return { kind, places };
  }
  return undefined;
}

/** @throws UserError naming the columns that are there and those that could be */
export function unknownColumns(path: string, table: RawTable): UserError {
  const wanted = Object.entries(SHAPES).map(([kind, shape]) => `${kind}: ${Object.keys(shape).join(', ')}`);
  const has = table.header.length === 0 ? 'no header' : `the columns ${table.header.join(', ')}`;
  return new UserError(
    `${path} is not recognised: it has ${has}.`,
    `Name its columns as one of these does: ${wanted.join('; ')}.`,
  );
}

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  let taken = 0;
  for (const item of items) {
    if (taken === count) return;
    taken += 1;
    yield item;
  }
}
