import type { ExchangePort } from '../adapters/exchange/port';
import type { CandleKey, Journal } from '../adapters/store/port';
import { timeframeMs, type Bar } from '../domain/bar';
import { columnsOf } from '../domain/bar-columns';
import { assessQuality, isSound } from '../domain/quality/quality';
import type { Reason } from '../domain/strategy';
import type { Reference } from './reference';

/** Bars asked for beyond what is missing, so that a bar the exchange corrected late is corrected here. */
const OVERLAP_BARS = 2;
/** The furthest that a strategy may look back; the exchange is asked for them page by page. */
const MAX_BARS = 10_000;

/** A symbol's bars, brought up to date. */
export interface Ingested {
  /** The newest bar that the exchange told; undefined when it told none. */
  readonly newest: Bar | undefined;
  /** Why no position may be opened on these bars; empty when one may. */
  readonly doubts: readonly Reason[];
}

/**
 * Brings the journal's bars of a symbol up to the one that closes at `barCloseMs`, and judges them.
 * @param lookback how many bars the journal is to hold then
 */
export type CandleIngest = (key: CandleKey, barCloseMs: number, lookback: number) => Promise<Ingested>;

/** The last time that one symbol's bars were brought up to date, or are being. */
interface Ingestion {
  readonly session: string;
  readonly barCloseMs: number;
  readonly lookback: number;
  readonly result: Promise<Ingested>;
  /** The lookback as it was told, oldest first: what is judged without another look into the journal. */
  bars: readonly Bar[];
  /** Close of the bar up to which the journal is known to hold the whole lookback; null while that is not known. */
  completeToMs: number | null;
}

/**
 * Strategies on the same bars of a symbol want the same of the exchange at the same moment: it is asked once, and the
 * journal is not read for what this process has just written there. Only what was found is shared: a bar that is missing
 * is asked for again, and a failure forgets what was known of its symbol.
 * @param reference another venue, asked beside the exchange; absent: nobody is
 */
export function createCandleIngest(
  exchange: Pick<ExchangePort, 'bars'>,
  store: Pick<Journal, 'candles' | 'saveCandles'>,
  reference?: Reference,
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
    // What cannot be true explains no decision; it is judged all the same.
    await store.saveCandles(key, fetched.filter(isSound));
    return fetched;
  }

  function begin(
    key: CandleKey,
    barCloseMs: number,
    lookback: number,
    earlier: Pick<Ingestion, 'bars' | 'completeToMs'> | undefined,
  ): Ingestion {
    const length = timeframeMs(key.timeframe);
    const run = async (): Promise<Ingested> => {
      const elsewhere = reference?.bars(key, barCloseMs) ?? [];
      const known = earlier?.bars ?? (await store.candles(key, barCloseMs, lookback));
      const completeToMs = earlier?.completeToMs ?? completeTo(known, lookback, length);
      const fetched = await fetchMissing(key, { barCloseMs, lookback }, completeToMs);
      const newest = fetched.at(-1);
      if (newest !== undefined && (completeToMs !== null || fetched.length >= lookback))
        ingestion.completeToMs = newest.openTimeMs + length;
      ingestion.bars = merge(known, fetched).slice(-lookback);
      return { newest, doubts: doubtsOf(key, ingestion.bars, reference, await elsewhere) };
    };
    const result = Promise.resolve().then(run);
    const { session } = key;
    const ingestion: Ingestion = { session, barCloseMs, lookback, result, bars: [], completeToMs: null };
    return ingestion;
  }

  return async (key, barCloseMs, lookback) => {
    const name = [key.venue, key.symbol, key.timeframe].join(' ');
    const earlier = last.get(name);
    const serves = earlier?.session === key.session && earlier.lookback >= lookback;
    if (serves && earlier.barCloseMs === barCloseMs) {
      const result = await earlier.result;
      if (result.newest?.openTimeMs === barCloseMs - timeframeMs(key.timeframe)) return result;
    }
    const goesOn = serves && earlier.barCloseMs < barCloseMs && earlier.completeToMs !== null;
    const ingestion = begin(key, barCloseMs, lookback, goesOn ? earlier : undefined);
    last.set(name, ingestion);
    try {
      return await ingestion.result;
    } catch (error) {
      if (last.get(name) === ingestion) last.delete(name);
      throw error;
    }
  };
}

/** Close of the bar up to which a journal holds the whole lookback; null when it does not. */
function completeTo(known: readonly Bar[], lookback: number, lengthMs: number): number | null {
  const newest = known.at(-1);
  return newest === undefined || known.length < lookback ? null : newest.openTimeMs + lengthMs;
}

/** Bars by time; what was told last goes before what was known. */
function merge(known: readonly Bar[], told: readonly Bar[]): readonly Bar[] {
  const byTime = new Map([...known, ...told].map((bar) => [bar.openTimeMs, bar]));
  return [...byTime.values()].sort((a, b) => a.openTimeMs - b.openTimeMs);
}

/** Why no position may be opened on these bars; empty when one may. @param elsewhere the same bars as the other venue tells them */
export function doubtsOf(
  { timeframe }: Pick<CandleKey, 'timeframe'>,
  bars: readonly Bar[],
  reference: Reference | undefined,
  elsewhere: readonly Bar[],
): readonly Reason[] {
  if (bars.length === 0) return [];
  const series = { timeframe, bars: columnsOf(bars) };
  const report = assessQuality({
    series,
    ...(reference !== undefined && {
      reference: { timeframe, bars: columnsOf(elsewhere) },
      referenceName: reference.venue,
      maxDivergence: reference.maxDivergence,
    }),
  });
  return report.blocksAt(bars.length - 1);
}
