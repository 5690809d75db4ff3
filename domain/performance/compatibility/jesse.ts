import { correlation, largest, mean, sampleDeviation, smallest, sum } from '../../statistics';
import { allOf } from '../defined';
import { DAY_MS } from '../realised-equity';
import { fromStart } from '../returns';
import { holdingMs, isLoss, isWin, profitOf } from '../trade-metrics';
import { TradeSide, type EquityPoint, type Metrics, type PerformanceInput, type TradeRecord } from '../types';
import { prefixed } from './prefixed';

const DAYS_PER_YEAR = 365;
const DAYS_PER_MONTH = 30.44;
/** Growth beyond these is cut off. */
const LEAST_GROWTH = 1e-10;
const MOST_GROWTH = 1e10;

/**
 * What jesse 3.5.3 reports, under its own names (`services/metrics.py`); percentages where jesse has them. Risk is taken
 * of daily balances: the first peak of its drawdown is the second balance, the sortino ratio counts one day more than it
 * has returns, and `serenity_index` never is a finite number, because the return that the first day does not have enters it.
 */
export function jesseMetrics(input: PerformanceInput): Metrics {
  const { trades, startingBalance, startMs, endMs } = input;
  if (trades.length === 0) return prefixed('jesse', { total: 0, win_rate: 0, net_profit_percentage: 0 });
  const equity = fromStart(input.equity, startingBalance, startMs);
  const perDay = trades.length / ((endMs - startMs) / DAY_MS);
  return prefixed('jesse', {
    starting_balance: startingBalance,
    finishing_balance: equity.at(-1)?.equity ?? startingBalance,
    ...profits(trades, startingBalance),
    ...sides(trades),
    ...streaks(trades),
    ...holdings(trades),
    ...risk(equity),
    avg_trades_per_day: endMs > startMs ? perDay : 0,
    avg_trades_per_week: endMs > startMs ? perDay * 7 : 0,
    avg_trades_per_month: endMs > startMs ? perDay * DAYS_PER_MONTH : 0,
  });
}

type Values = Readonly<Record<string, number | null>>;

/** Of the trades that gained or lost; a trade of exactly zero does not count. */
function winRate(trades: readonly TradeRecord[]): number {
  const wins = trades.filter(isWin).length;
  return wins === 0 ? 0 : wins / (wins + trades.filter(isLoss).length);
}

function profits(trades: readonly TradeRecord[], startingBalance: number): Values {
  const won = trades.filter(isWin).map(profitOf);
  const lost = trades.filter(isLoss).map(profitOf);
  const net = sum(trades.map(profitOf));
  const rate = winRate(trades);
  const [averageWin, averageLoss] = [mean(won), Math.abs(mean(lost))];
  const expectancy =
    (won.length === 0 ? 0 : averageWin) * rate - (lost.length === 0 ? 0 : averageLoss) * (1 - rate);
  const fees = allOf(trades, ({ fees: paid }) => paid);
  return {
    total: trades.length,
    total_winning_trades: won.length,
    total_losing_trades: lost.length,
    win_rate: rate,
    ratio_avg_win_loss: averageWin / averageLoss,
    fee: fees === null ? null : sum(fees),
    net_profit: net,
    net_profit_percentage: (net / startingBalance) * 100,
    average_win: averageWin,
    average_loss: averageLoss,
    expectancy,
    expectancy_percentage: (expectancy / startingBalance) * 100,
    expected_net_profit_every_100_trades: (expectancy / startingBalance) * 10_000,
    gross_profit: sum(won),
    gross_loss: sum(lost),
    largest_losing_trade: lost.length === 0 ? 0 : smallest(lost),
    largest_winning_trade: won.length === 0 ? 0 : largest(won),
  };
}

function sides(trades: readonly TradeRecord[]): Values {
  const known = trades.every(({ side }) => side !== undefined);
  const longs = trades.filter(({ side }) => side === TradeSide.Long);
  const shorts = trades.filter(({ side }) => side === TradeSide.Short);
  const share = (longs.length / trades.length) * 100;
  const values = {
    win_rate_longs: winRate(longs),
    win_rate_shorts: winRate(shorts),
    longs_count: longs.length,
    longs_percentage: share,
    shorts_percentage: 100 - share,
    shorts_count: shorts.length,
  };
  return known ? values : Object.fromEntries(Object.keys(values).map((name) => [name, null]));
}

