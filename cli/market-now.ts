import type { ExchangePort } from '../adapters/exchange/port';
import { listedQuotes } from '../adapters/exchange/try-each';
import { marketTimeAt, type ClockReading } from '../domain/clock';
import type { DecimalString } from '../domain/decimal';

/** The market at this moment, as far as views need it. */
export interface MarketNow {
  readonly clock: ClockReading;
  readonly marketTimeMs: number;
  readonly bids: ReadonlyMap<string, DecimalString>;
}

/** The clock's state in one word for people; `stale` when a mirrored market runs without its venue's data. */
export const marketState = ({ state, staleSinceMs }: ClockReading): string =>
  state === 'running' && staleSinceMs !== undefined ? 'stale' : state;

/** Asks the exchange; undefined when it does not answer, as most of a view is worth showing without it. */
export async function readMarket(
  { exchange }: { readonly exchange: () => Promise<ExchangePort> },
  symbols: readonly string[],
): Promise<MarketNow | undefined> {
  try {
    const port = await exchange();
    const [clock, { answers: quotes }] = await Promise.all([port.clock(), listedQuotes(port, symbols)]);
    return {
      clock,
      marketTimeMs: marketTimeAt(clock, Date.now()),
      bids: new Map(quotes.map(({ symbol, bid }) => [symbol, bid])),
    };
  } catch {
    return undefined;
  }
}
