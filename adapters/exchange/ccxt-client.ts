import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ExchangeOptions } from './options';
import type { Fetch } from './transport';

type Parameters = Readonly<Record<string, string | number | boolean>>;
type Endpoint = (parameters?: Parameters) => Promise<unknown>;

/** ccxt.pro's client of one websocket. */
export interface CcxtSocket {
  readonly url: string;
  /** Wall time of the last answer to a ping, once there was one. */
  readonly lastPong?: number;
  readonly connection?: { terminate(): void };
  /** Rejects when the connection is lost. */
  future(hash: string): Promise<unknown>;
  resolve(result: unknown, hash: string): void;
  /** Rejects every future, stops the timers and makes ccxt forget this socket. */
  onError(error: Error): void;
}

/**
 * The part of ccxt.pro's `binance` that the adapter uses: its endpoints one by one, which sign, throttle and map errors.
 * ccxt's unified methods are left alone on purpose: they round quantities, need the whole exchange's markets (20 MB of
 * JSON) and turn exact strings into floats.
 */
export interface CcxtBinance {
  readonly fees: { readonly trading: { readonly maker: number; readonly taker: number } };
  readonly urls: { readonly api: Record<string, unknown> };
  handleMessage(socket: CcxtSocket, message: unknown): void;
  handleErrors(...response: readonly unknown[]): void;
  loadHttpProxyAgent(): Promise<unknown>;
  loadTimeDifference(): Promise<number>;
  setSandboxMode(enabled: boolean): void;
  signParams(parameters: Record<string, unknown>): Record<string, unknown>;
  requestId(url: string): number;
  client(url: string): CcxtSocket;
  watch(
    url: string,
    hash: string,
    message: object,
    subscribeHash: string,
    subscription: object,
  ): Promise<unknown>;
  close(): Promise<void>;

  readonly publicGetTime: Endpoint;
  readonly publicGetExchangeInfo: Endpoint;
  readonly publicGetKlines: Endpoint;
  readonly publicGetDepth: Endpoint;
  readonly publicGetAggTrades: Endpoint;
  readonly publicGetTicker24hr: Endpoint;
  readonly privateGetAccount: Endpoint;
  readonly privateGetOrder: Endpoint;
  readonly privateGetOpenOrders: Endpoint;
  readonly privateGetAllOrders: Endpoint;
  readonly privateGetMyTrades: Endpoint;
  readonly privatePostOrder: Endpoint;
  readonly privatePostOrderCancelReplace: Endpoint;
  readonly privateDeleteOrder: Endpoint;
  readonly sapiGetAssetTradeFee: Endpoint;
  readonly sapiGetAccountApiRestrictions: Endpoint;
  readonly fapiPublicGetFundingRate: Endpoint;
  readonly fapiDataGetGlobalLongShortAccountRatio: Endpoint;
}

type CcxtConstructor = new (config: object) => CcxtBinance;

/** Loads the one venue and not the package: half the memory and a third of the time. */
async function loadBinance(): Promise<CcxtConstructor> {
  // ccxt exports only the whole package, so the venue is imported by its file, found from the CommonJS entry.
  const file = join(dirname(require.resolve('ccxt')), '../js/src/pro/binance.js');
  const { default: Binance } = (await import(pathToFileURL(file).href)) as { default: CcxtConstructor };
  return Binance;
}

interface SocketUrls {
  /** Public market streams. */
  readonly spot: string;
  readonly 'ws-api': { readonly spot: string };
}

const spotSocketUrls = (base: string): SocketUrls => ({
  // ccxt tells spot from futures by `/stream` in the URL.
  spot: new URL('/stream/ws', base).href,
  'ws-api': { spot: new URL('/ws-api/v3', base).href },
});

const socketUrls = (client: CcxtBinance): SocketUrls => client.urls.api.ws as SocketUrls;

/** The websocket on which the user stream runs. */
export const userStreamUrl = (client: CcxtBinance): string => socketUrls(client)['ws-api'].spot;

/** The websockets of public market streams, which ccxt numbers from 1. */
export const marketStreamUrl = (client: CcxtBinance, connection: number): string =>
  `${socketUrls(client).spot}/${connection}`;

/** The servers which REST requests are meant for, as ccxt sees it: `https://api.binance.com` or the testnet. */
export function restOrigins(
  client: CcxtBinance,
  apis: readonly string[] = ['public', 'private', 'sapi'],
): ReadonlySet<string> {
  const urls = apis.map((api) => client.urls.api[api]).filter((url) => typeof url === 'string');
  return new Set(urls.map((url) => new URL(url).origin));
}

/**
 * An unmodified ccxt.pro binance client for spot. `fetchFor` makes the transport, given the servers that requests are
 * meant for. ccxt's own retries are off, since they would send orders again.
 */
export async function createCcxtClient(
  options: ExchangeOptions,
  staleAfterMs: number,
  fetchFor: (origins: ReadonlySet<string>) => Fetch,
): Promise<CcxtBinance> {
  const Binance = await loadBinance();
  const client = new Binance({
    apiKey: options.apiKey,
    secret: options.secret,
    timeout: options.requestTimeoutMs,
    enableRateLimit: options.throttle ?? true,
    maxRetriesOnFailure: 0,
    options: {
      defaultType: 'spot',
      recvWindow: options.recvWindowMs,
      // Whoever watches waits between the connections; ccxt's own waits cannot be aborted.
      ws: { backoff: { max: 0 } },
    },
    // Our watchdog alone judges a connection dead: ccxt pings, and never gives up by itself.
    streaming: {
      keepAlive: Math.ceil(staleAfterMs / 3),
      maxPingPongMisses: Infinity,
      connectionTimeout: options.requestTimeoutMs,
    },
  });
  if (options.sandbox === true) client.setSandboxMode(true);
  Object.assign(client, { fetchImplementation: fetchFor(restOrigins(client)) });
  if (options.wsUrl !== undefined) {
    // Every other websocket URL is dropped, so nothing can reach the real exchange by mistake.
    client.urls.api.ws = spotSocketUrls(options.wsUrl);
    // ccxt wants this before it opens a plain ws:// connection.
    await client.loadHttpProxyAgent();
  }
  return client;
}

/** A client without keys for public data of the futures beside the spot market; it opens no websocket. */
export async function createPublicClient(
  timeoutMs: number,
  fetchFor: (origins: ReadonlySet<string>) => Fetch,
): Promise<CcxtBinance> {
  const Binance = await loadBinance();
  const client = new Binance({ timeout: timeoutMs, enableRateLimit: true, maxRetriesOnFailure: 0 });
  return Object.assign(client, {
    fetchImplementation: fetchFor(restOrigins(client, ['fapiPublic', 'fapiData'])),
  });
}