/** Runs in the order of the list, wins above zero and losses below; a trade of exactly zero ends both. */
function streaks(trades: readonly TradeRecord[]): Values {
  let run = 0;
  const runs = trades.map(({ profit }) => {
    if (profit > 0) run = Math.max(run, 0) + 1;
    else run = profit < 0 ? Math.min(run, 0) - 1 : 0;
    return run;
  });
  return {
    winning_streak: Math.max(largest(runs), 0),
    losing_streak: Math.max(-smallest(runs), 0),
    current_streak: run,
  };
}

/** In seconds. */
function holdings(trades: readonly TradeRecord[]): Values {
  const average = (some: readonly TradeRecord[]): number | null => {
    const spans = allOf(some, holdingMs);
    return spans === null ? null : mean(spans) / 1000;
  };
  return {
    average_holding_period: average(trades),
    average_winning_holding_period: average(trades.filter(isWin)),
    average_losing_holding_period: average(trades.filter(isLoss)),
  };
}

function risk(equity: readonly EquityPoint[]): Values {
  const [first, last] = [equity[0], equity.at(-1)];
  if (first === undefined || last === undefined || equity.length < 2) return {};
  const balances = equity.map((point) => point.equity);
  const returns = balances.slice(1).map((balance, index) => balance / (balances[index] ?? Number.NaN) - 1);
  const years = Math.floor((last.timeMs - first.timeMs) / DAY_MS) / DAYS_PER_YEAR;
  const ratio = Math.min(Math.max(last.equity / first.equity, LEAST_GROWTH), MOST_GROWTH);
  const growth = years === 0 ? 0 : ratio ** (1 / years) - 1;
  const fall = deepestFall(balances.slice(1));
  const penalty = autocorrelationPenalty(returns);
  const yearly = Math.sqrt(DAYS_PER_YEAR);
  const sharpe = (mean(returns) / sampleDeviation(returns)) * yearly;
  const losses = returns.filter((value) => value < 0);
  const downside = Math.sqrt(sum(losses.map((value) => value ** 2)) / balances.length);
  const sortino = (mean(returns) / downside) * yearly;
  return {
    max_drawdown: -fall * 100,
    max_underwater_period: longestUnderwater(equity),
    annual_return: growth * 100,
    sharpe_ratio: sharpe,
    calmar_ratio: years === 0 || fall === 0 ? 0 : growth / fall,
    sortino_ratio: sortino,
    smart_sharpe: sharpe / penalty,
    smart_sortino: sortino / penalty,
    omega_ratio: losses.length === 0 ? null : sum(returns.filter((value) => value > 0)) / -sum(losses),
    serenity_index: null,
  };
}

function deepestFall(balances: readonly number[]): number {
  let peak = Number.NEGATIVE_INFINITY;
  return largest(
    balances.map((balance) => {
      peak = Math.max(peak, balance);
      return 1 - balance / peak;
    }),
  );
}

/** √(1 + 2 Σ (n − x)/n · |ρ|^x) with the correlation ρ of each return and the next; undefined for fewer than three. */
function autocorrelationPenalty(returns: readonly number[]): number {
  const count = returns.length;
  if (count < 3) return Number.NaN;
  const linked = Math.abs(correlation(returns.slice(0, -1), returns.slice(1)));
  const terms = Array.from(
    { length: count - 1 },
    (_, index) => ((count - index - 1) / count) * linked ** (index + 1),
  );
  return Math.sqrt(1 + 2 * sum(terms));
}

/** Whole days from a highest balance to the last day below it; the day on which it is regained does not count. */
function longestUnderwater(equity: readonly EquityPoint[]): number {
  let peak = equity[0];
  let longest = 0;
  for (const point of equity) {
    if (peak === undefined || point.equity >= peak.equity) peak = point;
    else longest = Math.max(longest, Math.floor((point.timeMs - peak.timeMs) / DAY_MS));
  }
  return longest;
}
