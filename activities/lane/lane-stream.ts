import { once } from 'node:events';
import type { ExchangePort, MarketEvent, MarketWatchRequest } from '../../adapters/exchange/port';
import { isUnlisted } from '../../adapters/exchange/try-each';

/**
 * Tells news of the market until `stop` aborts. A pair that is not listed any more keeps nobody from the others; when none is, there is
 * nothing to hear, and whoever misses a bar asks for it.
 */
export async function watchListed(
  exchange: Pick<ExchangePort, 'watchMarket' | 'isListed'>,
  request: MarketWatchRequest,
  hear: (event: MarketEvent) => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  try {
    await exchange.watchMarket(request, hear, stop);
  } catch (error) {
    if (!isUnlisted(error)) throw error;
    const listed = await listedOf(exchange, request);
    if (listed.bars.length > 0) await exchange.watchMarket(listed, hear, stop);
    else if (!stop.aborted) await once(stop, 'abort');
  }
}

async function listedOf(
  exchange: Pick<ExchangePort, 'isListed'>,
  { bars, trades }: MarketWatchRequest,
): Promise<MarketWatchRequest> {
  const pairs = [...new Set(bars.map(({ symbol }) => symbol))];
  const listed = await Promise.all(pairs.map((pair) => exchange.isListed(pair)));
  const isListed = (symbol: string): boolean => listed[pairs.indexOf(symbol)] === true;
  return { bars: bars.filter(({ symbol }) => isListed(symbol)), trades: trades.filter(isListed) };
}
