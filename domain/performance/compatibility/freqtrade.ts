import { studentTwoSided } from '../../distributions';
import { largest, mean, median, populationDeviation, sampleDeviation, smallest, sum } from '../../statistics';
import { allOf } from '../defined';
import { DAY_MS, dayOf } from '../realised-equity';
import { fromStart } from '../returns';
import { byClose, holdingMs, isLoss, isWin, profitOf, stakeOf } from '../trade-metrics';
import type { EquityPoint, Metrics, PerformanceInput, TradeRecord } from '../types';
import { prefixed, rounded, roundedEven } from './prefixed';

/** What freqtrade answers where a ratio is not defined: a number that optimisation runs away from. */
const NOT_GOOD = -100;
/** What its expectancy ratio is when nothing was lost. */
const NO_LOSS = 100;
const DAYS_PER_YEAR = 365;
const MINUTE_MS = 60_000;

/**
 * What freqtrade 2026.9 reports of these trades, under its own names (`data/metrics.py` and `optimize_reports.py`). Its
 * ratios are taken of single trades over the whole days of the period, with population deviations; calmar is 100 times
 * the mean daily return over the drawdown, times √365; undefined is −100. `wallet_stats.*` is taken of the equity.
 */
export function freqtradeMetrics(input: PerformanceInput): Metrics {
  const { trades, startingBalance, startMs, endMs } = input;
  const wholeDays = Math.floor((endMs - startMs) / DAY_MS);
  return prefixed('freqtrade', {
    ...counts(trades, wholeDays || 1),
    ...profits(trades, startingBalance, wholeDays || 1),
    ...ratios(trades, startingBalance, endMs === startMs ? 0 : Math.max(1, wholeDays)),
    ...drawdowns(trades, startingBalance),
    ...daily(trades),
    ...holdings(trades),
    ...walletStats(fromStart(input.equity, startingBalance, startMs)),
  });
}

type Values = Readonly<Record<string, number | null>>;

function counts(trades: readonly TradeRecord[], days: number): Values {
  const wins = trades.filter(isWin).length;
  const losses = trades.filter(isLoss).length;
  return {
    total_trades: trades.length,
    wins,
    losses,
    draws: trades.length - wins - losses,
    winrate: trades.length === 0 ? 0 : wins / trades.length,
    backtest_days: days,
    trades_per_day: rounded(trades.length / days, 2),
    max_consecutive_wins: longestStreak(trades, isWin),
    max_consecutive_losses: longestStreak(trades, (trade) => !isWin(trade)),
  };
}

/** In the order of the list; a trade of exactly zero is a loss here. */
function longestStreak(trades: readonly TradeRecord[], fits: (trade: TradeRecord) => boolean): number {
  let run = 0;
  return largest([0, ...trades.map((trade) => (run = fits(trade) ? run + 1 : 0))]);
}

function profits(trades: readonly TradeRecord[], startingBalance: number, days: number): Values {
  const won = trades.filter(isWin).map(profitOf);
  const lost = trades.filter(isLoss).map(profitOf);
  const total = sum(trades.map(profitOf));
  const averageWin = won.length === 0 ? 0 : mean(won);
  const averageLoss = lost.length === 0 ? 0 : -mean(lost);
  const [winShare, lossShare] = [won, lost].map(({ length }) =>
    trades.length === 0 ? 0 : length / trades.length,
  );
  const shares = allOf(trades, ratioOf);
  return {
    profit_total_abs: total,
    profit_total: total / startingBalance,
    profit_mean: trades.length === 0 ? 0 : shares && mean(shares),
    profit_median: trades.length === 0 ? 0 : shares && median(shares),
    profit_factor: lost.length === 0 ? 0 : sum(won) / -sum(lost),
    expectancy: (winShare ?? 0) * averageWin - (lossShare ?? 0) * averageLoss,
    expectancy_ratio: averageLoss > 0 ? (1 + averageWin / averageLoss) * (winShare ?? 0) - 1 : NO_LOSS,
    final_balance: startingBalance + total,
    cagr: growth(startingBalance, startingBalance + total, days),
  };
}

