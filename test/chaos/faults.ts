import type { z } from 'zod';
import type { RandomStream } from '../../domain/random';
import type { faultRequest } from '../../emulator/server/faults/request';

/** A fault as `POST /emulator/faults` takes it. */
export type FaultRequest = z.input<typeof faultRequest>;

/** A fault of the schedule. Times are relative, so that it is the same in every run. */
export interface ScheduledFault {
  readonly request: FaultRequest;
  /** How long it holds, for faults that last; wall milliseconds. */
  readonly forMs?: number;
  /** What is planned in its place after `forMs`, for acts that have to be undone. */
  readonly undo?: FaultRequest;
  /** While it holds the exchange cannot be expected to take orders. */
  readonly isDeaf?: boolean;
}

const ORDER = 'POST /api/v3/order';
const REPLACE = 'POST /api/v3/order/cancelReplace';
const CANCEL = 'DELETE /api/v3/order';
const LOOK_UP = 'GET /api/v3/order';
/** As often as they matter. */
const ORDER_REQUESTS = [ORDER, ORDER, ORDER, REPLACE, REPLACE, CANCEL, LOOK_UP] as const;
const REQUESTS = [
  ...ORDER_REQUESTS,
  LOOK_UP,
  'GET /api/v3/allOrders',
  'GET /api/v3/openOrders',
  'GET /api/v3/myTrades',
  'GET /api/v3/account',
  'GET /api/v3/klines',
  'GET /api/v3/ticker/bookTicker',
  '*',
] as const;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'BNBUSDT'] as const;
const STREAMS = ['ws:user', 'ws:user', 'ws:market', 'ws:*'] as const;
const PHASES = ['before', 'after'] as const;
/** Below what the order path allows an exchange to hide an order for. */
const MAX_HIDDEN_MS = 1_800;

type Recipe = (random: RandomStream) => ScheduledFault;

/** Every kind of fault, with how often it is chosen. */
const RECIPES: readonly (readonly [weight: number, Recipe])[] = [
  [4, (random) => ({ request: { kind: 'reset-before', match: anyOf(random, ORDER_REQUESTS) } })],
  [4, (random) => ({ request: { kind: 'reset-after', match: anyOf(random, ORDER_REQUESTS) } })],
  [1, (random) => ({ request: { kind: 'hang-before', match: anyOf(random, ORDER_REQUESTS) } })],
  [2, (random) => ({ request: { kind: 'hang-after', match: anyOf(random, ORDER_REQUESTS) } })],
  [2, (random) => ({ request: { kind: 'reset-before', match: anyOf(random, REQUESTS), times: 3 } })],
  [3, delayed],
  [3, gatewayError],
  [2, (random) => ({ request: { kind: 'garbage', ...anywhere(random) } })],
  [1, (random) => ({ request: { kind: 'empty', ...anywhere(random) } })],
  [2, clearCode],
  [3, unclearCode],
  [2, rateLimit],
  [1, (random) => ({ request: { kind: 'maintenance' }, forMs: whole(random, 500, 3_000), isDeaf: true })],
  [2, (random) => ({ request: { kind: 'cancel-loses', match: anyOf(random, [REPLACE, REPLACE, CANCEL]) } })],
  [
    3,
    (random) => ({ request: { kind: 'replace-fails', half: anyOf(random, ['cancellation', 'placement']) } }),
  ],
  [3, (random) => ({ request: { kind: 'hidden-order', delayMs: whole(random, 200, MAX_HIDDEN_MS) } })],
  [1, clockSkew],
  [2, ownAct],
  [1, marketBreak],
  [3, streamEvents],
  [2, streamSilence],
  [1, (random) => ({ request: { kind: 'ws-disconnect', match: anyOf(random, ['ws:user', 'ws:*']) } })],
  [1, () => ({ request: { kind: 'ws-terminated' } })],
];

