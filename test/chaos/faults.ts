import type { RandomStream } from '../../emulator/market/random';

/** A fault as `POST /emulator/faults` takes it. */
export type FaultRequest = Readonly<Record<string, unknown>>;

const ORDER = 'POST /api/v3/order';
const REPLACE = 'POST /api/v3/order/cancelReplace';
const CANCEL = 'DELETE /api/v3/order';
const LOOK_UP = 'GET /api/v3/order';
const ORDER_REQUESTS = [ORDER, ORDER, ORDER, REPLACE, REPLACE, CANCEL, LOOK_UP] as const;
const READS = [
  LOOK_UP,
  'GET /api/v3/allOrders',
  'GET /api/v3/openOrders',
  'GET /api/v3/myTrades',
  'GET /api/v3/account',
  'GET /api/v3/klines',
  'GET /api/v3/ticker/bookTicker',
] as const;

interface FaultRecipe {
  readonly weight: number;
  make(random: RandomStream): FaultRequest;
}

/** Every kind of fault with how often it is chosen. Money and time in them are drawn from `random` alone. */
const RECIPES: readonly FaultRecipe[] = [
  { weight: 4, make: (random) => ({ kind: 'reset-before', match: anyOf(random, ORDER_REQUESTS) }) },
  { weight: 4, make: (random) => ({ kind: 'reset-after', match: anyOf(random, ORDER_REQUESTS) }) },
  { weight: 2, make: (random) => ({ kind: 'hang-after', match: anyOf(random, ORDER_REQUESTS) }) },
  {
    weight: 3,
    make: (random) => ({
      kind: 'delay',
      match: anyOf(random, [...ORDER_REQUESTS, ...READS]),
      delayMs: whole(random, 100, 6_000),
    }),
  },
  {
    weight: 3,
    make: (random) => ({
      kind: 'status',
      match: anyOf(random, [...ORDER_REQUESTS, ...READS]),
      status: anyOf(random, [500, 502, 503, 504]),
      body: '<html>upstream</html>',
      times: whole(random, 1, 3),
    }),
  },
  {
    weight: 2,
    make: (random) => ({
      kind: 'status',
      match: anyOf(random, [...ORDER_REQUESTS, ...READS]),
      status: 200,
      body: '<html>not what you asked for</html>',
    }),
  },
  {
    weight: 2,
    make: (random) => ({
      kind: 'status',
      match: anyOf(random, [...ORDER_REQUESTS, ...READS]),
      status: anyOf(random, [429, 418]),
      body: { code: -1003, msg: 'Too many requests.' },
      headers: { 'retry-after': String(whole(random, 1, 2)) },
    }),
  },
  {
    weight: 2,
    make: (random) => {
      const [status, code, msg] = anyOf(random, CODES);
      return {
        kind: 'status',
        match: anyOf(random, ORDER_REQUESTS),
        status,
        body: { code, msg },
      };
    },
  },
  { weight: 2, make: (random) => ({ kind: 'reset-before', match: anyOf(random, READS), times: 2 }) },
];

const CODES = [
  [400, -1000, 'An unknown error occurred while processing the request.'],
  [400, -1001, 'Internal error; unable to process your request. Please try again.'],
  [400, -1006, 'An unexpected response was received from the message bus. Execution status unknown.'],
  [400, -1021, 'Timestamp for this request is outside of the recvWindow.'],
] as const;

export function anyFault(random: RandomStream): FaultRequest {
  const total = RECIPES.reduce((sum, { weight }) => sum + weight, 0);
  let left = random.uniform() * total;
  for (const recipe of RECIPES) {
    left -= recipe.weight;
    if (left < 0) return recipe.make(random);
  }
  return { kind: 'reset-before', match: ORDER };
}

/** One of them, each as likely as the others. */
export function anyOf<T>(random: RandomStream, from: readonly [T, ...T[]] | readonly T[]): T {
  const chosen = from[Math.min(from.length - 1, Math.floor(random.uniform() * from.length))];
  if (chosen === undefined) throw new Error('There is nothing to choose from.');
  return chosen;
}

/** A whole number from `low` to `high`, both included. */
export const whole = (random: RandomStream, low: number, high: number): number =>
  low + Math.min(high - low, Math.floor(random.uniform() * (high - low + 1)));
