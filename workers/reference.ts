import type { Log } from '../activities/deps';
import type { MarketClock } from '../activities/market-clock';
import { createReference, type Reference } from '../activities/reference';
import { openBarSource } from '../adapters/exchange/bar-source';
import type { BallastConfig } from '../config/config';

/**
 * The venue of `market.reference`; undefined when there is none. Nothing is sent before the first bar. It is asked by the clock of the
 * market that is traded: a bar that has closed here is compared, and the venue need not be asked for its time.
 * @throws UserError when ccxt has no such venue
 */
export async function openReference(
  config: {
    readonly market: Pick<BallastConfig['market'], 'reference'>;
    readonly exchange: Pick<BallastConfig['exchange'], 'requestTimeoutMs'>;
  },
  clock: Pick<MarketClock, 'nowMs'>,
  log: Log,
): Promise<{ readonly reference: Reference; readonly close: () => Promise<void> } | undefined> {
  const settings = config.market.reference;
  if (settings === undefined) return undefined;
  const { venue, restUrl, pairs, maxDivergence } = settings;
  const { requestTimeoutMs } = config.exchange;
  const source = await openBarSource({ venue, restUrl, requestTimeoutMs, nowMs: () => clock.nowMs() });
  log.info({ venue, maxDivergence }, `candles are held against those of ${venue}`);
  return {
    reference: createReference({ source, maxDivergence, pairs, log }),
    close: () => source.close(),
  };
}
