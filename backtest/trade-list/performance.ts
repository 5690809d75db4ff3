import { UserError } from '../../domain/errors';
import { realisedEquity } from '../../domain/performance/realised-equity';
import type { PerformanceInput, TradeRecord } from '../../domain/performance/types';
import { largest, smallest } from '../../domain/statistics';
import type { TradeList } from './read';

/** A period and a balance to take metrics of, as far as somebody has said. */
export interface Wanted {
  readonly startingBalance?: number | undefined;
  readonly startMs?: number | undefined;
  readonly endMs?: number | undefined;
}

export interface ListPerformance {
  readonly input: PerformanceInput;
  /** What a reader must know about these numbers, in sentences. */
  readonly notes: readonly string[];
}

/**
 * What metrics of a trade list are taken of: what is asked for, else what the file says; a period that nobody names
 * begins with the first trade and ends with the last. Without an equity in the file, it is that of realised profits.
 * @throws UserError when the balance is not known, or a trade is outside the period
 */
export function performanceOf(list: TradeList, wanted: Wanted): ListPerformance {
  const { trades } = list;
  const startingBalance = wanted.startingBalance ?? list.startingBalance;
  if (startingBalance === undefined)
    throw new UserError(
      'The starting balance is not known, and every ratio is one to it.',
      'Give it with --starting-balance.',
    );
  const [first, last] = [
    smallest(trades.map((trade) => trade.openTimeMs ?? trade.closeTimeMs)),
    largest(trades.map((trade) => trade.closeTimeMs)),
  ];
  const startMs = wanted.startMs ?? list.startMs ?? first;
  const endMs = wanted.endMs ?? list.endMs ?? last;
  if (!Number.isFinite(startMs) || !Number.isFinite(endMs))
    throw new UserError('There is no trade, and no period.', 'Give --start and --end.');
  if (endMs < startMs)
    throw new UserError(
      `The period ends at ${iso(endMs)}, before it starts at ${iso(startMs)}.`,
      'Exchange the two.',
    );
  refuseOutside(trades, startMs, endMs);
  const notes: string[] = [];
  if (wanted.startMs === undefined && list.startMs === undefined)
    notes.push('The period begins with the first trade; --start says otherwise.');
  if (wanted.endMs === undefined && list.endMs === undefined)
    notes.push('The period ends with the last trade; --end says otherwise.');
  const isAsked =
    wanted.startingBalance !== undefined || wanted.startMs !== undefined || wanted.endMs !== undefined;
  const marked = isAsked ? undefined : list.equity;
  if (marked === undefined)
    notes.push(
      'Only trades are known: the daily equity is that of realised profits, so risk within trades is missing from every ratio and drawdown.',
    );
  const equity = marked ?? realisedEquity({ trades, startingBalance, startMs, endMs });
  return { input: { trades, equity, startingBalance, startMs, endMs }, notes };
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString();

function refuseOutside(trades: readonly TradeRecord[], startMs: number, endMs: number): void {
  const outside = trades.filter(({ closeTimeMs }) => closeTimeMs < startMs || closeTimeMs > endMs);
  const [example] = outside;
  if (example === undefined) return;
  throw new UserError(
    `${outside.length} of ${trades.length} trades close outside the period from ${iso(startMs)} to ${iso(endMs)}; the first does at ${iso(example.closeTimeMs)}.`,
    'Widen --start or --end (a day alone means its first moment), or remove these trades.',
  );
}
