import { timeframeMs, type Bar } from '../../domain/bar';
import type { CandleKey } from './port';
import type { Queryable } from './transaction';

interface CandleRow {
  readonly open_time_ms: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Keeps closed bars; a bar saved again replaces what was there. */
export async function saveCandles(db: Queryable, key: CandleKey, bars: readonly Bar[]): Promise<void> {
  if (bars.length === 0) return;
  const { venue, session, symbol, timeframe } = key;
  // The last of several bars of one time wins; one statement may touch a row only once.
  const unique = [...new Map(bars.map((bar) => [bar.openTimeMs, bar])).values()];
  const column = (name: keyof Bar): readonly number[] => unique.map((bar) => bar[name]);
  await db.query(
    `INSERT INTO candles AS known (venue, session, symbol, timeframe, open_time_ms, open, high, low, close, volume)
     SELECT $1, $2, $3, $4, * FROM unnest($5::bigint[], $6::float8[], $7::float8[], $8::float8[], $9::float8[], $10::float8[])
     ON CONFLICT (venue, session, symbol, timeframe, open_time_ms) DO UPDATE
     SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume
     WHERE (known.open, known.high, known.low, known.close, known.volume)
       IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)`,
    [
      venue,
      session,
      symbol,
      timeframe,
      column('openTimeMs'),
      column('open'),
      column('high'),
      column('low'),
      column('close'),
      column('volume'),
    ],
  );
}

export async function findCandles(
  db: Queryable,
  key: CandleKey,
  untilMs: number,
  limit: number,
): Promise<readonly Bar[]> {
  const { rows } = await db.query<CandleRow>(
    `SELECT open_time_ms, open, high, low, close, volume FROM candles
     WHERE venue = $1 AND session = $2 AND symbol = $3 AND timeframe = $4 AND open_time_ms <= $5
     ORDER BY open_time_ms DESC LIMIT $6`,
    [key.venue, key.session, key.symbol, key.timeframe, untilMs - timeframeMs(key.timeframe), limit],
  );
  const bars = rows.map(({ open_time_ms, ...prices }): Bar => ({
    openTimeMs: Number(open_time_ms),
    ...prices,
  }));
  return bars.reverse();
}
