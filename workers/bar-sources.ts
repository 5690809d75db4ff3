import { openBarSource, type BarSource } from '../adapters/exchange/bar-source';
import type { ExchangePort } from '../adapters/exchange/port';
import { EXCHANGE_SOURCE, historyVenue } from '../config/bar-source';
import { isEmulated, type BallastConfig } from '../config/config';

/** Sources of past candles, opened when they are first asked for. */
export interface BarSources {
  readonly barSource: (name: string) => Promise<BarSource>;
  readonly close: () => Promise<void>;
}

/**
 * The configured exchange is asked where it is, and the emulator by its own clock. Any other venue is asked at its public address; the
 * configured one at `market.live.restUrl` when that is set, as by mode `paper`.
 */
export function createBarSources(config: BallastConfig, exchange: Pick<ExchangePort, 'clock'>): BarSources {
  const opened = new Map<string, Promise<BarSource>>();
  const { venue: configured, requestTimeoutMs, restUrl } = config.exchange;

  async function open(name: string): Promise<BarSource> {
    const venue = name === EXCHANGE_SOURCE ? configured : name;
    const isExchange = name === EXCHANGE_SOURCE;
    const live = venue === configured ? config.market.live.restUrl : undefined;
    const source = await openBarSource({
      venue,
      requestTimeoutMs,
      restUrl: isExchange ? restUrl : live,
      ...(isExchange && isEmulated(config) && { nowMs: async () => (await exchange.clock()).marketTimeMs }),
    });
    return { ...source, venue: historyVenue(config, name) };
  }

  return {
    async barSource(name) {
      let source = opened.get(name);
      if (source === undefined) {
        source = open(name);
        opened.set(name, source);
        source.catch(() => opened.delete(name));
      }
      return source;
    },
    async close() {
      for (const source of opened.values()) await source.then((one) => one.close()).catch(() => undefined);
    },
  };
}
