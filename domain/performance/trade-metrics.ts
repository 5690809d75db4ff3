import { largest, mean, median, sampleDeviation, smallest, sum } from '../statistics';
import { allOf, defined, divided } from './defined';
import { DAYS_PER_YEAR } from './returns';
import { DAY_MS } from './realised-equity';
import type { EquityPoint, Metrics, TradeRecord } from './types';

const isGain = (profit: number): boolean => profit > 0;
const isCost = (profit: number): boolean => profit < 0;
export const isWin = ({ profit }: TradeRecord): boolean => isGain(profit);
export const isLoss = ({ profit }: TradeRecord): boolean => isCost(profit);
export const profitOf = ({ profit }: TradeRecord): number => profit;

/** The order in which results became known. */
export const byClose = (trades: readonly TradeRecord[]): readonly TradeRecord[] =>
  ascending(trades, ({ closeTimeMs }) => closeTimeMs);

/** Sorted, equals as they were; the list itself when it is in order already, as that of a backtest is. */
function ascending<T>(items: readonly T[], keyOf: (item: T) => number): readonly T[] {
  let before = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const key = keyOf(item);
    if (!(key >= before)) return items.toSorted((a, b) => keyOf(a) - keyOf(b));
    before = key;
  }
  return items;
}

/** Milliseconds from the first fill to the last, when the list tells when it opened. */
export const holdingMs = ({ openTimeMs, closeTimeMs }: TradeRecord): number | undefined =>
  openTimeMs === undefined ? undefined : closeTimeMs - openTimeMs;

/** Money put in, without fees. */
export const stakeOf = ({ quantity, entryPrice }: TradeRecord): number | undefined =>
  quantity === undefined || entryPrice === undefined ? undefined : quantity * entryPrice;

/** Gross profit of winners over gross loss of losers. */
export const profitFactor = (profits: readonly number[]): number | null =>
  divided(sum(profits.filter(isGain)), -sum(profits.filter(isCost)));

/** Share of trades with a profit above zero; a trade of exactly zero counts among all and not among the won. */
export const winRate = (profits: readonly number[]): number | null =>
  divided(profits.filter(isGain).length, profits.length);

const meanOf = (values: readonly number[] | null): number | null =>
  values === null ? null : defined(mean(values));

/** The longest run of results, in the order in which they became known, that all fit. */
function longestRun(profits: readonly number[], fits: (profit: number) => boolean): number {
  let longest = 0;
  let run = 0;
  for (const profit of profits) {
    run = fits(profit) ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

/**
 * Results of single trades. `expectancy` is the mean profit; `expectancyRatio` the same in units of the average loss,
 * the R of a trade of which no planned risk is known (V. Tharp, "Trade Your Way to Financial Freedom"). `sqn` is his
 * System Quality Number √n · mean / s, without his limit of n to 100.
 */
export function profitMetrics(trades: readonly TradeRecord[]): Metrics {
  const profits = trades.map(profitOf);
  const [won, lost] = [profits.filter(isGain), profits.filter(isCost)];
  const known = byClose(trades).map(profitOf);
  const [expectancy, averageWin, averageLoss] = [meanOf(profits), meanOf(won), meanOf(lost)];
  const lossSize = averageLoss === null ? null : -averageLoss;
  return {
    trades: trades.length,
    wins: won.length,
    losses: lost.length,
    draws: trades.length - won.length - lost.length,
    winRate: winRate(profits),
    grossProfit: sum(won),
    grossLoss: sum(lost),
    profitFactor: profitFactor(profits),
    expectancy,
    expectancyRatio: divided(expectancy, lossSize),
    averageWin,
    averageLoss,
    payoffRatio: divided(averageWin, lossSize),
    largestWin: defined(largest(won)),
    largestLoss: defined(smallest(lost)),
    maxConsecutiveWins: longestRun(known, isGain),
    maxConsecutiveLosses: longestRun(known, isCost),
    sqn: systemQuality(profits),
  };
}

function systemQuality(profits: readonly number[]): number | null {
  const ratio = divided(mean(profits), sampleDeviation(profits));
  return ratio === null ? null : ratio * Math.sqrt(profits.length);
}

/** How long trades were held, how much of the time and of the money was in the market, and what it cost. */
export function activityMetrics(
  trades: readonly TradeRecord[],
  equity: readonly EquityPoint[],
  period: { readonly startMs: number; readonly endMs: number },
): Metrics {
  const holdings = allOf(trades, holdingMs);
  const traded = allOf(trades, tradedNotional);
  const averageEquity = mean(equity.map((point) => point.equity));
  const turnover = traded === null ? null : divided(sum(traded), averageEquity);
  const days = (period.endMs - period.startMs) / DAY_MS;
  const [fees, funding] = [allOf(trades, (trade) => trade.fees), allOf(trades, (trade) => trade.funding)];
  return {
    averageHoldingMs: meanOf(holdings),
    averageWinHoldingMs: meanOf(allOf(trades.filter(isWin), holdingMs)),
    averageLossHoldingMs: meanOf(allOf(trades.filter(isLoss), holdingMs)),
    medianHoldingMs: holdings === null ? null : defined(median(holdings)),
    longestHoldingMs: holdings === null ? null : defined(largest(holdings)),
    exposure: exposure(trades, period),
    turnover,
    turnoverPerYear: turnover === null ? null : divided(turnover * DAYS_PER_YEAR, days),
    tradesPerDay: divided(trades.length, days),
    fees: fees === null ? null : sum(fees),
    funding: funding === null ? null : sum(funding),
  };
}

const tradedNotional = ({ quantity, entryPrice, exitPrice }: TradeRecord): number | undefined =>
  quantity === undefined || entryPrice === undefined || exitPrice === undefined
    ? undefined
    : quantity * (entryPrice + exitPrice);

/** Share of the period in which at least one position was open. */
export function exposure(
  trades: readonly TradeRecord[],
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): number | null {
  if (trades.some(({ openTimeMs }) => openTimeMs === undefined)) return null;
  const openOf = ({ openTimeMs, closeTimeMs }: TradeRecord): number => openTimeMs ?? closeTimeMs;
  let coveredMs = 0;
  let reachedMs = startMs;
  for (const trade of ascending(trades, openOf)) {
    const until = Math.min(trade.closeTimeMs, endMs);
    coveredMs += Math.max(0, until - Math.max(openOf(trade), reachedMs));
    reachedMs = Math.max(reachedMs, until);
  }
  return divided(coveredMs, endMs - startMs);
}
