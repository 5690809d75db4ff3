import type { Period, StudySetup } from '../../../backtest/optimise/study';
import { backtestRulesSchema } from '../../../backtest/rules';
import { randomBars } from '../../../bench/backtest/random-bars';
import { COIN, d, START_MS } from '../support';

const HOUR_MS = 3_600_000;
export const BARS = 1_200;

/** Fifty days of hours. */
export const bars = randomBars({
  ...{ seed: 4, length: BARS, barMs: HOUR_MS },
  ...{ startMs: START_MS, stepDeviation: 0.004 },
});

/** What of them is traded. */
export const PERIOD: Period = { fromMs: START_MS + 200 * HOUR_MS, toMs: START_MS + 900 * HOUR_MS };

/** ema-cross with plain stops on them; `fast` and `slow` are left to be varied. */
export const emaSetup: StudySetup = {
  fixed: { minAdx: null, trailAtr: null, stopFraction: 0.02, targetFraction: 0.04 },
  symbols: [COIN.symbol],
  markets: [{ instrument: COIN, timeframe: '1h', bars }],
  rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 } }),
  startingBalance: d('10000'),
  maxHoldingBars: null,
  objective: 'totalReturn',
  minTrades: 1,
};
