import {
  DEFAULT_BOOSTER,
  type SignalModelRequest,
  type TrainingData,
} from '../../../backtest/learn/signal-model';
import { columnsOf, type BarColumns } from '../../../domain/bar-columns';
import { RandomStream } from '../../../domain/random';
import { everyBarStrategy } from '../../../domain/strategies/every-bar';
import { COIN, START_MS } from '../support';

export const HOUR_MS = 3_600_000;

/**
 * Hourly bars of a market that rises in some hours of the day and falls in the others.
 * @param drift what a bar moves by its hour, as a part of the price; 0 for a market without memory
 */
export function clockMarket(seed: number, bars: number, drift: number): BarColumns {
  const random = new RandomStream(seed);
  let close = 100;
  return columnsOf(
    Array.from({ length: bars }, (_, index) => {
      const open = close;
      const hour = index % 24;
      close = open * (1 + (hour >= 8 && hour < 16 ? drift : -drift / 2) + 0.004 * random.normal());
      const [high, low] = [Math.max(open, close), Math.min(open, close)];
      return {
        openTimeMs: START_MS + index * HOUR_MS,
        ...{
          open,
          high: high * (1 + 0.001 * random.uniform()),
          low: low * (1 - 0.001 * random.uniform()),
          close,
        },
        volume: 1_000 * (1 + random.uniform()),
      };
    }),
  );
}

export const dataOf = (bars: BarColumns): TrainingData => ({
  markets: [{ instrument: COIN, timeframe: '1h', bars }],
  ...{ fromMs: START_MS, toMs: START_MS + bars.length * HOUR_MS },
});

/** A training that takes a moment. */
export const request = (change: Partial<SignalModelRequest> = {}): SignalModelRequest => ({
  primary: everyBarStrategy.parse({ atrPeriod: 10 }),
  symbols: [COIN.symbol],
  timeframe: '1h',
  features: ['change1', 'change6', 'atrPercent', 'bodyShare', 'hour', 'weekday', 'mood'],
  ...{ horizonBars: 6, embargoBars: 6, feeFraction: 0.0002, folds: 3, calibration: 'platt', margin: 0.02 },
  booster: { ...DEFAULT_BOOSTER, rounds: 40, maxBins: 32 },
  codeVersion: 'test',
  ...change,
});
