/**
 * Every coded error of Ballast in one place: what went wrong as data, and what a failure of an exchange request proves
 * about the order that was in it.
 */

/** Why an order, an approval or a send was refused. Shown to people; stored in the journal. */
export const RefusalCode = {
  // risk: an entry was not granted
  MaxPosition: 'max-position',
  MaxExposure: 'max-exposure',
  MaxOpenPositions: 'max-open-positions',
  DailyLoss: 'daily-loss',
  Drawdown: 'drawdown',
  InsufficientFunds: 'insufficient-funds',
  BelowMinimum: 'below-minimum',
  RewardToRisk: 'reward-to-risk',
  InvalidStop: 'invalid-stop',
  AlreadyInPosition: 'already-in-position',
  NotActive: 'not-active',
  Paused: 'paused',
  /** A fast lane asks that is not the strategy's current one. */
  LaneSuperseded: 'lane-superseded',
  StaleData: 'stale-data',
  // send: the compare-and-set said no
  Expired: 'expired',
  Halted: 'halted',
  StaleEpoch: 'stale-epoch',
  NothingToReduce: 'nothing-to-reduce',
  NotCreated: 'not-created',
  Conflict: 'conflict',
} as const;
export type RefusalCode = (typeof RefusalCode)[keyof typeof RefusalCode];

/** What a failed request proves: nothing was executed for good, nothing was executed so far, or nothing at all. */
export const FailureKind = {
  Rejected: 'rejected',
  NotExecuted: 'not-executed',
  Ambiguous: 'ambiguous',
} as const;
export type FailureKind = (typeof FailureKind)[keyof typeof FailureKind];

/**
 * ccxt's error classes on order requests and what each proves. Looked up from the most derived class to the base, so
 * `OnMaintenance` is found before its parent `ExchangeNotAvailable`. A class that is not listed, or an error that is
 * not ccxt's at all (200 with an HTML page is a plain TypeError), is ambiguous.
 */
export const CCXT_FAILURES: Readonly<Record<string, FailureKind>> = {
  AuthenticationError: FailureKind.Rejected,
  PermissionDenied: FailureKind.Rejected,
  AccountSuspended: FailureKind.Rejected,
  BadRequest: FailureKind.Rejected,
  BadSymbol: FailureKind.Rejected,
  InsufficientFunds: FailureKind.Rejected,
  InvalidOrder: FailureKind.Rejected,
  NotSupported: FailureKind.Rejected,
  OperationRejected: FailureKind.Rejected,
  MarketClosed: FailureKind.Rejected,
  DDoSProtection: FailureKind.NotExecuted,
  RateLimitExceeded: FailureKind.NotExecuted,
  InvalidNonce: FailureKind.NotExecuted,
  OnMaintenance: FailureKind.NotExecuted,
  RequestTimeout: FailureKind.Ambiguous,
  NetworkError: FailureKind.Ambiguous,
  ExchangeNotAvailable: FailureKind.Ambiguous,
  OperationFailed: FailureKind.Ambiguous,
  ExchangeError: FailureKind.Ambiguous,
};

/**
 * Binance's codes that prove more than the class ccxt makes of them. -1008: the servers are overloaded and have not taken
 * the request. -2015: the key is refused, whatever it was good for before; ccxt takes that for a passing ban once a
 * request has succeeded, and a revoked key would be tried for ever.
 */
export const BINANCE_FAILURES: Readonly<Partial<Record<number, FailureKind>>> = {
  [-1008]: FailureKind.NotExecuted,
  [-2015]: FailureKind.Rejected,
};

/**
 * Binance's codes for an order that breaks the pair's rules (-1013 a filter, -1111 a precision): we may go by rules that
 * are no longer in force.
 */
export const RULE_CODES: ReadonlySet<number> = new Set([-1013, -1111]);

/** ccxt's classes of a request about a pair that the exchange does not know, or no longer (-1121), and about one whose market is closed for now. */
export const UNKNOWN_PAIR_CLASS = 'BadSymbol';
export const MARKET_CLOSED_CLASS = 'MarketClosed';

/** Messages that overrule the class: the id is already in use, so the order may well be live. Look it up. */
export const DUPLICATE_ORDER = /duplicate order|duplicate.*client|orderLinkId|\b(110072|170141|51016)\b/i;

/** The stop would trigger at once: the market is already beyond it. */
export const WOULD_TRIGGER = /would trigger immediately/i;

/**
 * An exchange request that failed, classified. `retryAfterMs` is the exchange's own wish, when it told one. The message
 * never holds keys or signatures.
 */
export class ExchangeFailure extends Error {
  override readonly name = 'ExchangeFailure';
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly detail: {
      readonly errorClass: string;
      readonly wouldTrigger?: boolean;
      /** The order breaks the pair's rules as they are now. */
      readonly breaksRules?: boolean;
      readonly retryAfterMs?: number;
    },
  ) {
    super(message);
  }
}

/**
 * What the outcome of a request says about the exchange: it `answers` (an order that it refuses is an answer), it
 * `refuses` us whatever we ask (rate limit, ban, revoked key, clock), it is `silent`, or `unknown`: the request never left.
 */
export const ExchangeMood = {
  Answers: 'answers',
  Refuses: 'refuses',
  Silent: 'silent',
  Unknown: 'unknown',
} as const;
export type ExchangeMood = (typeof ExchangeMood)[keyof typeof ExchangeMood];

const REFUSES = new Set([
  'AuthenticationError',
  'PermissionDenied',
  'AccountSuspended',
  'DDoSProtection',
  'RateLimitExceeded',
  'InvalidNonce',
  'CoolingDown',
]);

export function moodOf({ kind, detail }: ExchangeFailure): ExchangeMood {
  if (detail.errorClass === 'SendDeadlineExceeded') return ExchangeMood.Unknown;
  if (REFUSES.has(detail.errorClass)) return ExchangeMood.Refuses;
  return kind === FailureKind.Rejected ? ExchangeMood.Answers : ExchangeMood.Silent;
}

/** An error caused by what a person gave us. `hint` says what to do. */
export class UserError extends Error {
  override readonly name = 'UserError';
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}
