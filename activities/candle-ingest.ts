import type { ExchangePort } from '../adapters/exchange/port';
import type { CandleKey, Journal } from '../adapters/store/port';
import { timeframeMs, type Bar } from '../domain/bar';

/** Bars asked for beyond what is missing, so that a bar the exchange corrected late is corrected here. */
const OVERLAP_BARS = 2;
/** The furthest that a strategy may look back; the exchange is asked for them page by page. */
const MAX_BARS = 10_000;

/**
 * Brings the journal's bars of a symbol up to the one that closes at `barCloseMs`.
 * @param lookback how many bars the journal is to hold then
 * @returns the newest bar that the exchange told; undefined when it told none
 */
export type CandleIngest = (key: CandleKey, barCloseMs: number, lookback: number) => Promise<Bar | undefined>;

/** The last time that one symbol's bars were brought up to date, or are being. */
interface Ingestion {
  readonly session: string;
  readonly barCloseMs: number;
  readonly lookback: number;
  readonly newest: Promise<Bar | undefined>;
  /** Close of the bar up to which the journal is known to hold the whole lookback; null while that is not known. */
  completeToMs: number | null;
}

/**
 * Strategies on the same bars of a symbol want the same of the exchange at the same moment: it is asked once, and the
 * journal is not read for what this process has just written there. Only what was found is shared: a bar that is missing
 * is asked for again, and a failure forgets what was known of its symbol.
 */
export function createCandleIngest(
  exchange: Pick<ExchangePort, 'bars'>,
  store: Pick<Journal, 'candles' | 'saveCandles'>,
): CandleIngest {
  const last = new Map<string, Ingestion>();

  async function fetchMissing(
    key: CandleKey,
    { barCloseMs, lookback }: Pick<Ingestion, 'barCloseMs' | 'lookback'>,
    completeToMs: number | null,
  ): Promise<readonly Bar[]> {
    const { symbol, timeframe } = key;
    const missing =
      completeToMs === null
        ? lookback
        : Math.round((barCloseMs - completeToMs) / timeframeMs(timeframe)) + OVERLAP_BARS;
    const limit = Math.min(Math.max(missing, OVERLAP_BARS), MAX_BARS);
    const fetched = await exchange.bars({ symbol, timeframe, limit, untilMs: barCloseMs });
    await store.saveCandles(key, fetched);
    return fetched;
  }

  /** Asks the journal up to where it is complete. */
  async function journaledToMs(key: CandleKey, barCloseMs: number, lookback: number): Promise<number | null> {
    const known = await store.candles(key, barCloseMs, lookback);
    const newest = known.at(-1);
    return newest === undefined || known.length < lookback
      ? null
      : newest.openTimeMs + timeframeMs(key.timeframe);
  }

  function begin(key: CandleKey, barCloseMs: number, lookback: number, knownToMs: number | null): Ingestion {
    const run = async (): Promise<Bar | undefined> => {
      const completeToMs = knownToMs ?? (await journaledToMs(key, barCloseMs, lookback));
      const fetched = await fetchMissing(key, { barCloseMs, lookback }, completeToMs);
      const newest = fetched.at(-1);
      if (newest !== undefined && (completeToMs !== null || fetched.length >= lookback))
        ingestion.completeToMs = newest.openTimeMs + timeframeMs(key.timeframe);
      return newest;
    };
    const newest = Promise.resolve().then(run);
    const ingestion: Ingestion = { session: key.session, barCloseMs, lookback, newest, completeToMs: null };
    return ingestion;
  }

  return async (key, barCloseMs, lookback) => {
    const name = [key.venue, key.symbol, key.timeframe].join(' ');
    const earlier = last.get(name);
    const serves = earlier?.session === key.session && earlier.lookback >= lookback;
    if (serves && earlier.barCloseMs === barCloseMs) {
      const newest = await earlier.newest;
      if (newest?.openTimeMs === barCloseMs - timeframeMs(key.timeframe)) return newest;
    }
    const knownToMs = serves && earlier.barCloseMs < barCloseMs ? earlier.completeToMs : null;
    const ingestion = begin(key, barCloseMs, lookback, knownToMs);
    last.set(name, ingestion);
    try {
      return await ingestion.newest;
    } catch (error) {
      if (last.get(name) === ingestion) last.delete(name);
      throw error;
    }
  };
}
