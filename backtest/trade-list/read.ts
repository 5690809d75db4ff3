import { CsvError, parse } from 'csv-parse/sync';
import { z } from 'zod';
import { UserError } from '../../domain/errors';
import type { EquityPoint, TradeRecord } from '../../domain/performance/types';
import { namesOf, readTime, REQUIRED } from './columns';
import { readRows, type RawRow } from './rows';

/** A trade list, with what else its file told. */
export interface TradeList {
  readonly trades: readonly TradeRecord[];
  readonly startingBalance?: number;
  readonly startMs?: number;
  readonly endMs?: number;
  /** Marked to market, when the file has it. */
  readonly equity?: readonly EquityPoint[];
}

/**
 * Reads a trade list: a CSV file with a header, a JSON array of trades, what `ballast` writes with --json, or freqtrade's
 * exported result. docs/metrics.md lists the columns.
 * @param source the file's name, for messages and to tell CSV from JSON
 * @param strategy which one of a freqtrade result that holds several
 * @throws UserError
 */
export function readTradeList(text: string, source: string, strategy?: string): TradeList {
  const content = text.replace(/^\uFEFF/, '');
  if (content.trim() === '')
    throw new UserError(`${source} is empty.`, 'Give a list of closed trades: docs/metrics.md.');
  return /^\s*[[{]/.test(content) ? readJson(content, source, strategy) : readCsv(content, source);
}

function readCsv(content: string, source: string): TradeList {
  const rows: RawRow[] = [];
  try {
    const found = parse(content, {
      columns: true,
      info: true,
      skip_empty_lines: true,
      trim: true,
      bom: true,
    }) as unknown as readonly {
      readonly record: Readonly<Record<string, string>>;
      readonly info: { readonly lines: number };
    }[];
    for (const { record, info } of found) rows.push({ place: `line ${info.lines}`, cells: record });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UserError(
      `${source} is not the CSV that its header promises: ${error.message}.`,
      'Mend that line.',
    );
  }
  const [header = ''] = content.split(/\r?\n/, 1);
  requireColumns(
    Object.keys(rows[0]?.cells ?? Object.fromEntries(header.split(',').map((name) => [name.trim(), '']))),
    source,
  );
  return { trades: readRows(rows, source) };
}

/** One message about a column is better than one for every row. */
function requireColumns(names: readonly string[], source: string): void {
  for (const property of REQUIRED) {
    const accepted = namesOf(property);
    if (accepted.some((name) => names.includes(name))) continue;
    throw new UserError(
      `${source} has no column ${accepted.join(' or ')}; its columns are ${names.join(', ')}.`,
      'The first line names the columns; docs/metrics.md lists those that are understood.',
    );
  }
}

const point = z.object({ timeMs: z.number(), equity: z.number() });
const trades = z.array(z.record(z.string(), z.unknown()));
const ours = z.object({
  trades,
  startingBalance: z.number().positive().optional(),
  startMs: z.number().optional(),
  endMs: z.number().optional(),
  equity: z.array(point).optional(),
});
const freqtrade = z.object({
  strategy: z.record(
    z.string(),
    z.object({
      trades,
      starting_balance: z.number().positive().optional(),
      backtest_start: z.string().optional(),
      backtest_end: z.string().optional(),
    }),
  ),
});

function readJson(content: string, source: string, strategy: string | undefined): TradeList {
  const value = parseJson(content, source);
  const list = trades.safeParse(value);
  if (list.success) return { trades: readRows(rowsOf(list.data), source) };
  const theirs = freqtrade.safeParse(value);
  if (theirs.success) return ofFreqtrade(theirs.data, source, strategy);
  const own = ours.safeParse(value);
  if (own.success) return { ...own.data, trades: readRows(rowsOf(own.data.trades), source) };
  const [issue] = own.error.issues;
  throw new UserError(
    `${source} holds no trade list: ${issue === undefined ? 'nothing known' : `${issue.path.join('.') || 'the whole'}: ${issue.message}`}.`,
    'Give an array of trades, an object with "trades", or a result that freqtrade has exported: docs/metrics.md.',
  );
}

function ofFreqtrade(
  result: z.infer<typeof freqtrade>,
  source: string,
  wanted: string | undefined,
): TradeList {
  const names = Object.keys(result.strategy);
  const name = wanted ?? (names.length === 1 ? names[0] : undefined);
  const found = name === undefined ? undefined : result.strategy[name];
  if (found === undefined)
    throw new UserError(
      `${source} holds ${name === undefined ? `${names.length} strategies` : `no strategy ${name}`}: ${names.join(', ')}.`,
      'Name one with --strategy.',
    );
  const { starting_balance: startingBalance, backtest_start: start, backtest_end: end } = found;
  return {
    trades: readRows(rowsOf(found.trades), source).map((trade) => ({ strategy: name ?? '', ...trade })),
    ...(startingBalance === undefined ? {} : { startingBalance }),
    ...(start === undefined ? {} : { startMs: readTime(start) }),
    ...(end === undefined ? {} : { endMs: readTime(end) }),
  };
}

const rowsOf = (list: z.infer<typeof trades>): readonly RawRow[] =>
  list.map((cells, index) => ({ place: `trade ${index + 1}`, cells }));

function parseJson(content: string, source: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new UserError(`${source} is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