export function anyFault(random: RandomStream): ScheduledFault {
  const total = RECIPES.reduce((sum, [weight]) => sum + weight, 0);
  let left = random.uniform() * total;
  const chosen = RECIPES.find(([weight]) => (left -= weight) < 0);
  if (chosen === undefined) throw new Error('There are no faults to choose from.');
  return chosen[1](random);
}

function anywhere(random: RandomStream) {
  return { match: anyOf(random, REQUESTS), phase: anyOf(random, PHASES) };
}

function delayed(random: RandomStream): ScheduledFault {
  return { request: { kind: 'delay', ...anywhere(random), delayMs: whole(random, 100, 6_000) } };
}

function gatewayError(random: RandomStream): ScheduledFault {
  const status = anyOf(random, [500, 502, 503, 504]);
  return { request: { kind: 'status', ...anywhere(random), status, times: whole(random, 1, 3) } };
}

/** Nothing was executed. */
function clearCode(random: RandomStream): ScheduledFault {
  const code = anyOf(random, ['-1003', '-1008', '-1015', '-1021', '-2010']);
  return { request: { kind: 'code', match: anyOf(random, ORDER_REQUESTS), code } };
}

/** Nobody knows. */
function unclearCode(random: RandomStream): ScheduledFault {
  const code = anyOf(random, ['-1000', '-1001', '-1006', '-1007']);
  return {
    request: { kind: 'code', match: anyOf(random, ORDER_REQUESTS), code, phase: anyOf(random, PHASES) },
  };
}

function rateLimit(random: RandomStream): ScheduledFault {
  const status = anyOf(random, [429, 429, 418] as const);
  return { request: { kind: 'rate-limit', match: anyOf(random, REQUESTS), status, retryAfterS: 1 } };
}

function clockSkew(random: RandomStream): ScheduledFault {
  const skewMs = anyOf(random, [-1, 1]) * whole(random, 800, 8_000);
  return { request: { kind: 'clock-skew', skewMs }, forMs: whole(random, 1_000, 4_000), isDeaf: true };
}

/** Somebody at the exchange ends, or fills, one of our orders. */
function ownAct(random: RandomStream): ScheduledFault {
  const kind = anyOf(random, ['cancel-order', 'expire-order', 'fill-order'] as const);
  const orderType = anyOf(random, ['STOP_LOSS', 'STOP_LOSS', 'LIMIT'] as const);
  return { request: { kind, orderType, symbol: anyOf(random, SYMBOLS) } };
}

function marketBreak(random: RandomStream): ScheduledFault {
  const symbol = anyOf(random, SYMBOLS);
  return {
    request: { kind: 'trading-status', symbol, status: 'BREAK' },
    forMs: whole(random, 500, 3_000),
    undo: { kind: 'trading-status', symbol, status: 'TRADING' },
    isDeaf: true,
  };
}

function streamEvents(random: RandomStream): ScheduledFault {
  const kind = anyOf(random, ['ws-gap', 'ws-gap', 'ws-duplicate', 'ws-reorder'] as const);
  return { request: { kind, match: anyOf(random, STREAMS), times: whole(random, 1, 6) } };
}

function streamSilence(random: RandomStream): ScheduledFault {
  const kind = anyOf(random, ['ws-mute', 'ws-stale', 'ws-refuse'] as const);
  const match = anyOf(random, ['ws:user', 'ws:*'] as const);
  return { request: { kind, match }, forMs: whole(random, 1_000, 8_000) };
}

/** One of them, each as likely as the others. */
export function anyOf<const T>(random: RandomStream, from: readonly T[]): T {
  const chosen = from[Math.floor(random.uniform() * from.length)];
  if (chosen === undefined) throw new Error('There is nothing to choose from.');
  return chosen;
}

/** A whole number from `low` to `high`, both included. */
export const whole = (random: RandomStream, low: number, high: number): number =>
  low + Math.floor(random.uniform() * (high - low + 1));
