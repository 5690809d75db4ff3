import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { lastCloseMs, openTimeOf, timeframeMs, type Bar, type Timeframe } from '../../domain/bar';
import { CCXT_FAILURES, FailureKind, UserError } from '../../domain/errors';
import { classNames } from './failure';

/** One answer of a venue: maybe not all that was asked for. */
export interface BarPage {
  readonly bars: readonly Bar[];
  /** The venue has told all that it knows from the asked start up to here. */
  readonly nextMs: number;
}

/** The past candles of one venue: public data, in pages. */
export interface BarSource {
  readonly venue: string;
  /** Market time. */
  nowMs(): Promise<number>;
  /**
   * Closed bars that open from `fromMs` to before `toMs`, oldest first, as many as one request gives.
   * @throws BarSourceError
   */
  page(request: {
    readonly symbol: string;
    readonly timeframe: Timeframe;
    readonly fromMs: number;
    readonly toMs: number;
  }): Promise<BarPage>;
  close(): Promise<void>;
}

/** A request that failed. `isFinal`: asking again is of no use. */
export class BarSourceError extends Error {
  override readonly name = 'BarSourceError';

  constructor(
    message: string,
    readonly isFinal: boolean,
  ) {
    super(message);
  }
}

export interface BarSourceOptions {
  /** ccxt's name of the venue. */
  readonly venue: string;
  /** Sends requests to another server that speaks the venue's protocol, e.g. the emulator. */
  readonly restUrl?: string | undefined;
  readonly requestTimeoutMs: number;
  /** Market time of a redirected venue; the venue's own, or this machine's, when absent. */
  readonly nowMs?: (() => Promise<number>) | undefined;
}

/** What is used of ccxt: its unified methods for public data are the same for every venue. */
interface CcxtVenue {
  readonly has: Readonly<Record<string, unknown>>;
  readonly timeframes?: Readonly<Record<string, unknown>>;
  readonly options: Record<string, unknown>;
  loadMarkets(): Promise<unknown>;
  market(symbol: string): unknown;
  featureValue(symbol: string, method: string, parameter: string): unknown;
  fetchOHLCV(symbol: string, timeframe: string, since: number, limit: number): Promise<unknown>;
  fetchTime(): Promise<unknown>;
  close(): Promise<void>;
}

/** Time, prices, volume; some venues leave the volume out. */
const candles = z.array(
  z.tuple([z.int(), z.number(), z.number(), z.number(), z.number()]).rest(z.number().nullish()),
);

/** Asked of a venue that does not say how much it answers at once. */
const DEFAULT_LIMIT = 500;
/** More than any venue answers; ccxt's own paging is not used. */
const MAX_LIMIT = 1_000;

/** Opens a venue of ccxt; nothing is sent until the first call. @throws UserError when ccxt has no such venue */
export async function openBarSource(options: BarSourceOptions): Promise<BarSource> {
  const { venue } = options;
  const client = await loadVenue(options);
  let markets: Promise<unknown> | undefined;
  const ready = async (symbol: string, timeframe: Timeframe): Promise<void> => {
    markets ??= client.loadMarkets();
    try {
      await markets;
    } catch (error) {
      markets = undefined;
      throw error;
    }
    client.market(symbol);
    if (client.has.fetchOHLCV !== true || client.timeframes?.[timeframe] === undefined)
      throw new BarSourceError(`${venue} has no candles of ${timeframe}.`, true);
  };
  const nowMs =
    options.nowMs ??
    (async (): Promise<number> =>
      client.has.fetchTime === true ? z.int().parse(await client.fetchTime()) : Date.now());
  return {
    venue,
    nowMs: () => classified(venue, nowMs),
    page: ({ symbol, timeframe, fromMs, toMs }) =>
      classified(venue, async () => {
        await ready(symbol, timeframe);
        const length = timeframeMs(timeframe);
        const limit = pageLimit(client, symbol);
        const closedMs = lastCloseMs(await nowMs(), timeframe);
        const rows = candles.parse(await client.fetchOHLCV(symbol, timeframe, fromMs, limit));
        const told = rows.map(barOf);
        const odd = told.find(({ openTimeMs }) => openTimeOf(openTimeMs, timeframe) !== openTimeMs);
        if (odd !== undefined)
          throw new BarSourceError(
            `${venue} begins bars of ${timeframe} at ${new Date(odd.openTimeMs).toISOString()}, where no other does: take finer ones.`,
            true,
          );
        const bars = told.filter(
          ({ openTimeMs }) => openTimeMs >= fromMs && openTimeMs < toMs && openTimeMs + length <= closedMs,
        );
        const newest = told.at(-1);
        // Nothing, or only what is older: there is nothing in the whole span that was asked for.
        const isNothing = newest === undefined || newest.openTimeMs < fromMs;
        return { bars, nextMs: isNothing ? fromMs + limit * length : newest.openTimeMs + length };
      }),
    close: () => client.close(),
  };
}

const barOf = ([openTimeMs, open, high, low, close, volume]: z.infer<typeof candles>[number]): Bar => ({
  ...{ openTimeMs, open, high, low, close, volume: volume ?? 0 },
});

function pageLimit(client: CcxtVenue, symbol: string): number {
  const limit = z
    .int()
    .positive()
    .safeParse(client.featureValue(symbol, 'fetchOHLCV', 'limit'));
  return Math.min(limit.data ?? DEFAULT_LIMIT, MAX_LIMIT);
}

/** Loads the one venue and not the package. Its requests wait for each other at the venue's own pace. */
async function loadVenue({ venue, restUrl, requestTimeoutMs }: BarSourceOptions): Promise<CcxtVenue> {
  // ccxt exports only the whole package, so the venue is imported by its file, found from the CommonJS entry.
  const file = join(dirname(require.resolve('ccxt')), '../js/src', `${venue}.js`);
  if (!/^[a-z0-9]+$/.test(venue) || !existsSync(file))
    throw new UserError(
      `ccxt knows no venue "${venue}".`,
      'Name it as ccxt does, e.g. binance, kraken or okx.',
    );
  const { default: Venue } = (await import(pathToFileURL(file).href)) as {
    default: new (config: object) => CcxtVenue;
  };
  const client = new Venue({
    enableRateLimit: true,
    timeout: requestTimeoutMs,
    maxRetriesOnFailure: 0,
    options: { defaultType: 'spot', fetchCurrencies: false },
  });
  if (restUrl !== undefined) {
    Object.assign(client, { fetchImplementation: redirectedFetch(restUrl) });
    client.options.fetchMarkets = { types: ['spot'] };
  }
  return client;
}

/** Requests keep their real names for ccxt, which picks its error table by URL. */
const redirectedFetch = (restUrl: string) => (url: string, init: RequestInit) => {
  const { pathname, search } = new URL(url);
  return fetch(new URL(pathname + search, restUrl), init);
};

async function classified<T>(venue: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof BarSourceError) throw error;
    const names = classNames(error);
    const isFinal = names.some((name) => CCXT_FAILURES[name] === FailureKind.Rejected);
    const message = error instanceof Error ? error.message : String(error);
    throw new BarSourceError(`${venue}: ${message.slice(0, 300)}`, isFinal);
  }
}
