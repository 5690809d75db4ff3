import { runBacktest, type BacktestInput } from './backtest';

/** What came of reading every ambiguous bar one way. */
export interface BracketReading {
  readonly finalEquity: number;
  readonly trades: number;
  readonly ambiguousBars: number;
}

/**
 * The same test with every bar that reaches both stop and target read against the strategy, and in its favour: the truth,
 * which the bars do not tell, lies between, as far as it lies in them. One reading may open trades that the other does not.
 */
export function bracketOf(input: BacktestInput): {
  readonly pessimistic: BracketReading;
  readonly optimistic: BracketReading;
} {
  const read = (firstOfBoth: 'stop' | 'target'): BracketReading => {
    const { finalEquity, trades, ambiguousBars } = runBacktest({
      ...input,
      rules: { ...input.rules, firstOfBoth },
    });
    return { finalEquity, trades: trades.length, ambiguousBars };
  };
  return { pessimistic: read('stop'), optimistic: read('target') };
}
