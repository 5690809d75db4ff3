import type { IPolicy } from 'cockatiel' with { 'resolution-mode': 'import' };
import { endOf } from './deadline';
import { isModelsFault, isWorthRetrying, ModelFailure, ModelFailureKind } from './failure';
import type { LanguageModel } from './port';
import type { ModelPrice } from './price';

/** A model as it is configured. */
export interface ModelEntry {
  /** Unique; what roles name. */
  readonly name: string;
  /** What exactly answers, without loading it: replays need no more. */
  readonly identity: () => Promise<string>;
  /** Loads or connects it. Called once, at the first question. */
  readonly open: () => Promise<LanguageModel>;
  readonly price: ModelPrice;
  /** Calls at once; those beyond wait in line, up to `queue`. */
  readonly concurrency: number;
  readonly queue: number;
  /** Wall milliseconds of one attempt, so that the next model of a chain gets its turn before the deadline. */
  readonly timeoutMs: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** Failures in a row after which the model is left alone, and for how long. */
  readonly breaker: { readonly failures: number; readonly coolMs: number };
}

/** A wait that is longer costs more than the answer is worth: the next model is asked instead. */
const LONGEST_WAIT_MS = 2_000;
const FIRST_WAIT_MS = 200;

/** A model with what keeps it from being asked too often: concurrency limit, circuit breaker, retries, and the server's own wish to be left alone. */
export class ManagedModel {
  #policy: Promise<IPolicy> | undefined;
  #model: Promise<LanguageModel> | undefined;
  #leftAloneUntilMs = 0;

  constructor(
    readonly entry: ModelEntry,
    private readonly nowMs: () => number,
  ) {}

  /** Opened at the first question; a failure is not kept. @throws UserError or ModelFailure, as the provider does */
  open(): Promise<LanguageModel> {
    const opening = (this.#model ??= this.entry.open());
    opening.catch(() => (this.#model = undefined));
    return opening;
  }

  /** Runs attempts until one succeeds, or it is not worth another. @throws ModelFailure */
  async run<T>(signal: AbortSignal, attempt: (number: number) => Promise<T>): Promise<T> {
    const waitMs = this.#leftAloneUntilMs - this.nowMs();
    if (waitMs > 0) {
      const message = `${this.entry.name} asked to be left alone for another ${Math.ceil(waitMs / 1000)} s.`;
      throw new ModelFailure(ModelFailureKind.RateLimited, message, { retryAfterMs: waitMs });
    }
    let number = 0;
    try {
      const policy = await (this.#policy ??= policyOf(this.entry));
      return await policy.execute(async () => {
        number += 1;
        try {
          return await attempt(number);
        } catch (error) {
          this.#hear(error);
          throw error;
        }
      }, signal);
    } catch (error) {
      throw signal.aborted && !(error instanceof ModelFailure) ? endOf(signal) : await this.#classify(error);
    }
  }

  async close(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    await (await model?.catch(() => undefined))?.close();
  }

  #hear(error: unknown): void {
    if (!(error instanceof ModelFailure) || error.detail.retryAfterMs === undefined) return;
    this.#leftAloneUntilMs = Math.max(this.#leftAloneUntilMs, this.nowMs() + error.detail.retryAfterMs);
  }

  async #classify(error: unknown): Promise<unknown> {
    const { BrokenCircuitError, BulkheadRejectedError } = await import('cockatiel');
    const { name, concurrency, queue } = this.entry;
    if (error instanceof BrokenCircuitError)
      return new ModelFailure(ModelFailureKind.Unavailable, `${name} has failed several times, and rests.`);
    if (error instanceof BulkheadRejectedError)
      return new ModelFailure(
        ModelFailureKind.Unavailable,
        `${name} is busy: ${concurrency} calls run, and ${queue} wait.`,
      );
    return error;
  }
}

/** The library exists only as an ES module. */
async function policyOf({ concurrency, queue, retries, breaker }: ModelEntry): Promise<IPolicy> {
  const { bulkhead, circuitBreaker, ConsecutiveBreaker, DelegateBackoff, handleWhen, retry, wrap } =
    await import('cockatiel');
  const tryAgain = retry(
    handleWhen(
      (error) =>
        error instanceof ModelFailure &&
        isWorthRetrying(error) &&
        (error.detail.retryAfterMs ?? 0) <= LONGEST_WAIT_MS,
    ),
    {
      maxAttempts: retries,
      backoff: new DelegateBackoff(({ attempt, result }) => {
        const asked =
          'error' in result && result.error instanceof ModelFailure
            ? result.error.detail.retryAfterMs
            : undefined;
        return asked ?? FIRST_WAIT_MS * 2 ** (attempt - 1);
      }),
    },
  );
  const breaking = circuitBreaker(
    handleWhen((error) => error instanceof ModelFailure && isModelsFault(error)),
    { halfOpenAfter: breaker.coolMs, breaker: new ConsecutiveBreaker(breaker.failures) },
  );
  return wrap(tryAgain, breaking, bulkhead(concurrency, queue));
}