/** Profit over the money put in. */
const ratioOf = (trade: TradeRecord): number | undefined => {
  const stake = stakeOf(trade);
  return trade.profitRatio ?? (stake === undefined ? undefined : trade.profit / stake);
};

const growth = (starting: number, final: number, days: number): number =>
  final < 0 || starting <= 0 ? 0 : (final / starting) ** (DAYS_PER_YEAR / days) - 1;

const annualised = (average: number, divisor: number): number =>
  divisor === 0 || Number.isNaN(divisor) ? NOT_GOOD : (average / divisor) * Math.sqrt(DAYS_PER_YEAR);

/** @param days 0 when the period has no length */
function ratios(trades: readonly TradeRecord[], startingBalance: number, days: number): Values {
  const shares = trades.map(({ profit }) => profit / startingBalance);
  if (shares.length === 0) return { sharpe: 0, sortino: 0, calmar: 0, sqn: 0, p_value: 1 };
  const perDay = sum(shares) / days;
  const quality = { sqn: systemQuality(shares), p_value: pValue(shares) };
  if (days === 0) return { sharpe: 0, sortino: 0, calmar: 0, ...quality };
  return {
    sharpe: annualised(perDay, populationDeviation(shares)),
    sortino: annualised(perDay, populationDeviation(shares.filter((share) => share < 0))),
    calmar: annualised(perDay * 100, deepest(curveOf(trades, startingBalance), byAmount).fraction),
    ...quality,
  };
}

function systemQuality(shares: readonly number[]): number {
  const deviation = sampleDeviation(shares);
  return deviation === 0 || Number.isNaN(deviation)
    ? NOT_GOOD
    : rounded((Math.sqrt(shares.length) * mean(shares)) / deviation, 4);
}

/** Of Student's t test that the mean profit is zero; 1 when it cannot be made. */
function pValue(shares: readonly number[]): number {
  const deviation = sampleDeviation(shares);
  if (shares.length < 2 || deviation === 0) return 1;
  return studentTwoSided((mean(shares) * Math.sqrt(shares.length)) / deviation, shares.length - 1);
}

/** One step of a curve of profits: what was gained until then, the most until then, and how far below that it is. */
interface Step {
  readonly timeMs: number;
  readonly gained: number;
  readonly most: number;
  readonly below: number;
  readonly fraction: number;
}

/** The curve of realised profits; it begins at zero, at the time of the first close. */
const curveOf = (trades: readonly TradeRecord[], startingBalance: number): readonly Step[] =>
  curve(
    byClose(trades).map(({ closeTimeMs, profit }) => ({ timeMs: closeTimeMs, gain: profit })),
    startingBalance,
  );

function curve(
  gains: readonly { readonly timeMs: number; readonly gain: number }[],
  startingBalance: number,
): readonly Step[] {
  let gained = 0;
  let most = 0;
  const steps = gains.map(({ timeMs, gain }): Step => {
    gained += gain;
    most = Math.max(most, gained);
    return {
      timeMs,
      gained,
      most,
      below: most - gained,
      fraction: (most - gained) / (startingBalance + most),
    };
  });
  const timeMs = gains[0]?.timeMs ?? 0;
  return [{ timeMs, gained: 0, most: 0, below: 0, fraction: 0 }, ...steps];
}

const byAmount = ({ below }: Step): number => below;
const byFraction = ({ fraction }: Step): number => fraction;

const NOWHERE: Step = { timeMs: 0, gained: 0, most: 0, below: 0, fraction: 0 };

/** The first of the deepest steps. */
const deepest = (steps: readonly Step[], depth: (step: Step) => number): Step =>
  steps.reduce((found, step) => (depth(step) > depth(found) ? step : found), steps[0] ?? NOWHERE);

