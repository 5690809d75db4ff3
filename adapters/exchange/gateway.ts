import type { z } from 'zod';
import { ExchangeFailure, FailureKind } from '../../domain/errors';
import type { CcxtBinance } from './ccxt-client';
import { errorCodeOf } from './cool-down';
import { classifyFailure, type Scrubber } from './failure';
import type { ExchangeLogger } from './options';
import { recordRequest, type RequestRecord } from './transport';

/** One request: what to call and what its answer must look like. */
export interface GatewayRequest<T> {
  readonly schema: z.ZodType<T>;
  readonly send: (client: CcxtBinance) => Promise<unknown>;
  /** Wall time after which the request may no longer leave; for requests that place orders. */
  readonly sendDeadlineMs?: number;
}

/** A failure together with the exchange's own words: its error code and the raw body, where there were any. */
export interface Refusal {
  readonly ok: false;
  readonly failure: ExchangeFailure;
  readonly code: number | undefined;
  readonly body: string | undefined;
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | Refusal;

/** The one way in which requests are made: each goes out at most once and every failure leaves it classified. */
export interface Gateway {
  /** Makes a request and reports a failure as a value. */
  attempt<T>(request: GatewayRequest<T>): Promise<Outcome<T>>;
  /** @throws ExchangeFailure */
  call<T>(request: GatewayRequest<T>): Promise<T>;
  /** Like `call`, but undefined when the exchange answers with one of `absentCodes`. @throws ExchangeFailure */
  callOrAbsent<T>(request: GatewayRequest<T>, absentCodes: readonly number[]): Promise<T | undefined>;
  /** What ccxt and our table make of an error payload that was nested in an answer. */
  classifyPayload(payload: unknown): ExchangeFailure;
  /** Reads what a websocket has told. @throws ExchangeFailure when it is not what the exchange documents */
  understand<T>(schema: z.ZodType<T>, event: unknown): T;
  /** Classifies an error of the websocket. */
  classify(error: unknown): ExchangeFailure;
  /** Corrects our signatures' clock; concurrent calls share one request. */
  synchroniseTime(): Promise<void>;
}

function malformed(error: z.ZodError, body: string | undefined, scrub: Scrubber): ExchangeFailure {
  const faults = error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.') || 'all of it'}: ${issue.message}`);
  const message = `What the exchange says could not be understood (${faults.join('; ')}): ${body ?? '(no body)'}`;
  return new ExchangeFailure(FailureKind.Ambiguous, scrub(message), { errorClass: 'MalformedAnswer' });
}

export function createGateway(
  client: CcxtBinance,
  scrub: Scrubber,
  logger: ExchangeLogger | undefined,
): Gateway {
  const sentRecord: RequestRecord = { sendDeadlineMs: undefined, dispatched: true, response: undefined };
  let synchronising: Promise<void> | undefined;

  const synchroniseTime = (): Promise<void> => {
    synchronising ??= recordRequest(undefined, () => client.loadTimeDifference()).then(
      ({ record, outcome }) => {
        synchronising = undefined;
        if (outcome.status === 'fulfilled') {
          logger?.warn(
            { timeDifferenceMs: outcome.value },
            'The exchange refused our timestamp: the time difference was measured anew',
          );
        } else {
          logger?.warn(
            { error: classifyFailure(outcome.reason, record, scrub).message },
            'The time difference could not be measured',
          );
        }
      },
    );
    return synchronising;
  };

  const attempt = async <T>({ schema, send, sendDeadlineMs }: GatewayRequest<T>): Promise<Outcome<T>> => {
    const { record, outcome } = await recordRequest(sendDeadlineMs, () => send(client));
    const body = record.response?.body;
    if (outcome.status === 'fulfilled') {
      const parsed = schema.safeParse(outcome.value);
      if (parsed.success) return { ok: true, value: parsed.data };
      return { ok: false, failure: malformed(parsed.error, body, scrub), code: undefined, body };
    }
    const failure = classifyFailure(outcome.reason, record, scrub);
    // Our clock is off: whoever tries again should find it corrected.
    if (failure.detail.errorClass === 'InvalidNonce') await synchroniseTime();
    return { ok: false, failure, code: errorCodeOf(body), body };
  };

  return {
    attempt,
    synchroniseTime,
    async call(request) {
      const outcome = await attempt(request);
      if (!outcome.ok) throw outcome.failure;
      return outcome.value;
    },
    async callOrAbsent(request, absentCodes) {
      const outcome = await attempt(request);
      if (outcome.ok) return outcome.value;
      if (outcome.code !== undefined && absentCodes.includes(outcome.code)) return undefined;
      throw outcome.failure;
    },
    classifyPayload(payload) {
      const body = JSON.stringify(payload);
      try {
        client.handleErrors(400, '', client.urls.api.private, 'POST', {}, body, payload, {}, '');
      } catch (error) {
        const response = { status: 400, statusText: '', headers: {}, body };
        return classifyFailure(error, { ...sentRecord, response }, scrub);
      }
      return new ExchangeFailure(FailureKind.Ambiguous, scrub(body), { errorClass: 'MalformedAnswer' });
    },
    understand(schema, event) {
      const parsed = schema.safeParse(event);
      if (parsed.success) return parsed.data;
      throw malformed(parsed.error, JSON.stringify(event), scrub);
    },
    classify: (error) => classifyFailure(error, sentRecord, scrub),
  };
}
