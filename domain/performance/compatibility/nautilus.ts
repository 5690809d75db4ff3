import { largest, mean, sampleDeviation, smallest, sum } from '../../statistics';
import { allOf } from '../defined';
import { dayOf } from '../realised-equity';
import { isWin, profitOf } from '../trade-metrics';
import { TradeSide, type Metrics, type PerformanceInput, type TradeRecord } from '../types';
import { prefixed } from './prefixed';

/** Stock exchanges' days in a year, whatever is traded. */
const DAYS_PER_YEAR = 252;
/** A deviation below Rust's `f64::EPSILON` counts as none. */
const NONE = Number.EPSILON;

/**
 * What the portfolio statistics of nautilus_trader 1.221.0 answer, in snake case. Its returns are those of the prices of
 * closed positions, without fees and whatever their size, added up per day; days on which nothing closed are left out,
 * and a year has 252 days; its average leaves out returns of exactly zero. They are null when a trade lacks a price. A profit of exactly zero is a loser.
 */
export function nautilusMetrics({ trades }: PerformanceInput): Metrics {
  const changes = allOf(trades, priceReturn);
  return prefixed('nautilus', {
    ...ofProfits(trades),
    ...ofReturns(
      changes === null ? null : trades.map(({ closeTimeMs }, index) => [closeTimeMs, changes[index] ?? 0]),
    ),
  });
}

function ofProfits(trades: readonly TradeRecord[]): Readonly<Record<string, number | null>> {
  const profits = trades.map(profitOf);
  const winners = trades.filter(isWin).map(profitOf);
  const losers = profits.filter((profit) => profit <= 0);
  const orZero = (values: readonly number[], pick: (values: readonly number[]) => number): number =>
    values.length === 0 ? 0 : pick(values);
  const winRate = orZero(profits, () => winners.length / profits.length);
  const [averageWinner, averageLoser] = [orZero(winners, mean), orZero(losers, mean)];
  return {
    max_winner: orZero(profits, largest),
    avg_winner: averageWinner,
    min_winner: orZero(winners, smallest),
    min_loser: orZero(losers, largest),
    avg_loser: averageLoser,
    max_loser: orZero(losers, smallest),
    expectancy: orZero(profits, () => averageWinner * winRate + averageLoser * (1 - winRate)),
    win_rate: winRate,
  };
}

/** Change of price from entry to exit in the direction of the position. */
function priceReturn({ side, entryPrice, exitPrice }: TradeRecord): number | undefined {
  if (side === undefined || entryPrice === undefined || exitPrice === undefined) return undefined;
  return (side === TradeSide.Long ? exitPrice - entryPrice : entryPrice - exitPrice) / entryPrice;
}

function ofReturns(
  changes: readonly (readonly [timeMs: number, change: number])[] | null,
): Readonly<Record<string, number | null>> {
  const raw = changes === null ? null : summedBy(changes, (timeMs) => timeMs);
  const daily = changes === null ? null : summedBy(changes, dayOf);
  const of = (
    values: readonly number[] | null,
    metric: (values: readonly number[]) => number,
  ): number | null => (values === null || values.length === 0 ? null : metric(values));
  const yearly = Math.sqrt(DAYS_PER_YEAR);
  return {
    returns_volatility: of(daily, (values) => sampleDeviation(values) * yearly),
    returns_average: of(raw, (values) => mean(values.filter((value) => value !== 0))),
    returns_average_loss: of(raw, (values) => mean(values.filter((value) => value < 0))),
    returns_average_win: of(raw, (values) => mean(values.filter((value) => value > 0))),
    sharpe_ratio: of(daily, (values) => over(mean(values), sampleDeviation(values)) * yearly),
    sortino_ratio: of(daily, (values) => over(mean(values), downside(values)) * yearly),
    profit_factor: of(raw, (values) => over(positive(values), positive(values.map((value) => -value)))),
    risk_return_ratio: of(raw, (values) => over(mean(values), sampleDeviation(values))),
  };
}

const over = (dividend: number, divisor: number): number =>
  divisor < NONE ? Number.NaN : dividend / divisor;

const positive = (values: readonly number[]): number => sum(values.filter((value) => value > 0));

const downside = (values: readonly number[]): number =>
  Math.sqrt(sum(values.map((value) => Math.min(0, value) ** 2)) / values.length);

function summedBy(
  changes: readonly (readonly [timeMs: number, change: number])[],
  key: (timeMs: number) => number,
): readonly number[] {
  const sums = new Map<number, number>();
  for (const [timeMs, change] of changes) sums.set(key(timeMs), (sums.get(key(timeMs)) ?? 0) + change);
  return [...sums.values()];
}