function drawdowns(trades: readonly TradeRecord[], startingBalance: number): Values {
  const steps = curveOf(trades, startingBalance);
  const low = deepest(steps, byAmount);
  const high = steps.find(({ gained, most }) => gained === low.most && most === low.most) ?? NOWHERE;
  const balances = steps.slice(1).map(({ gained }) => startingBalance + gained);
  return {
    max_drawdown_account: low.fraction,
    max_drawdown_abs: low.below,
    max_relative_drawdown: deepest(steps, byFraction).fraction,
    max_drawdown_low: low.gained,
    max_drawdown_high: low.most,
    drawdown_duration_s: (low.timeMs - high.timeMs) / 1000,
    csum_min: trades.length === 0 ? 0 : smallest(balances),
    csum_max: trades.length === 0 ? 0 : largest(balances),
  };
}

/** Sums per day of closing, from the first such day to the last. */
function daily(trades: readonly TradeRecord[]): Values {
  const closes = trades.map(({ closeTimeMs }) => dayOf(closeTimeMs));
  const [first, last] = [smallest(closes), largest(closes)];
  const days = Array.from(
    { length: trades.length === 0 ? 0 : (last - first) / DAY_MS + 1 },
    (_, day) => first + day * DAY_MS,
  );
  const perDay = (values: readonly number[]): readonly number[] => {
    const sums = new Map(days.map((day) => [day, 0]));
    for (const [index, day] of closes.entries()) sums.set(day, (sums.get(day) ?? 0) + (values[index] ?? 0));
    return [...sums.values()];
  };
  const amounts = perDay(trades.map(profitOf)).map((value) => rounded(value, 10));
  const shares = allOf(trades, ratioOf);
  const shareSums = shares && perDay(shares);
  const ofDays = (
    values: readonly number[] | null,
    pick: (values: readonly number[]) => number,
  ): number | null => (days.length === 0 ? 0 : values && pick(values));
  return {
    backtest_best_day: ofDays(shareSums, largest),
    backtest_worst_day: ofDays(shareSums, smallest),
    backtest_best_day_abs: ofDays(amounts, largest),
    backtest_worst_day_abs: ofDays(amounts, smallest),
    winning_days: amounts.filter((amount) => amount > 0).length,
    draw_days: amounts.filter((amount) => amount === 0).length,
    losing_days: amounts.filter((amount) => amount < 0).length,
  };
}

/** Means of whole minutes, rounded to whole minutes, in seconds. */
function holdings(trades: readonly TradeRecord[]): Values {
  const average = (some: readonly TradeRecord[]): number | null => {
    const spans = allOf(some, holdingMs);
    if (spans === null) return null;
    if (spans.length === 0) return 0;
    return roundedEven(mean(spans.map((span) => Math.floor(span / MINUTE_MS)))) * 60;
  };
  return {
    holding_avg_s: average(trades),
    winner_holding_avg_s: average(trades.filter(isWin)),
    loser_holding_avg_s: average(trades.filter(isLoss)),
  };
}

/** The same ratios of the account's balance, taken at the last point of every day. */
function walletStats(equity: readonly EquityPoint[]): Values {
  const [first, last] = [equity[0], equity.at(-1)];
  if (first === undefined || last === undefined || equity.length < 2) return {};
  const daily = [...new Map(equity.map((point) => [dayOf(point.timeMs), point.equity])).values()];
  const returns = daily.slice(1).map((value, index) => value / (daily[index] ?? Number.NaN) - 1);
  const steps = curve(
    equity.map(({ timeMs, equity: value }, index) => ({
      timeMs,
      gain: index === 0 ? 0 : value - (equity[index - 1]?.equity ?? Number.NaN),
    })),
    first.equity,
  );
  const low = deepest(steps, byAmount);
  const days = Math.max(1, Math.floor((last.timeMs - first.timeMs) / DAY_MS));
  const perDay = (last.equity - first.equity) / first.equity / days;
  const ratio = (divisor: number): number => (returns.length === 0 ? 0 : annualised(mean(returns), divisor));
  return {
    'wallet_stats.sharpe': ratio(populationDeviation(returns)),
    'wallet_stats.sortino': ratio(populationDeviation(returns.filter((value) => value < 0))),
    'wallet_stats.calmar': annualised(perDay * 100, low.fraction),
    'wallet_stats.max_drawdown_account': low.fraction,
    'wallet_stats.max_relative_drawdown': deepest(steps, byFraction).fraction,
    'wallet_stats.max_drawdown_abs': low.below,
  };
}
