import { ApiError } from './errors';

export interface RateLimits {
  /** Request weight per wall-clock minute and address. */
  readonly weightPerMinute: number;
  /** New orders per ten wall-clock seconds and account. */
  readonly ordersPerTenSeconds: number;
  readonly ordersPerDay: number;
  /** Requests refused with 429 within one minute after which the address is banned with 418. */
  readonly refusalsBeforeBan: number;
  /** How long a ban lasts, in wall-clock milliseconds. */
  readonly banMs: number;
}

export const BINANCE_LIMITS: RateLimits = {
  weightPerMinute: 6000,
  ordersPerTenSeconds: 100,
  ordersPerDay: 200_000,
  refusalsBeforeBan: 20,
  banMs: 120_000,
};

const MINUTE_MS = 60_000;
const TEN_SECONDS_MS = 10_000;
const DAY_MS = 86_400_000;

/** A count that starts again with every window of the wall clock. */
class WindowCount {
  private window = -1;
  private count = 0;

  constructor(private readonly lengthMs: number) {}

  add(amount: number, nowMs: number): number {
    const window = Math.floor(nowMs / this.lengthMs);
    if (window !== this.window) this.count = 0;
    this.window = window;
    this.count += amount;
    return this.count;
  }

  /** Whole seconds until the window ends, at least one. */
  secondsLeft(nowMs: number): number {
    return Math.max(1, Math.ceil((this.lengthMs - (nowMs % this.lengthMs)) / 1000));
  }
}

interface Address {
  readonly weight: WindowCount;
  readonly refusals: WindowCount;
  bannedUntilMs: number;
}

/** Counts request weight by address and new orders by account, on wall time, and refuses as Binance does. */
export class RateLimiter {
  private readonly addresses = new Map<string, Address>();
  private readonly orders = new Map<string, readonly [WindowCount, WindowCount]>();

  constructor(
    readonly limits: RateLimits,
    private readonly wallMs: () => number,
  ) {}

  /**
   * @returns the headers that report the weight used.
   * @throws ApiError 429 beyond the limit, 418 while banned; both say when to come back.
   */
  chargeWeight(address: string, weight: number): Record<string, string> {
    const nowMs = this.wallMs();
    const entry = this.addressOf(address);
    const used = entry.weight.add(weight, nowMs).toString();
    const headers = { 'x-mbx-used-weight': used, 'x-mbx-used-weight-1m': used };
    if (entry.bannedUntilMs > nowMs) throw this.banned(entry.bannedUntilMs, nowMs, headers);
    if (Number(used) <= this.limits.weightPerMinute) return headers;
    if (entry.refusals.add(1, nowMs) > this.limits.refusalsBeforeBan) {
      entry.bannedUntilMs = nowMs + this.limits.banMs;
      throw this.banned(entry.bannedUntilMs, nowMs, headers);
    }
    const message = `Too much request weight used; current limit is ${this.limits.weightPerMinute} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`;
    const retryAfter = entry.weight.secondsLeft(nowMs).toString();
    throw new ApiError(429, -1003, message, { headers: { ...headers, 'retry-after': retryAfter } });
  }

  /** Counts one new order of the account. @returns the headers that report the counts. @throws ApiError 429 with -1015. */
  chargeOrder(account: string): Record<string, string> {
    const nowMs = this.wallMs();
    const counts =
      this.orders.get(account) ?? ([new WindowCount(TEN_SECONDS_MS), new WindowCount(DAY_MS)] as const);
    this.orders.set(account, counts);
    const [short, day] = counts;
    const used = [short.add(1, nowMs), day.add(1, nowMs)] as const;
    const headers = {
      'x-mbx-order-count-10s': used[0].toString(),
      'x-mbx-order-count-1d': used[1].toString(),
    };
    const { ordersPerTenSeconds, ordersPerDay } = this.limits;
    if (used[0] > ordersPerTenSeconds)
      throw tooManyOrders(`${ordersPerTenSeconds} orders per 10 SECOND`, short, nowMs, headers);
    if (used[1] > ordersPerDay) throw tooManyOrders(`${ordersPerDay} orders per 1 DAY`, day, nowMs, headers);
    return headers;
  }

  private banned(untilMs: number, nowMs: number, headers: Record<string, string>): ApiError {
    const message = `Way too much request weight used; IP banned until ${untilMs}. Please use WebSocket Streams for live updates to avoid bans.`;
    const retryAfter = Math.ceil((untilMs - nowMs) / 1000).toString();
    return new ApiError(418, -1003, message, { headers: { ...headers, 'retry-after': retryAfter } });
  }

  private addressOf(address: string): Address {
    const entry = this.addresses.get(address) ?? {
      weight: new WindowCount(MINUTE_MS),
      refusals: new WindowCount(MINUTE_MS),
      bannedUntilMs: 0,
    };
    this.addresses.set(address, entry);
    return entry;
  }
}

function tooManyOrders(
  limit: string,
  window: WindowCount,
  nowMs: number,
  headers: Record<string, string>,
): ApiError {
  return new ApiError(429, -1015, `Too many new orders; current limit is ${limit}.`, {
    headers: { ...headers, 'retry-after': window.secondsLeft(nowMs).toString() },
  });
}
