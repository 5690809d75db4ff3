/** Why a model gave no answer. Each kind decides what is done next: see {@link isWorthRetrying} and {@link isModelsFault}. */
export const ModelFailureKind = {
  /** The time that the question had is over. */
  Deadline: 'deadline',
  /** Too many requests, or the quota is used up. */
  RateLimited: 'rate-limited',
  /** The model, or its vendor's filter, declines to answer. */
  Refused: 'refused',
  /** It answered, and not with what was asked for. */
  Malformed: 'malformed',
  /** Nobody answers, or the server fails. */
  Unavailable: 'unavailable',
  /** Whoever asked does not want the answer any more. */
  Cancelled: 'cancelled',
  /** The server takes neither this request nor its repetition: a wrong key, an unknown model, a text that is too long. */
  Rejected: 'rejected',
  /** The month's budget does not cover the call; nothing was sent. */
  OverBudget: 'over-budget',
  /** Replaying, and this answer was never recorded; nothing was sent. */
  NotRecorded: 'not-recorded',
} as const;
export type ModelFailureKind = (typeof ModelFailureKind)[keyof typeof ModelFailureKind];

/** What is known of a call that failed. */
export interface FailureDetail {
  /** Milliseconds the server asks to wait. */
  readonly retryAfterMs?: number;
  /** What the model said, when it said anything: for the record and for a repair. */
  readonly raw?: string;
  /** What it cost, when the vendor told. */
  readonly usage?: TokenUsage;
}

export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A call of a model that failed, classified. The message holds no key; the vendor's error is not kept, since its request may. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  constructor(
    readonly kind: ModelFailureKind,
    message: string,
    readonly detail: FailureDetail = {},
  ) {
    super(message);
  }
}

/** True when the same request may succeed soon. */
export const isWorthRetrying = ({ kind }: ModelFailure): boolean =>
  kind === ModelFailureKind.RateLimited || kind === ModelFailureKind.Unavailable;

/** True when the failure says that the model is not to be relied on now, so that its circuit breaker counts it. */
export const isModelsFault = ({ kind }: ModelFailure): boolean =>
  kind === ModelFailureKind.RateLimited ||
  kind === ModelFailureKind.Unavailable ||
  kind === ModelFailureKind.Deadline;

/** True when it is certain that the vendor does not charge: the request was turned away, or never left. */
export const isFreeOfCharge = ({ kind }: ModelFailure): boolean =>
  kind === ModelFailureKind.RateLimited ||
  kind === ModelFailureKind.Unavailable ||
  kind === ModelFailureKind.Rejected;
