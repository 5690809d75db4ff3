import { openTimeOf, Timeframe, timeframeMs } from '../../../domain/bar';
import type { BarColumns } from '../../../domain/bar-columns';
import type { Places } from './columns';
import { numberOf, shown, timeOf, type Fault, type RawRow, type RawTable } from './table';

const PRICES = ['open', 'high', 'low', 'close'] as const;

export interface ParsedCandles {
  readonly bars: BarColumns;
  readonly timeframe: Timeframe;
  /** Rows that stood there twice, alike to the last digit. */
  readonly repeated: number;
  readonly faults: readonly Fault[];
}

interface ReadRows {
  readonly columns: readonly Float64Array[];
  readonly places: Float64Array;
  readonly faults: Fault[];
}

/**
 * Reads candles, in whatever order they are. Rows that break the format are faults: what is no number or not positive, a
 * high below or a low above the other prices, a time off the timeframe's grid, two different rows of one time.
 * @param declared the timeframe that the file is said to have; else that of most of its rows
 */
export function parseCandles(
  table: RawTable,
  places: Places,
  declared: Timeframe | undefined,
): ParsedCandles | { readonly problem: string } {
  const read = readRows(table, places);
  const order = sortedOrder(read.columns[0] ?? new Float64Array(0));
  const times = order.map((index) => read.columns[0]?.[index] ?? NaN);
  const found = commonTimeframe(times);
  const timeframe = declared ?? found;
  if (timeframe === undefined)
    return { problem: 'its rows are not one timeframe apart; name it with --timeframe' };
  if (declared !== undefined && found !== undefined && timeframeMs(found) > timeframeMs(declared))
    return { problem: `it is said to hold bars of ${declared}, and its rows are ${found} apart` };
  const kept: number[] = [];
  let repeated = 0;
  for (const index of order) {
    const timeMs = read.columns[0]?.[index] ?? NaN;
    const place = read.places[index] ?? 0;
    const previous = kept.at(-1);
    if (openTimeOf(timeMs, timeframe) !== timeMs) {
      const time = new Date(timeMs).toISOString();
      read.faults.push({ place, problem: `time ${time} is not the beginning of a bar of ${timeframe}` });
    } else if (previous !== undefined && read.columns[0]?.[previous] === timeMs) {
      if (read.columns.every((column) => column[index] === column[previous])) repeated += 1;
      else
        read.faults.push({
          place,
          problem: `time ${new Date(timeMs).toISOString()} stands on ${table.unit} ${read.places[previous] ?? 0} already, with other values`,
        });
    } else kept.push(index);
  }
  const column = (at: number): Float64Array =>
    Float64Array.from(kept, (index) => read.columns[at]?.[index] ?? NaN);
  const [openTimeMs, open, high] = [column(0), column(1), column(2)];
  const bars = {
    length: kept.length,
    openTimeMs,
    open,
    high,
    low: column(3),
    close: column(4),
    volume: column(5),
  };
  return { bars, timeframe, repeated, faults: read.faults };
}

/** Every row that can be read on its own; the others are faults. */
function readRows(table: RawTable, places: Places): ReadRows {
  let capacity = 1_024;
  let columns = Array.from({ length: 6 }, () => new Float64Array(capacity));
  let kept = new Float64Array(capacity);
  const faults: Fault[] = [];
  const values = new Float64Array(6);
  let length = 0;
  for (const row of table.rows()) {
    const problem = readRow(row, places, values);
    if (problem !== undefined) {
      faults.push({ place: row.place, problem });
      continue;
    }
    if (length === capacity) {
      capacity *= 2;
      columns = columns.map((column) => grown(column, capacity));
      kept = grown(kept, capacity);
    }
    for (let at = 0; at < 6; at += 1) {
      const column = columns[at];
      if (column !== undefined) column[length] = values[at] ?? NaN;
    }
    kept[length] = row.place;
    length += 1;
  }
  return {
    columns: columns.map((column) => column.subarray(0, length)),
    places: kept.subarray(0, length),
    faults,
  };
}

/** Fills in time, prices and volume. @returns what is wrong */
function readRow({ cells }: RawRow, places: Places, values: Float64Array): string | undefined {
  const cell = (name: string) => cells[places[name] ?? -1];
  const timeMs = timeOf(cell('time'));
  if (!Number.isSafeInteger(timeMs))
    return `time is ${shown(cell('time'))}; it must be a UTC time in ms, s or ISO form`;
  values[0] = timeMs;
  for (const [at, name] of PRICES.entries()) {
    const price = numberOf(cell(name));
    if (!(price > 0 && price < Infinity))
      return `${name} is ${shown(cell(name))}; it must be a positive number`;
    values[at + 1] = price;
  }
  const volume = 'volume' in places ? numberOf(cell('volume')) : 0;
  if (!(volume >= 0 && volume < Infinity))
    return `volume is ${shown(cell('volume'))}; it must be zero or more`;
  values[5] = volume;
  const [, open = NaN, high = NaN, low = NaN, close = NaN] = values;
  if (high < Math.max(open, close)) return `high ${high} is below the open ${open} or the close ${close}`;
  if (low > Math.min(open, close)) return `low ${low} is above the open ${open} or the close ${close}`;
  return undefined;
}

function grown(column: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}

/** Indices by time; rows of one time keep the order of the file. */
function sortedOrder(times: Float64Array): readonly number[] {
  const order = Array.from(times, (_, index) => index);
  const isSorted = times.every((timeMs, index) => index === 0 || timeMs >= (times[index - 1] ?? NaN));
  return isSorted ? order : order.sort((a, b) => (times[a] ?? NaN) - (times[b] ?? NaN) || a - b);
}

/** The timeframe by which most neighbours differ; undefined when no two rows tell. */
function commonTimeframe(times: readonly number[]): Timeframe | undefined {
  const counts = new Map<number, number>();
  for (let index = 1; index < times.length; index += 1) {
    const step = (times[index] ?? NaN) - (times[index - 1] ?? NaN);
    if (step > 0) counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([a, m], [b, n]) => n - m || a - b);
  return Object.values(Timeframe).find((timeframe) => timeframeMs(timeframe) === most?.[0]);
}
