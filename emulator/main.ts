import type { Speed } from './clock';
import { createInstrument } from './engine/instrument';
import type { FeeRates } from './engine/matching';
import { formatUnits } from './engine/units';
import type { MarketSource } from './market/source';
import { openVenue, type OpeningBalances } from './open-venue';
import { faultLogPath } from './server/faults/log';
import { BINANCE_LIMITS, type RateLimits } from './server/rate-limits';
import { startServer } from './server/server';

/** An account with its key. Its balances count only when the account is first opened. */
export interface AccountOptions extends OpeningBalances {
  readonly apiKey: string;
  readonly secret: string;
}

/** The documented demonstration account. Its key opens nothing but an emulator on this machine. */
export const DEMO_ACCOUNT: AccountOptions = {
  name: 'demo',
  apiKey: 'ballast-demo-key',
  secret: 'ballast-demo-secret',
  balances: { USDT: '10000' },
};

export type LogLevel = 'info' | 'error';

export interface EmulatorOptions {
  /** TCP port on 127.0.0.1; 0 picks a free one. */
  readonly port: number;
  readonly source: MarketSource;
  /** Market time per wall time, or `max`. A mirrored market has that of its venue and takes 1 only. */
  readonly speed: Speed;
  /** Start with the clock standing still. */
  readonly paused?: boolean;
  /** The folder of the exchange's record; a session in it is continued. */
  readonly journalDir: string;
  readonly accounts?: readonly AccountOptions[];
  /** Never compact the journal, so that the whole session can be read from it event by event; false by default. */
  readonly keepHistory?: boolean;
  /** Fees in basis points of the received amount, 10 each by default. */
  readonly fees?: { readonly makerBps: number; readonly takerBps: number };
  readonly limits?: Partial<RateLimits>;
  /** Told what happens; nothing is logged by default. Secrets are never among the fields. */
  readonly log?: (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;
  /** Called when the exchange can no longer keep its record: it has to be stopped. Logged in any case. */
  readonly onFailure?: (error: unknown) => void;
}

export interface RunningEmulator {
  readonly url: string;
  readonly wsUrl: string;
  /** The first account's key and secret. */
  readonly apiKey: string;
  readonly secret: string;
  readonly sessionId: string;
  /** Stops in order: no more requests, everything on the disk, the journal released. */
  close(): Promise<void>;
}

/**
 * Starts an exchange in this process.
 * @throws when the port or the journal folder is taken, the journal belongs to another market, or an option is wrong.
 */
export async function startEmulator(options: EmulatorOptions): Promise<RunningEmulator> {
  const { source, speed, journalDir, log } = options;
  const accounts = options.accounts ?? [DEMO_ACCOUNT];
  const [first] = accounts;
  if (first === undefined) throw new Error('the emulator needs at least one account');
  if (source.live !== undefined && (speed !== 1 || options.paused === true)) {
    throw new Error(
      'a mirrored market keeps the time of its venue: speed must be 1, and it cannot be paused',
    );
  }
  const fees = feeRates(options.fees ?? { makerBps: 10, takerBps: 10 });
  const instruments = new Map(source.symbols.map((spec) => [spec.symbol, createInstrument(spec)]));
  const onFailure = (error: unknown): void => {
    log?.('error', 'the exchange has failed', { error: String(error) });
    options.onFailure?.(error);
  };
  const paused = options.paused ?? false;
  const { venue, journal } = await openVenue({
    source,
    instruments,
    fees,
    journalDir,
    speed,
    paused,
    accounts,
    keepHistory: options.keepHistory ?? false,
    onFailure,
  });
  const server = await startServer({
    port: options.port,
    venue,
    instruments,
    keys: accounts.map(({ name, apiKey, secret }) => ({ account: name, apiKey, secret })),
    limits: { ...BINANCE_LIMITS, ...options.limits },
    makerFee: feeText(fees.makerPpm),
    takerFee: feeText(fees.takerPpm),
    faultLogPath: faultLogPath(journalDir),
    onError: (error, request) => log?.('error', 'a request has failed', { request, error: String(error) }),
  }).catch(async (error: unknown) => {
    await source.live?.close();
    await journal.close();
    throw error;
  });
  venue.start();
  const { sessionId } = venue.session;
  log?.('info', 'the exchange is open', { port: server.port, sessionId, market: source.description, speed });
  return {
    url: `http://127.0.0.1:${server.port}`,
    wsUrl: `ws://127.0.0.1:${server.port}`,
    apiKey: first.apiKey,
    secret: first.secret,
    sessionId,
    close: async () => {
      await server.close();
      await venue.stop();
      await journal.close();
      log?.('info', 'the exchange is closed', { sessionId });
    },
  };
}

const PPM_PER_BPS = 100;
const UNITS_PER_PPM = 100n;

function feeRates({
  makerBps,
  takerBps,
}: {
  readonly makerBps: number;
  readonly takerBps: number;
}): FeeRates {
  const ppm = (bps: number): bigint => {
    if (!(bps >= 0 && bps < 10_000))
      throw new Error(`a fee is ${bps} bps; it must be at least 0 and below 10000`);
    return BigInt(Math.round(bps * PPM_PER_BPS));
  };
  return { makerPpm: ppm(makerBps), takerPpm: ppm(takerBps) };
}

function feeText(ppm: bigint): string {
  return formatUnits(ppm * UNITS_PER_PPM);
}
