import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';

import { MarketDataError, MarketDataErrorCode } from './errors';

/** A recorded price and quantity, as the exchange wrote them. */
type TextLevel = readonly [price: string, quantity: string];

interface Snapshot {
  readonly kind: 'snapshot';
  readonly lastUpdateId: number;
  readonly bids: readonly TextLevel[];
  readonly asks: readonly TextLevel[];
}

interface DepthDiff {
  readonly kind: 'depth';
  readonly firstUpdateId: number;
  readonly lastUpdateId: number;
  readonly bids: readonly TextLevel[];
  readonly asks: readonly TextLevel[];
}

interface Trade {
  readonly kind: 'trade';
  readonly price: string;
  readonly quantity: string;
  readonly buyerIsMaker: boolean;
}

/** The exchange's own best bid and ask: kept for checking the rebuilt book, not part of it. */
interface BookTicker {
  readonly kind: 'bookTicker';
  readonly updateId: number;
  readonly bid: TextLevel;
  readonly ask: TextLevel;
}

export type L2Event = Snapshot | DepthDiff | Trade | BookTicker;

/** One recorded line. `timeMs` is the recorder's local clock in UTC milliseconds, rounded down. */
export interface L2Line {
  readonly line: number;
  readonly timeMs: number;
  readonly event: L2Event;
}

const levels = z.array(z.tuple([z.string(), z.string()]));
const snapshotSchema = z.object({ lastUpdateId: z.number(), bids: levels, asks: levels });
const depthSchema = z.object({ U: z.number(), u: z.number(), b: levels, a: levels });
const tradeSchema = z.object({ p: z.string(), q: z.string(), m: z.boolean() });
const tickerSchema = z.object({
  u: z.number(),
  b: z.string(),
  B: z.string(),
  a: z.string(),
  A: z.string(),
});
const envelopeSchema = z.object({ stream: z.string().optional(), data: z.unknown().optional() });

function parseEvent(payload: unknown): L2Event {
  const { stream, data } = envelopeSchema.parse(payload);
  if (stream === undefined) return { kind: 'snapshot', ...snapshotSchema.parse(payload) };
  if (stream.includes('@depth')) {
    const diff = depthSchema.parse(data);
    return { kind: 'depth', firstUpdateId: diff.U, lastUpdateId: diff.u, bids: diff.b, asks: diff.a };
  }
  if (stream.endsWith('@trade')) {
    const trade = tradeSchema.parse(data);
    return { kind: 'trade', price: trade.p, quantity: trade.q, buyerIsMaker: trade.m };
  }
  if (stream.endsWith('@bookTicker')) {
    const ticker = tickerSchema.parse(data);
    return { kind: 'bookTicker', updateId: ticker.u, bid: [ticker.b, ticker.B], ask: [ticker.a, ticker.A] };
  }
  throw new Error(`unknown stream "${stream}"`);
}

/** `invalid-data` about one line of a recording. */
export const invalidL2 = (path: string, line: number, problem: string): MarketDataError =>
  new MarketDataError(
    MarketDataErrorCode.InvalidData,
    `${path} line ${line}: ${problem}`,
    'Use an uninterrupted recording: lines of "<local nanoseconds> <json>" with depth diffs, trades and one REST depth snapshot.',
  );

/** Nanoseconds since 1970 have nineteen digits until 2286; the first thirteen are the milliseconds. */
const TIME = /^(\d{13})\d{6} /;

/** The lines of a gzipped text file, as a stream; read errors and broken gzip end it with an error. */
async function* readGzipLines(path: string): AsyncGenerator<string> {
  // The callback's error is the one that the iteration throws.
  const text = pipeline(createReadStream(path), createGunzip(), () => undefined).setEncoding('utf8');
  let rest = '';
  for await (const chunk of text) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/**
 * Streams a recording (gzip; `<local ns> <json>` lines of Binance's combined stream plus the REST depth snapshot).
 * Throws `invalid-data`, naming file and line, for a line that cannot be read or goes back in time.
 */
export async function* readL2File(path: string): AsyncGenerator<L2Line> {
  let line = 0;
  let previousMs = 0;
  try {
    for await (const text of readGzipLines(path)) {
      line++;
      const time = TIME.exec(text);
      if (!time) throw new Error('it does not begin with a local time in nanoseconds');
      const timeMs = Number(time[1]);
      if (timeMs < previousMs) throw new Error(`its local time ${timeMs} is before the previous line's`);
      previousMs = timeMs;
      yield { line, timeMs, event: parseEvent(JSON.parse(text.slice(time[0].length))) };
    }
  } catch (error) {
    if (error instanceof MarketDataError) throw error;
    throw invalidL2(path, line, error instanceof z.ZodError ? z.prettifyError(error) : String(error));
  }
}
