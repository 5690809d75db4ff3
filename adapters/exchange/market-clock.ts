import type { ClockReading } from '../../domain/clock';
import { ExchangeFailure, FailureKind } from '../../domain/errors';
import { emulatorClockPayload, timePayload } from './binance-payloads';
import type { Gateway } from './gateway';
import { HttpClient } from './http-client';
import type { ExchangeOptions } from './options';
import type { ExchangePort } from './port';

type ClockPort = Pick<ExchangePort, 'clock' | 'clockSkewMs'>;

interface ServerTime {
  readonly serverTimeMs: number;
  /** Our wall time half-way between question and answer. */
  readonly wallTimeMs: number;
}

/** The two clocks: a real exchange's market time is its server time; the emulator tells its own. */
export function createClock(gateway: Gateway, httpClient: HttpClient, options: ExchangeOptions): ClockPort {
  const fetchServerTime = async (): Promise<ServerTime> => {
    const askedMs = Date.now();
    const { serverTime } = await gateway.call({
      schema: timePayload,
      send: (client) => client.publicGetTime(),
    });
    return { serverTimeMs: serverTime, wallTimeMs: Math.round((askedMs + Date.now()) / 2) };
  };

  return {
    async clock() {
      if (options.clock === 'emulator') return readEmulatorClock(httpClient, options);
      const { serverTimeMs, wallTimeMs } = await fetchServerTime();
      return realReading(wallTimeMs, serverTimeMs);
    },
    async clockSkewMs() {
      const { serverTimeMs, wallTimeMs } = await fetchServerTime();
      return serverTimeMs - wallTimeMs;
    },
  };
}

const realReading = (wallTimeMs: number, marketTimeMs: number): ClockReading => ({
  ...{ wallTimeMs, marketTimeMs, speed: 1, session: 'live', state: 'running' },
});

/**
 * Market time for a process that does nothing else at an exchange, and shall not load a client for it: the emulator's own clock, or for a
 * real market this machine's, which `ballast doctor` holds to the exchange's.
 */
export function createBareClock(
  options: Pick<ExchangeOptions, 'clock' | 'requestTimeoutMs'> & { readonly restUrl?: string | undefined },
): Pick<ExchangePort, 'clock'> & { readonly close: () => void } {
  const httpClient = new HttpClient();
  return {
    clock() {
      if (options.clock === 'emulator') return readEmulatorClock(httpClient, options);
      const nowMs = Date.now();
      return Promise.resolve(realReading(nowMs, nowMs));
    },
    close: () => {
      httpClient.close();
    },
  };
}

async function readEmulatorClock(
  httpClient: HttpClient,
  { restUrl, requestTimeoutMs }: { readonly restUrl?: string | undefined; readonly requestTimeoutMs: number },
): Promise<ClockReading> {
  const url = new URL('/emulator/clock', restUrl).href;
  try {
    const { body } = await httpClient.send(url, { signal: AbortSignal.timeout(requestTimeoutMs) });
    const { sessionId, live, ...reading } = emulatorClockPayload.parse(JSON.parse(body));
    const staleSinceMs = live?.staleSinceMs ?? null;
    return { ...reading, session: sessionId, ...(staleSinceMs !== null && { staleSinceMs }) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExchangeFailure(
      FailureKind.NotExecuted,
      `The emulator's clock could not be read at ${url}: ${reason}`,
      {
        errorClass: 'EmulatorClock',
      },
    );
  }
}
