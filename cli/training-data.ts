import type { TrainingData } from '../backtest/learn/signal-model';
import { timeframeMs } from '../domain/bar';
import type { LoadedInput } from './backtest-input';

/** The time that is learnt from: what was asked for, as far as there are bars. */
export function trainingDataOf(
  { input, markets, fromMs }: LoadedInput,
  toMs: number | undefined,
): TrainingData {
  const ends = markets.map(({ bars, timeframe }) => (bars.openTimeMs.at(-1) ?? 0) + timeframeMs(timeframe));
  const { observations } = input;
  return { markets, fromMs, toMs: toMs ?? Math.max(...ends), ...(observations && { observations }) };
}
