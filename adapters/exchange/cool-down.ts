import type { HttpResponse } from './http-client';

const MS_PER_SECOND = 1_000;
/** The longest ban that Binance speaks of: three days. A longer wish is a mistake. */
const MAX_WAIT_MS = 3 * 86_400_000;
/** "Too many new orders": only orders are to wait, questions are not. */
const TOO_MANY_ORDERS = -1015;

/** The exchange has asked to be left alone; the request was not sent. */
export class CoolingDown extends Error {
  override readonly name = 'CoolingDown';
  constructor(readonly remainingMs: number) {
    super(
      `Not sent: the exchange wants no requests for another ${Math.ceil(remainingMs / MS_PER_SECOND)} s.`,
    );
  }
}

/** The exchange's wish in `Retry-After`, in milliseconds; undefined when it has none that can be read. */
export function retryAfterMs(headers: HttpResponse['headers'] | undefined): number | undefined {
  const header = headers?.['retry-after'];
  if (header === undefined || !/^\d+$/.test(header)) return undefined;
  return Math.min(Number(header) * MS_PER_SECOND, MAX_WAIT_MS);
}

/** The code of Binance's error payload; undefined for anything else. */
export function errorCodeOf(body: string | undefined): number | undefined {
  if (body === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(body);
    const code = typeof parsed === 'object' && parsed !== null && 'code' in parsed ? parsed.code : undefined;
    return typeof code === 'number' ? code : undefined;
  } catch {
    return undefined; // an HTML page or nothing at all
  }
}

/**
 * Keeps what the exchange asks for with 429 and 418. Whoever goes on asking is banned, and whoever asks in a ban is banned
 * for longer, so that until then no request leaves, whoever makes it.
 */
export class CoolDown {
  private allFromMs = 0;
  private ordersFromMs = 0;

  /** @param nowMs a clock that never leaps, or a wait might last for days. */
  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  learn({ status, headers, body }: HttpResponse): void {
    if (status !== 429 && status !== 418) return;
    const fromMs = this.nowMs() + (retryAfterMs(headers) ?? 0);
    if (errorCodeOf(body) === TOO_MANY_ORDERS) this.ordersFromMs = Math.max(this.ordersFromMs, fromMs);
    else this.allFromMs = Math.max(this.allFromMs, fromMs);
  }

  /** @throws CoolingDown while requests of that kind are not wanted. */
  check(placesOrder: boolean): void {
    const fromMs = placesOrder ? Math.max(this.allFromMs, this.ordersFromMs) : this.allFromMs;
    const remainingMs = Math.ceil(fromMs - this.nowMs());
    if (remainingMs > 0) throw new CoolingDown(remainingMs);
  }
}
