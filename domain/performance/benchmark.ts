import { correlation, mean, sampleDeviation } from '../statistics';
import { defined, divided } from './defined';
import { drawdownOf } from './drawdown';
import { cagr, dailyRate, DAYS_PER_YEAR, returnsOf, sharpe, sortino, volatility } from './returns';
import { DAY_MS } from './realised-equity';
import type { EquityPoint, Metrics } from './types';

/** A price at a time (UTC milliseconds). */
export interface PricePoint {
  readonly timeMs: number;
  readonly price: number;
}

/**
 * What a balance would have become by buying every symbol at its first price, in equal parts, and holding: the same
 * times for all. One fee is taken off at the start; nothing is sold.
 * @param prices per symbol, oldest first, all of one length and at the same times
 * @throws RangeError when there is no symbol, a price is not above zero, or times differ
 */
export function buyAndHoldEquity(
  prices: readonly (readonly PricePoint[])[],
  startingBalance: number,
  feeRate = 0,
): readonly EquityPoint[] {
  const [first] = prices;
  if (first === undefined) throw new RangeError('There is nothing to buy and hold.');
  const share = (startingBalance * (1 - feeRate)) / prices.length;
  return first.map(({ timeMs }, index) => {
    const equity = prices.reduce((total, series) => {
      const [bought, now] = [series[0], series[index]];
      if (bought === undefined || now?.timeMs !== timeMs || !(bought.price > 0))
        throw new RangeError(
          `Buying and holding needs a price of every symbol at ${new Date(timeMs).toISOString()}.`,
        );
      return total + (share * now.price) / bought.price;
    }, 0);
    return { timeMs, equity };
  });
}

/** Total return, growth and risk of an equity, under `prefix.`; all null without one. */
export function benchmarkMetrics(
  prefix: string,
  equity: readonly EquityPoint[] | undefined,
  startingBalance: number,
  cash: number,
): Metrics {
  const [first, last] = [equity?.[0], equity?.at(-1)];
  const returns = equity === undefined ? null : returnsOf(equity);
  const fall = equity === undefined ? null : drawdownOf(equity, startingBalance);
  const growth =
    first === undefined || last === undefined
      ? null
      : cagr(startingBalance, last.equity, last.timeMs - first.timeMs);
  return {
    [`${prefix}.totalReturn`]: last === undefined ? null : defined(last.equity / startingBalance - 1),
    [`${prefix}.cagr`]: growth,
    [`${prefix}.volatility`]: returns === null ? null : volatility(returns),
    [`${prefix}.sharpe`]: returns === null ? null : sharpe(returns, cash),
    [`${prefix}.sortino`]: returns === null ? null : sortino(returns, cash),
    [`${prefix}.calmar`]: divided(growth, fall?.fraction ?? null),
    [`${prefix}.maxDrawdown`]: fall?.fraction ?? null,
  };
}

/**
 * How the strategy's daily returns lie to the benchmark's, on the days that both have: `beta` = cov / var, `alpha` the
 * yearly mean return above cash that beta does not explain (M. C. Jensen 1968), `informationRatio` = mean / s of the
 * difference, annualised.
 */
export function relativeMetrics(
  equity: readonly EquityPoint[],
  benchmark: readonly EquityPoint[] | undefined,
  cash: number,
): Metrics {
  const pairs = benchmark === undefined ? null : commonReturns(equity, benchmark);
  const ownExcess = (pairs?.own ?? []).map((value) => value - cash);
  const theirExcess = (pairs?.theirs ?? []).map((value) => value - cash);
  const linked = defined(correlation(ownExcess, theirExcess));
  const scale = divided(sampleDeviation(ownExcess), sampleDeviation(theirExcess));
  const beta = linked === null || scale === null ? null : linked * scale;
  return {
    beta,
    alpha: beta === null ? null : defined((mean(ownExcess) - beta * mean(theirExcess)) * DAYS_PER_YEAR),
    correlation: linked,
    informationRatio: sharpe(ownExcess.map((value, index) => value - (theirExcess[index] ?? 0))),
  };
}

function commonReturns(
  own: readonly EquityPoint[],
  theirs: readonly EquityPoint[],
): { readonly own: readonly number[]; readonly theirs: readonly number[] } | null {
  const theirAt = new Map(theirs.map(({ timeMs, equity }) => [timeMs, equity]));
  const common = own.flatMap(({ timeMs, equity }) => {
    const other = theirAt.get(timeMs);
    return other === undefined ? [] : [{ timeMs, own: equity, theirs: other }];
  });
  const ownReturns = returnsOf(common.map(({ timeMs, own: equity }) => ({ timeMs, equity })));
  const theirReturns = returnsOf(common.map(({ timeMs, theirs: equity }) => ({ timeMs, equity })));
  return ownReturns === null || theirReturns === null ? null : { own: ownReturns, theirs: theirReturns };
}

/** What the starting balance would have gained by doing nothing, at `cashRate` a year. */
export const cashReturn = (cashRate: number, durationMs: number): number =>
  (1 + dailyRate(cashRate)) ** (durationMs / DAY_MS) - 1;
