import { accountRoutes } from './account-routes';
import { Refusal } from '../engine/types';
import { isDelisted, type ServerContext } from './context';
import { ApiError } from './errors';
import { marketRoutes } from './market-routes';
import { orderRoutes } from './order-routes';
import type { Params } from './params';
import type { RateLimiter } from './rate-limits';
import { Access, type Route } from './route';
import type { AccountKey, Security } from './security';

/** Is there such an endpoint? `key` is `METHOD path`. */
export const isRoute = (key: string): boolean => ROUTES.has(key);

const ROUTES: ReadonlyMap<string, Route> = new Map(
  [...marketRoutes, ...orderRoutes, ...accountRoutes].map((route) => [route.key, route]),
);

/** One request, whichever way it came in. */
export interface Call {
  /** `METHOD path`. */
  readonly key: string;
  readonly params: Params;
  /** The caller's address: what request weight is counted by. */
  readonly address: string;
  readonly apiKey: string | undefined;
  /** The text that the signature must sign. */
  readonly payload: string;
}

export interface Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Limits, security, then the route's handler: the same for REST and for the websocket API. */
export class Dispatcher {
  constructor(
    private readonly context: ServerContext,
    private readonly security: Security,
    private readonly limiter: RateLimiter,
  ) {}

  /** @throws ApiError or Refusal. What has happened before is on the disk when it returns or throws. */
  async call(call: Call): Promise<Answer> {
    try {
      return await this.run(call);
    } finally {
      await this.context.venue.settled();
    }
  }

  /** Checks key and signature of a call that is no route. */
  identify(call: Omit<Call, 'key' | 'address'>): AccountKey {
    const key = this.security.identify(call.apiKey);
    this.security.authenticate(key, call.params, call.payload);
    return key;
  }

  /**
   * Orders meet the book of now: while a mirrored one is not, they wait a moment, before their timestamps are checked.
   * @throws ApiError 503, which an exchange in maintenance answers, when the data stays stale.
   */
  private async requireLiveBook(symbol: string | undefined): Promise<void> {
    const { source } = this.context.venue;
    if (source.live === undefined || symbol === undefined) return;
    if (!source.symbols.some((spec) => spec.symbol === symbol)) return;
    if (await source.live.isReady(symbol)) return;
    const { staleSinceMs, reason } = source.live.status();
    throw new ApiError(503, 1, 'System is under maintenance.', { data: { staleSinceMs, reason } });
  }

  private async run(call: Call): Promise<Answer> {
    const route = ROUTES.get(call.key);
    if (route === undefined) {
      throw new ApiError(
        404,
        -1,
        `The emulator does not offer ${call.key}; docs/emulator.md lists what it does.`,
      );
    }
    this.checkListed(call.params);
    if (route.newOrders !== undefined) await this.requireLiveBook(call.params.text('symbol'));
    const weight = typeof route.weight === 'number' ? route.weight : route.weight(call.params);
    const weightHeaders = this.limiter.chargeWeight(call.address, weight);
    if (route.access === Access.Public) {
      return { headers: weightHeaders, body: await route.handle(this.context, call.params) };
    }
    const key = this.identify(call);
    await this.context.faults.raceCancellation(call.key, call.params, key.account);
    let orderHeaders = {};
    for (let count = 0; count < (route.newOrders ?? 0); count += 1)
      orderHeaders = this.limiter.chargeOrder(key.account);
    return {
      headers: { ...weightHeaders, ...orderHeaders },
      body: await route.handle(this.context, call.params, key),
    };
  }

  /** @throws Refusal -1121 for a symbol that is no longer listed. */
  private checkListed(params: Params): void {
    const named = [params.text('symbol') ?? [], params.list('symbols') ?? []].flat();
    if (named.some((symbol) => isDelisted(this.context.venue, symbol)))
      throw new Refusal(-1121, 'Invalid symbol.');
  }
}
