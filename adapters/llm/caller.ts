import { ZERO, type DecimalString } from '../../domain/decimal';
import { UserError } from '../../domain/errors';
import type { CallEnd, CallLog, CallPlan } from './call-log';
import { deadlineIn, endOf, until } from './deadline';
import { answerOf, notedAnswer } from './embedding';
import { isFreeOfCharge, ModelFailure, ModelFailureKind } from './failure';
import type { ManagedModel } from './managed-model';
import type { ModelAnswer, ModelRequest } from './port';
import { costOf, greatestCostOf, monthOf } from './price';

/**
 * `off` asks models and records what they say. `refuse` and `skip` ask nobody: an answer that was never recorded is an error, or is gone
 * without.
 */
export type ReplayMode = 'off' | 'refuse' | 'skip';

export interface CallerOptions {
  readonly log: CallLog;
  readonly nowMs: () => number;
  readonly monthlyBudgetUsd: DecimalString;
  readonly replay: ReplayMode;
}

/** What a call is made in. */
export interface CallContext {
  readonly signal: AbortSignal;
  /** Hears the id of each attempt before it is made. */
  readonly onCall?: ((callId: string) => void) | undefined;
}

type Plan = Omit<CallPlan, 'attempt' | 'reserveUsd'>;

/** Makes calls that are paid for, recorded, or replayed. */
export class Caller {
  readonly #open = new Set<Promise<unknown>>();

  constructor(private readonly options: CallerOptions) {}

  /** One answer, checked by nobody yet. @throws ModelFailure; what PostgreSQL throws when it is away, before anything is sent */
  async call(
    model: ManagedModel,
    plan: Plan,
    request: ModelRequest,
    context: CallContext,
  ): Promise<ModelAnswer> {
    if (this.options.replay !== 'off') return this.#replayed(plan);
    const running = model.run(context.signal, (attempt) =>
      this.#attempt(model, { ...plan, attempt }, request, context),
    );
    this.#open.add(running);
    try {
      return await running;
    } finally {
      this.#open.delete(running);
    }
  }

  /** Resolves when no call is open, those included that nobody waits for any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#open);
  }

  async #replayed({ requestHash, model, modelIdentity }: Plan): Promise<ModelAnswer> {
    const answer = await this.options.log.findAnswer(requestHash);
    if (answer !== undefined) return answer;
    throw new ModelFailure(
      ModelFailureKind.NotRecorded,
      `No answer of ${model} (${modelIdentity}) is recorded for request ${requestHash}.`,
    );
  }

  async #attempt(
    model: ManagedModel,
    plan: Omit<CallPlan, 'reserveUsd'>,
    request: ModelRequest,
    { signal, onCall }: CallContext,
  ): Promise<ModelAnswer> {
    const { log, nowMs } = this.options;
    if (signal.aborted) throw endOf(signal);
    const engine = await usable(model.open());
    const reserveUsd = greatestCostOf(model.entry.price, request);
    const callId = await this.#reserve({ ...plan, reserveUsd });
    onCall?.(callId);
    const startedMs = nowMs();
    const deadline = deadlineIn(model.entry.timeoutMs, signal);
    const settle = (end: Omit<CallEnd, 'latencyMs'>): Promise<void> =>
      log.settle(callId, { ...end, latencyMs: Math.max(0, Math.round(nowMs() - startedMs)) });
    let answer: ModelAnswer;
    try {
      answer = await until(deadline.signal, answerOf(engine, request, deadline)).catch(cutOffAnswer);
    } catch (error) {
      const failure = failureOf(error, deadline.signal);
      await settle({
        outcome: failure.kind,
        costUsd: costOfFailure(model, failure, reserveUsd),
        usage: failure.detail.usage ?? null,
        rawAnswer: failure.detail.raw ?? null,
        failure: failure.message,
      });
      throw failure;
    } finally {
      deadline.clear();
    }
    const { usage } = answer;
    const costUsd = costOf(model.entry.price, usage);
    const rawAnswer = notedAnswer(request, answer);
    await settle({ outcome: 'answered', costUsd, usage, rawAnswer, failure: null });
    await log.keepAnswer({ ...plan, reserveUsd }, answer);
    return answer;
  }

  async #reserve(plan: CallPlan): Promise<string> {
    const { log, nowMs, monthlyBudgetUsd } = this.options;
    const reservation = await log.reserve(plan, monthOf(nowMs()), monthlyBudgetUsd);
    if (reservation.reserved) return reservation.callId;
    const { month, spentUsd, reservedUsd } = reservation.budget;
    throw new ModelFailure(
      ModelFailureKind.OverBudget,
      `A call of ${plan.model} may cost $${plan.reserveUsd}; of the $${monthlyBudgetUsd} of ${month}, $${spentUsd} are spent and $${reservedUsd} reserved.`,
    );
  }
}

/** A model that cannot be used as it is configured is one that does not answer: the next of the chain is asked. */
export async function usable<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new ModelFailure(ModelFailureKind.Rejected, error.message);
  }
}

/** What was said before it was cut off is an answer like any other: its reader finds it malformed, now and in every replay. */
function cutOffAnswer(error: unknown): ModelAnswer {
  if (!(error instanceof ModelFailure) || error.kind !== ModelFailureKind.Malformed) throw error;
  const { raw, usage } = error.detail;
  if (raw === undefined || usage === undefined) throw error;
  return { text: raw, toolCalls: [], usage };
}

function failureOf(error: unknown, signal: AbortSignal): ModelFailure {
  const failure =
    error instanceof ModelFailure
      ? error
      : new ModelFailure(
          ModelFailureKind.Unavailable,
          error instanceof Error ? error.message : String(error),
        );
  return failure.kind === ModelFailureKind.Cancelled && signal.aborted
    ? endOf(signal, failure.detail)
    : failure;
}

/** What a failed call is charged: nothing when that is certain, what the vendor told, else the most that it can have cost. */
function costOfFailure(
  { entry }: ManagedModel,
  failure: ModelFailure,
  reserveUsd: DecimalString,
): DecimalString {
  if (isFreeOfCharge(failure)) return ZERO;
  const { usage } = failure.detail;
  const isWhole = failure.kind === ModelFailureKind.Refused || failure.kind === ModelFailureKind.Malformed;
  return usage !== undefined && isWhole ? costOf(entry.price, usage) : reserveUsd;
}
