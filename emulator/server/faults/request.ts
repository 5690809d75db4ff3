import { z } from 'zod';
import { OrderType, Side, TradingStatus } from '../../engine/types';
import { ANSWER_CODES, isUnclear, type AnswerCode } from './answers';

/** `before`: instead of the request; nothing is accepted. `after`: the request is carried out and journaled first. */
export const Phase = { Before: 'before', After: 'after' } as const;
export type Phase = (typeof Phase)[keyof typeof Phase];

const DEFAULT_RETRY_AFTER_S = 1;

/** How often a fault strikes: that many times, or as long as it is planned. */
const times = z.union([z.int().positive(), z.literal('always')]);

const common = {
  times: times.default(1),
  /** Lets the first so many occasions pass. */
  skip: z.int().nonnegative().default(0),
  /** Of striking at each occasion; drawn from `seed`, so that the same occasions give the same strikes. */
  probability: z.number().gt(0).max(1).default(1),
  seed: z.int().nonnegative().default(1),
  /** UTC milliseconds between which the fault may strike; it is forgotten once the window has passed. */
  window: z
    .strictObject({
      clock: z.enum(['wall', 'market']).default('wall'),
      fromMs: z.int().optional(),
      untilMs: z.int().optional(),
    })
    .default({ clock: 'wall' }),
};
const lasting = { ...common, times: times.default('always') };
/** States rather than events: they hold until the window ends or the fault is called off. */
const holding = { ...common, times: z.literal('always').default('always') };

/**
 * `METHOD /path`, either half of which may be `*`, or `*` for every request. A request of the websocket API goes by the
 * REST endpoint's name, or as `WS method` when there is none.
 */
const endpoint = z
  .string()
  .regex(
    /^(\*|(GET|POST|PUT|DELETE|\*) (\*|\/\S*)|WS \S+)$/,
    'must be like "POST /api/v3/order", "GET *", "WS userDataStream.subscribe.signature" or "*"',
  )
  .default('*');
/** `ws:user`, `ws:market`, `ws:*`, or one stream: `ws:btcusdt@trade`. */
const stream = z
  .string()
  .regex(
    /^ws:(\*|user|market|\S+@\S+)$/,
    'must be like "ws:user", "ws:market", "ws:*" or "ws:btcusdt@trade"',
  );
/** A whole connection: it cannot be told apart by stream. */
const connection = z.enum(['ws:user', 'ws:market', 'ws:*']);

const phase = z.enum(Phase).default(Phase.Before);
const delayMs = z.int().nonnegative().max(600_000).default(1000);
const retryAfterS = z.int().nonnegative().default(DEFAULT_RETRY_AFTER_S);
const message = z.string().optional();
/** Decimal strings as in `exchangeInfo`. */
const amount = z.string().optional();
/** Which open orders: all that fit what is given. */
const orderFilter = {
  symbol: z.string().optional(),
  clientOrderId: z.string().optional(),
  orderType: z.enum(OrderType).optional(),
  side: z.enum(Side).optional(),
};

/** Breaks the request or its answer. */
const requestFaults = [
  z.strictObject({
    kind: z.enum(['reset-before', 'reset-after', 'hang-before', 'hang-after']),
    match: endpoint,
    ...common,
  }),
  z.strictObject({
    kind: z.literal('status'),
    match: endpoint,
    ...common,
    phase,
    status: z.int().min(200).max(599).default(503),
    /** A body that is not text is sent as JSON. */
    body: z.unknown().default(''),
    headers: z.record(z.string(), z.string()).default({}),
  }),
  /** An HTML page (`garbage`) or nothing (`empty`) where JSON belongs. */
  z.strictObject({
    kind: z.enum(['garbage', 'empty']),
    match: endpoint,
    ...common,
    phase,
    status: z.int().min(200).max(599).default(200),
  }),
  z
    .strictObject({
      kind: z.literal('code'),
      match: endpoint,
      ...common,
      phase,
      code: z.union([z.int(), z.string()]).transform(String).pipe(z.enum(ANSWER_CODES)),
      message,
      retryAfterS,
    })
    .refine(
      (fault: { phase: Phase; code: AnswerCode }) => fault.phase === 'before' || isUnclear(fault.code),
      {
        path: ['phase'],
        error: `can be "after" only for ${ANSWER_CODES.filter(isUnclear).join(', ')}: the other codes say that nothing was executed`,
      },
    ),
  z.strictObject({
    kind: z.literal('rate-limit'),
    match: endpoint,
    ...common,
    status: z.union([z.literal(429), z.literal(418)]).default(429),
    retryAfterS,
  }),
  z.strictObject({ kind: z.literal('delay'), match: endpoint, ...common, phase, delayMs }),
  z.strictObject({ kind: z.literal('maintenance'), ...lasting }),
] as const;

