import { PUBLISHED_AFTER_MS } from '../../../domain/observations';
import { HistoryKind, type RowSource } from '../port';
import { moodRows } from '../rows';
import type { Places } from './columns';
import { numberOf, shown, timeOf, type Cell, type Fault, type RawTable } from './table';

/** Rows of a kind without a timeframe, ready to be written. */
export interface ParsedRows {
  readonly rows: RowSource;
  readonly repeated: number;
  readonly faults: readonly Fault[];
}

interface Row {
  readonly place: number;
  readonly timeMs: number;
  /** What makes it unique. */
  readonly key: string;
  readonly line: string;
}

type Read = (cell: (name: string) => Cell | undefined) => Omit<Row, 'place'> | { readonly problem: string };

/** Takers: of Binance's `is_buyer_maker`, and of the words that others write. */
const SIDES: Readonly<Record<string, 'buy' | 'sell'>> = {
  ...{ buy: 'buy', b: 'buy', false: 'buy' },
  ...{ sell: 'sell', s: 'sell', true: 'sell' },
};
/** What PostgreSQL's text format would take for something else. */
const PLAIN_ID = /^[\w.:-]{1,64}$/;

const readers: Readonly<Record<Exclude<HistoryKind, 'candles'>, Read>> = {
  [HistoryKind.Funding]: (cell) =>
    readPoint(cell, HistoryKind.Funding, 'rate', (rate) => rate > -1 && rate < 1, 'a fraction'),
  [HistoryKind.LongShort]: (cell) =>
    readPoint(
      cell,
      HistoryKind.LongShort,
      'ratio',
      (ratio) => ratio >= 0 && ratio < Infinity,
      'zero or more',
    ),
  [HistoryKind.FearGreed]: (cell) =>
    readPoint(cell, HistoryKind.FearGreed, 'value', (value) => value >= 0 && value <= 100, 'from 0 to 100'),
  [HistoryKind.Mood]: readMood,
  [HistoryKind.Trades]: (cell) => {
    const timeMs = timeOf(cell('time'));
    if (!Number.isSafeInteger(timeMs)) return badTime(cell('time'));
    for (const name of ['price', 'quantity'])
      if (!(numberOf(cell(name)) > 0 && numberOf(cell(name)) < Infinity))
        return { problem: `${name} is ${shown(cell(name))}; it must be a positive number` };
    const id = String(cell('id') ?? '').trim();
    if (!PLAIN_ID.test(id))
      return { problem: `id is ${shown(cell('id'))}; it must be 1 to 64 letters and digits` };
    const side =
      SIDES[
        String(cell('side') ?? '')
          .trim()
          .toLowerCase()
      ];
    if (side === undefined) return { problem: `side is ${shown(cell('side'))}; it must be buy or sell` };
    const line = [id, timeMs, numberOf(cell('price')), numberOf(cell('quantity')), side].join('\t');
    return { timeMs, key: id, line };
  },
};

function readPoint(
  cell: (name: string) => Cell | undefined,
  kind: 'funding' | 'fear-greed' | 'long-short',
  name: string,
  isValid: (value: number) => boolean,
  rule: string,
): ReturnType<Read> {
  const timeMs = timeOf(cell('time'));
  if (!Number.isSafeInteger(timeMs)) return badTime(cell('time'));
  const value = numberOf(cell(name));
  if (!isValid(value)) return { problem: `${name} is ${shown(cell(name))}; it must be ${rule}` };
  const knownMs = cell('known') === undefined ? timeMs + PUBLISHED_AFTER_MS[kind] : timeOf(cell('known'));
  if (!(knownMs >= timeMs)) return badKnown(cell('known'), timeMs);
  return { timeMs, key: String(timeMs), line: `${timeMs}\t${value}\t${knownMs}` };
}

const BREAKING: Readonly<Record<string, boolean>> = {
  ...{ '': false, '0': false, false: false, no: false },
  ...{ '1': true, true: true, yes: true },
};

/** Its key is when it was known: a mood is told again and again about the same story. */
function readMood(cell: (name: string) => Cell | undefined): ReturnType<Read> {
  const knownMs = timeOf(cell('known'));
  if (!Number.isSafeInteger(knownMs)) return badTime(cell('known'));
  const timeMs = cell('time') === undefined ? knownMs : timeOf(cell('time'));
  if (!Number.isSafeInteger(timeMs)) return badTime(cell('time'));
  if (!(knownMs >= timeMs)) return badKnown(cell('known'), timeMs);
  const score = numberOf(cell('score'));
  if (!(score >= -1 && score <= 1))
    return { problem: `score is ${shown(cell('score'))}; it must be from -1 to 1` };
  const told = String(cell('breaking') ?? '').trim();
  const breaking = BREAKING[told.toLowerCase()];
  if (breaking === undefined) return { problem: `breaking is ${shown(cell('breaking'))}; it must be 1 or 0` };
  const line = moodRows([{ knownMs, timeMs, score, breaking }]).copyLine(0);
  return { timeMs, key: String(knownMs), line };
}

const badKnown = (cell: Cell | undefined, timeMs: number) => ({
  problem: `known is ${shown(cell)}; nothing is known before its time, ${new Date(timeMs).toISOString()}`,
});

const badTime = (cell: Cell | undefined) => ({
  problem: `time is ${shown(cell)}; it must be a UTC time in ms, s or ISO form`,
});

/** Reads funding rates, index values or trades. A row that stands there twice counts once; two different ones are a fault. */
export function parseRows(
  kind: Exclude<HistoryKind, 'candles'>,
  table: RawTable,
  places: Places,
): ParsedRows {
  const faults: Fault[] = [];
  const kept = new Map<string, Row>();
  let repeated = 0;
  for (const { place, cells } of table.rows()) {
    const row = readers[kind]((name) => cells[places[name] ?? -1]);
    if ('problem' in row) {
      faults.push({ place, problem: row.problem });
      continue;
    }
    const before = kept.get(row.key);
    if (before === undefined) kept.set(row.key, { ...row, place });
    else if (before.line === row.line) repeated += 1;
    else
      faults.push({
        place,
        problem: `${row.key} stands on ${table.unit} ${before.place} already, with other values`,
      });
  }
  const sorted = [...kept.values()].sort((a, b) => a.timeMs - b.timeMs);
  return {
    rows: {
      length: sorted.length,
      timeMs: (index) => sorted[index]?.timeMs ?? NaN,
      copyLine: (index) => sorted[index]?.line ?? '',
    },
    repeated,
    faults,
  };
}
