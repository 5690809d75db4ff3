import { TradeSide, type TradeRecord } from '../../domain/performance/types';

/** What a cell or a JSON value may be, before it is understood. */
export type Raw = unknown;

/** A value that cannot be understood, and what would be. */
export class CellError extends Error {
  constructor(readonly remedy: string) {
    super(remedy);
  }
}

/** Seconds since 1970 stay below this until the year 5138; milliseconds have been above it since 1973. */
const LEAST_MS = 1e11;
const HAS_ZONE = /(Z|[+-]\d\d(:?\d\d)?)$/;
const DATE = /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?/;

/** ISO 8601 with or without the T, UTC when no zone is given, or milliseconds since 1970. @throws CellError */
export function readTime(value: Raw): number {
  const number =
    typeof value === 'number' ? value : /^-?\d+(\.\d+)?$/.test(text(value)) ? Number(value) : undefined;
  if (number !== undefined) {
    if (Math.abs(number) >= LEAST_MS) return Math.round(number);
    throw new CellError('a number as a time is milliseconds since 1970; this looks like seconds or less');
  }
  const written = text(value);
  const day = DATE.exec(written)?.[0];
  if (day === undefined)
    throw new CellError('give a time like 2024-05-31 14:00:00 (UTC) or milliseconds since 1970');
  const zone = day.length > 10 && HAS_ZONE.test(written) ? '' : 'Z';
  const timeMs = Date.parse(`${written.replace(' ', 'T')}${written.length === 10 ? 'T00:00:00' : ''}${zone}`);
  // V8 takes 31 February for 2 March.
  const isDay = new Date(Date.parse(`${day.slice(0, 10)}T00:00:00Z`) || 0)
    .toISOString()
    .startsWith(day.slice(0, 10));
  if (Number.isNaN(timeMs) || !isDay) throw new CellError('there is no such time');
  return timeMs;
}

/** @throws CellError */
export function readNumber(value: Raw): number {
  const written = text(value);
  const number = written === '' ? Number.NaN : Number(written);
  if (!Number.isFinite(number))
    throw new CellError('give a plain number like -12.5, without separators or signs of money');
  return number;
}

/** @throws CellError */
function readPositive(value: Raw): number {
  const number = readNumber(value);
  if (!(number > 0)) throw new CellError('it must be above zero');
  return number;
}

const text = (value: Raw): string =>
  typeof value === 'string'
    ? value.trim()
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';

/** A name of whatever file this is: it must not command the terminal on which it is shown. */
const readName = (value: Raw): string => text(value).replace(/\p{Cc}/gu, ' ');

function readSide(value: Raw): TradeSide {
  const written = text(value).toLowerCase();
  if (['long', 'buy'].includes(written)) return TradeSide.Long;
  if (['short', 'sell'].includes(written)) return TradeSide.Short;
  throw new CellError('give long or short');
}

function readIsShort(value: Raw): TradeSide {
  const written = text(value).toLowerCase();
  if (['true', '1'].includes(written)) return TradeSide.Short;
  if (['false', '0'].includes(written)) return TradeSide.Long;
  throw new CellError('give true or false');
}

/** One property of a trade: the columns which may hold it, the first that is there winning, and how it is read. */
export interface ColumnReader {
  readonly property: keyof TradeRecord | 'feeRateOpen' | 'feeRateClose';
  readonly names: readonly string[];
  readonly read: (value: Raw) => string | number;
}

/** freqtrade's names of its export, and our own. */
export const COLUMNS: readonly ColumnReader[] = [
  {
    property: 'closeTimeMs',
    names: ['close_date', 'closeTimeMs', 'close_timestamp', 'close_time'],
    read: readTime,
  },
  { property: 'profit', names: ['profit_abs', 'profit'], read: readNumber },
  {
    property: 'openTimeMs',
    names: ['open_date', 'openTimeMs', 'open_timestamp', 'open_time'],
    read: readTime,
  },
  { property: 'profitRatio', names: ['profit_ratio', 'profitRatio'], read: readNumber },
  { property: 'symbol', names: ['pair', 'symbol'], read: readName },
  { property: 'side', names: ['side'], read: readSide },
  { property: 'side', names: ['is_short'], read: readIsShort },
  { property: 'quantity', names: ['amount', 'quantity'], read: readPositive },
  { property: 'entryPrice', names: ['open_rate', 'entryPrice', 'entry_price'], read: readPositive },
  { property: 'exitPrice', names: ['close_rate', 'exitPrice', 'exit_price'], read: readPositive },
  { property: 'fees', names: ['fees'], read: readNumber },
  { property: 'feeRateOpen', names: ['fee_open'], read: readNumber },
  { property: 'feeRateClose', names: ['fee_close'], read: readNumber },
  { property: 'funding', names: ['funding_fees', 'funding'], read: readNumber },
  { property: 'exitReason', names: ['exit_reason', 'exitReason', 'sell_reason'], read: readName },
  { property: 'strategy', names: ['strategy'], read: readName },
  { property: 'bars', names: ['bars'], read: readNumber },
];

/** Without these there is no trade. */
export const REQUIRED = ['closeTimeMs', 'profit'] as const;

/** The names under which a property is accepted, for messages. */
export const namesOf = (property: ColumnReader['property']): readonly string[] =>
  COLUMNS.filter((column) => column.property === property).flatMap(({ names }) => names);