/** Changes how the exchange carries a request out, or what it shows of it. */
const executionFaults = [
  /** A cancellation arrives too late: the order fills in the same instant. */
  z.strictObject({ kind: z.literal('cancel-loses'), match: endpoint, ...common }),
  /** One half of a cancelReplace is refused. */
  z.strictObject({
    kind: z.literal('replace-fails'),
    ...common,
    half: z.enum(['cancellation', 'placement']),
    code: z.int().negative().default(-2010),
    message: z.string().default('Account has insufficient balance for requested action.'),
  }),
  /** Queries do not show a new order, or its trades, for `delayMs` of wall time. */
  z.strictObject({
    kind: z.literal('hidden-order'),
    symbol: z.string().optional(),
    ...common,
    delayMs,
  }),
  /** Stops and take-profits wait on, without a word, though the market has reached them. */
  z.strictObject({ kind: z.literal('hold-stops'), symbol: z.string().optional(), ...holding }),
  /** The server's clock is off by `skewMs`. */
  z.strictObject({ kind: z.literal('clock-skew'), ...holding, skewMs: z.int() }),
] as const;

/** What the exchange does of its own accord, at once or when the window opens; journaled. */
const exchangeFaults = [
  z.strictObject({
    kind: z.enum(['cancel-order', 'expire-order', 'fill-order']),
    ...common,
    ...orderFilter,
  }),
  z.strictObject({
    kind: z.literal('rules'),
    ...common,
    symbol: z.string(),
    tickSize: amount,
    stepSize: amount,
    minQuantity: amount,
    maxQuantity: amount,
    minNotional: amount,
  }),
  z.strictObject({
    kind: z.literal('trading-status'),
    ...common,
    symbol: z.string(),
    status: z.enum(TradingStatus),
  }),
] as const;

/** Happens to websocket events and connections. */
const streamFaults = [
  z.strictObject({
    kind: z.enum(['ws-gap', 'ws-duplicate', 'ws-reorder']),
    match: stream.default('ws:*'),
    ...common,
  }),
  z.strictObject({ kind: z.literal('ws-mute'), match: stream.default('ws:*'), ...holding }),
  z.strictObject({ kind: z.literal('ws-stale'), match: connection.default('ws:*'), ...holding }),
  z.strictObject({ kind: z.literal('ws-refuse'), match: connection.default('ws:*'), ...lasting }),
  z.strictObject({ kind: z.literal('ws-disconnect'), match: connection.default('ws:*'), ...common }),
  z.strictObject({
    kind: z.literal('ws-terminated'),
    match: z.literal('ws:user').default('ws:user'),
    ...common,
  }),
] as const;

/** A fault to plan: `POST /emulator/faults`. docs/emulator.md says what each kind does. */
export const faultRequest = z.discriminatedUnion('kind', [
  ...requestFaults,
  ...executionFaults,
  ...exchangeFaults,
  ...streamFaults,
]);
export type FaultRequest = z.output<typeof faultRequest>;
export type FaultKind = FaultRequest['kind'];
/** The requests of faults of these kinds. */
export type FaultOf<K extends FaultKind> = OfKind<FaultRequest, K>;
type OfKind<R extends FaultRequest, K extends FaultKind> = R extends FaultRequest
  ? [R['kind'] & K] extends [never]
    ? never
    : R
  : never;

/** Does an endpoint pattern cover `METHOD /path`? */
export function coversEndpoint(match: string, key: string): boolean {
  if (match === '*') return true;
  const [method, path] = match.split(' ');
  const [calledMethod, calledPath] = key.split(' ');
  return (method === '*' || method === calledMethod) && (path === '*' || path === calledPath);
}

/** Does a stream pattern cover a stream on a channel? */
export function coversStream(match: string, channel: 'user' | 'market', name: string): boolean {
  return match === 'ws:*' || match === `ws:${channel}` || match === `ws:${name}`;
}
