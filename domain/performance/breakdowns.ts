import { sum } from '../statistics';
import { divided } from './defined';
import { isLoss, isWin, profitFactor, profitOf, winRate } from './trade-metrics';
import { fromStart } from './returns';
import type { EquityPoint, PerformanceInput, TradeRecord } from './types';

/** The trades that have something in common. */
export interface TradeGroup {
  readonly key: string;
  readonly trades: number;
  readonly wins: number;
  readonly losses: number;
  readonly winRate: number | null;
  readonly profit: number;
  readonly averageProfit: number | null;
  readonly profitFactor: number | null;
}

/** A calendar month (UTC): what its trades gained, and what the account did, marked to market. */
export interface Month extends TradeGroup {
  /** Change of equity from the month's first midnight to the next month's; null without equity on both. */
  readonly equityReturn: number | null;
}

export interface Breakdowns {
  readonly byMonth: readonly Month[];
  readonly bySymbol: readonly TradeGroup[];
  readonly bySide: readonly TradeGroup[];
  readonly byStrategy: readonly TradeGroup[];
  readonly byExitReason: readonly TradeGroup[];
}

/** What trades without the property are grouped under. */
export const UNKNOWN = 'unknown';

/** Every breakdown of a period. Groups are sorted by profit, the best first; months by time, empty ones included. */
export function breakdownsOf({
  trades,
  equity,
  startingBalance,
  startMs,
  endMs,
}: PerformanceInput): Breakdowns {
  const by = (key: (trade: TradeRecord) => string | undefined): readonly TradeGroup[] =>
    [...grouped(trades, (trade) => key(trade) ?? UNKNOWN)]
      .map(([name, group]) => groupOf(name, group))
      .sort((a, b) => b.profit - a.profit || (a.key < b.key ? -1 : 1));
  return {
    byMonth: months(trades, fromStart(equity, startingBalance, startMs), startMs, endMs),
    bySymbol: by(({ symbol }) => symbol),
    bySide: by(({ side }) => side),
    byStrategy: by(({ strategy }) => strategy),
    byExitReason: by(({ exitReason }) => exitReason),
  };
}

function grouped<K>(
  trades: readonly TradeRecord[],
  key: (trade: TradeRecord) => K,
): ReadonlyMap<K, readonly TradeRecord[]> {
  const groups = new Map<K, TradeRecord[]>();
  for (const trade of trades) {
    const group = groups.get(key(trade));
    if (group === undefined) groups.set(key(trade), [trade]);
    else group.push(trade);
  }
  return groups;
}

function groupOf(key: string, trades: readonly TradeRecord[]): TradeGroup {
  const profits = trades.map(profitOf);
  const profit = sum(profits);
  return {
    key,
    trades: trades.length,
    wins: trades.filter(isWin).length,
    losses: trades.filter(isLoss).length,
    winRate: winRate(profits),
    profit,
    averageProfit: divided(profit, trades.length),
    profitFactor: profitFactor(profits),
  };
}

const monthStart = (timeMs: number, monthsLater = 0): number => {
  const date = new Date(timeMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater, 1);
};

function months(
  trades: readonly TradeRecord[],
  equity: readonly EquityPoint[],
  startMs: number,
  endMs: number,
): readonly Month[] {
  const tradesOf = grouped(trades, ({ closeTimeMs }) => monthStart(closeTimeMs));
  const found: Month[] = [];
  let from = 0;
  for (let month = monthStart(startMs); month < endMs; month = monthStart(month, 1)) {
    const next = monthStart(month, 1);
    let to = from;
    while (to + 1 < equity.length && (equity[to + 1]?.timeMs ?? next) <= next) to += 1;
    const [before, after] = [equity[from], equity[to]];
    found.push({
      ...groupOf(new Date(month).toISOString().slice(0, 7), tradesOf.get(month) ?? []),
      equityReturn:
        to === from || before === undefined || after === undefined || before.equity <= 0
          ? null
          : after.equity / before.equity - 1,
    });
    from = to;
  }
  return found;
}
