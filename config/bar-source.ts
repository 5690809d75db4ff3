import { isEmulated, type BallastConfig } from './config';

/** The configured exchange as a source of candles, whatever it is. */
export const EXCHANGE_SOURCE = 'exchange';
/** Under which the emulator's candles are kept: they are nobody's real ones. */
const EMULATOR_VENUE = 'emulator';

/** The venue under which a source's candles are kept. */
export function historyVenue(config: Pick<BallastConfig, 'exchange'>, source: string): string {
  if (source !== EXCHANGE_SOURCE) return source;
  return isEmulated(config) ? EMULATOR_VENUE : config.exchange.venue;
}
