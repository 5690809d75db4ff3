import type { Instrument } from '../engine/instrument';
import { Refusal } from '../engine/types';
import type { Venue } from '../venue';
import type { DepthIds } from './depth-ids';
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
}

/** @throws Refusal -1121. */
export function requireInstrument(context: Pick<ServerContext, 'instruments'>, symbol: string): Instrument {
  const instrument = context.instruments.get(symbol);
  if (instrument === undefined) throw new Refusal(-1121, 'Invalid symbol.');
  return instrument;
}
