import { z } from 'zod';
import { UserError } from '../../domain/errors';

/** What the adapter tells about itself; pino's loggers fit. Fields never hold keys, signatures or query strings. */
export interface ExchangeLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ExchangeOptions {
  readonly venue: 'binance';
  /** Without keys only market data can be read. */
  readonly apiKey?: string;
  readonly secret?: string;
  /** Sends REST requests to another server, e.g. the emulator's `http://127.0.0.1:8080`, instead of the exchange. */
  readonly restUrl?: string;
  /** The same for the websocket API: only scheme, host and port, e.g. `ws://127.0.0.1:8080`. */
  readonly wsUrl?: string;
  /** The exchange's testnet. */
  readonly sandbox?: boolean;
  /** Who tells market time: the exchange's own wall clock, or the emulator's market clock. */
  readonly clock: 'wall' | 'emulator';
  /** Limit for one request, from the first byte sent to the last byte read. */
  readonly requestTimeoutMs: number;
  /** How old a signed request may be on arrival; at most 5,000, which the proof of absence relies on. */
  readonly recvWindowMs: number;
  /** Keep to the exchange's request rate by waiting; true unless told otherwise. The emergency stop turns it off. */
  readonly throttle?: boolean;
  /** Watched symbols: polled over REST while the user stream cannot be had. */
  readonly symbols?: readonly string[];
  readonly stream?: Partial<StreamTiming>;
  readonly logger?: ExchangeLogger;
}

/** All in wall milliseconds. */
export interface StreamTiming {
  /** Neither a message nor an answer to a ping for so long: the connection is dead. */
  readonly staleAfterMs: number;
  /** The first wait before connecting again; doubles with every failure in a row. */
  readonly minBackoffMs: number;
  /** The longest wait, and so the slowest pace of polling. */
  readonly maxBackoffMs: number;
  /** A connection that lived for so long starts the waits over. */
  readonly healthyAfterMs: number;
  /** How often open orders are compared with what the user stream has told of them. */
  readonly auditEveryMs: number;
  /** How long after such a look the news may still arrive. */
  readonly auditGraceMs: number;
}

export const DEFAULT_STREAM_TIMING: StreamTiming = {
  staleAfterMs: 30_000,
  minBackoffMs: 250,
  maxBackoffMs: 5_000,
  healthyAfterMs: 10_000,
  auditEveryMs: 10_000,
  auditGraceMs: 1_000,
};

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be a http:// or https:// URL' });
const wsUrl = z.url({ protocol: /^wss?$/, error: 'must be a ws:// or wss:// URL' });
const positiveMs = z.int().positive();

const optionsSchema = z
  .object({
    venue: z.literal('binance'),
    apiKey: z.string().min(1).optional(),
    secret: z.string().min(1).optional(),
    restUrl: httpUrl.optional(),
    wsUrl: wsUrl.optional(),
    clock: z.enum(['wall', 'emulator']),
    requestTimeoutMs: positiveMs,
    recvWindowMs: positiveMs.max(5_000),
    stream: z
      .object({
        staleAfterMs: positiveMs,
        minBackoffMs: positiveMs,
        maxBackoffMs: positiveMs,
        healthyAfterMs: positiveMs,
        auditEveryMs: positiveMs,
        auditGraceMs: positiveMs,
      })
      .partial()
      .optional(),
  })
  .refine((options) => (options.restUrl === undefined) === (options.wsUrl === undefined), {
    path: ['wsUrl'],
    error:
      'restUrl and wsUrl must be given together, or one half of the traffic would go to the real exchange',
  })
  .refine((options) => options.clock !== 'emulator' || options.restUrl !== undefined, {
    path: ['restUrl'],
    error: "the clock 'emulator' needs the emulator's restUrl",
  });

/** @throws UserError naming each option at fault and what is allowed; values are not told, as they may be secret. */
export function checkOptions(options: ExchangeOptions): void {
  const { error } = optionsSchema.safeParse(options);
  if (error === undefined) return;
  const faults = error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new UserError(
    `The exchange options are not valid: ${faults.join('; ')}.`,
    'Correct the exchange section of the configuration.',
  );
}
