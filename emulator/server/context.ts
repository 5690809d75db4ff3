import type { Instrument } from '../engine/instrument';
import { Refusal, TradingStatus } from '../engine/types';
import type { Venue } from '../venue';
import type { DepthIds } from './depth-ids';
import type { ExecutionFaults } from './faults/execution-faults';
import type { RateLimits } from './rate-limits';

/** What route handlers work with. */
export interface ServerContext {
  readonly venue: Venue;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly depthIds: DepthIds;
  readonly limits: RateLimits;
  /** Fee rates as Binance writes them, e.g. `0.00100000`. */
  readonly makerFee: string;
  readonly takerFee: string;
  /** Wall time, UTC milliseconds. */
  readonly wallMs: () => number;
  /** Wall time as the exchange tells it: off by as much as a fault wants it to be. */
  readonly serverMs: () => number;
  readonly faults: ExecutionFaults;
}

/** @throws Refusal -1121. */
export function requireInstrument(context: Pick<ServerContext, 'instruments'>, symbol: string): Instrument {
  const instrument = context.instruments.get(symbol);
  if (instrument === undefined) throw new Refusal(-1121, 'Invalid symbol.');
  return instrument;
}

/** Every symbol that the exchange still lists. */
export function listedSymbols({ instruments, venue }: ServerContext): string[] {
  return [...instruments.keys()].filter((symbol) => !isDelisted(venue, symbol));
}

/** Has the exchange stopped listing the symbol? Its old orders then can no longer be asked about. */
export function isDelisted({ exchange }: Venue, symbol: string): boolean {
  return exchange.state.statusOf(symbol) === TradingStatus.Delisted;
}
