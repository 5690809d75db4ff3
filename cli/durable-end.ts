import { HistoryKind } from '../adapters/history/port';
import { Timeframe, timeframeMs } from '../domain/bar';
import { UserError } from '../domain/errors';
import type { InputRequest } from './backtest-input';
import type { Context } from './context';

/**
 * Up to where a durable job on the market history looks, which every worker can read.
 * @param instead what the command must not be given
 * @throws UserError when it is on something else, or there are no bars
 */
export async function durableEnd(
  context: Context,
  { source, l2, toMs, symbols }: Pick<InputRequest, 'source' | 'l2' | 'toMs' | 'symbols'>,
  instead: string,
): Promise<number> {
  if (source.data !== undefined || source.simulate || l2.length > 0)
    throw new UserError(
      `--durable works on the market history, which every worker can read: ${instead}.`,
      'Import the files first: ballast data import FOLDER',
    );
  return toMs ?? endOfStored(context, symbols);
}

/** Where the stored bars of these symbols end: the end of the one that ends first. */
async function endOfStored(context: Context, symbols: readonly string[]): Promise<number> {
  const series = (await (await context.history()).series()).filter(
    ({ kind }) => kind === HistoryKind.Candles,
  );
  const ends = symbols.map((symbol) => {
    const lasts = series.flatMap((one) => {
      const timeframe = Object.values(Timeframe).find((known) => known === one.timeframe);
      if (one.symbol !== symbol || timeframe === undefined || one.lastMs === null) return [];
      return [one.lastMs + timeframeMs(timeframe)];
    });
    if (lasts.length > 0) return Math.max(...lasts);
    throw new UserError(
      `The market history has no bars of ${symbol}.`,
      `Get some: ballast data download --symbol ${symbol}, or ballast data import FOLDER`,
    );
  });
  return Math.min(...ends);
}
