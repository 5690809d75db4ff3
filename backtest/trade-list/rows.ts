import type { TradeRecord } from '../../domain/performance/types';
import { UserError } from '../../domain/errors';
import { CellError, COLUMNS, namesOf, REQUIRED, type ColumnReader, type Raw } from './columns';

/** One trade as it was found, and how to call the place: `line 7`, `trade 7`. */
export interface RawRow {
  readonly place: string;
  readonly cells: Readonly<Record<string, Raw>>;
}

/** So many bad rows are named; of the rest only the number. */
const NAMED = 5;

const isMissing = (value: Raw): boolean => value === undefined || value === null || value === '';

/**
 * Understands every row.
 * @param source what to call the list in messages
 * @throws UserError naming the first bad rows with line, column, value and remedy
 */
export function readRows(rows: readonly RawRow[], source: string): readonly TradeRecord[] {
  const problems: string[] = [];
  const trades: TradeRecord[] = [];
  for (const row of rows) {
    const { values, problems: found } = readRow(row);
    if (found.length > 0) problems.push(...found);
    else trades.push(withFees(values));
  }
  if (problems.length > 0) {
    const more = problems.length > NAMED ? `\n  and ${problems.length - NAMED} more` : '';
    throw new UserError(
      `${source} has ${problems.length === 1 ? 'a row that cannot' : 'rows that cannot'} be used:\n  ${problems.slice(0, NAMED).join('\n  ')}${more}`,
      'Nothing has been computed. Mend or remove these rows: a metric of some of the trades would be of another list.',
    );
  }
  return trades;
}

type Values = Readonly<Record<string, string | number>>;

function readRow(row: RawRow): { readonly values: Values; readonly problems: readonly string[] } {
  const values = new Map<ColumnReader['property'], string | number>();
  const problems: string[] = [];
  for (const column of COLUMNS) {
    const name = column.names.find((candidate) => !isMissing(row.cells[candidate]));
    if (name === undefined || values.has(column.property)) continue;
    const value = row.cells[name];
    try {
      values.set(column.property, column.read(value));
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      problems.push(`${row.place}: ${name} is ${JSON.stringify(value)}: ${error.remedy}`);
    }
  }
  for (const property of REQUIRED) {
    if (values.has(property) || problems.length > 0) continue;
    problems.push(`${row.place}: there is no ${namesOf(property).slice(0, 2).join(' or ')}: give it one`);
  }
  const [opened, closed] = [values.get('openTimeMs'), values.get('closeTimeMs')];
  if (typeof opened === 'number' && typeof closed === 'number' && opened > closed)
    problems.push(
      `${row.place}: it closes at ${iso(closed)}, before it opens at ${iso(opened)}: exchange the two`,
    );
  return { values: Object.fromEntries(values), problems };
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

/** freqtrade gives rates instead of fees: of what was bought and of what was sold. */
function withFees(values: Values): TradeRecord {
  const { feeRateOpen, feeRateClose, ...trade } = values;
  const { quantity, entryPrice, exitPrice } = trade;
  const known = [feeRateOpen, feeRateClose, quantity, entryPrice, exitPrice].map(Number);
  if (trade.fees === undefined && known.every(Number.isFinite)) {
    const [openRate = 0, closeRate = 0, bought = 0, entry = 0, exit = 0] = known;
    return { ...trade, fees: bought * (entry * openRate + exit * closeRate) } as unknown as TradeRecord;
  }
  return trade as unknown as TradeRecord;
}
