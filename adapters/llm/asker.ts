import { UserError } from '../../domain/errors';
import type { DecimalString } from '../../domain/decimal';
import { AnswerCache } from './answer-cache';
import type { CallLog, CallPlan } from './call-log';
import { Caller, usable, type CallContext, type ReplayMode } from './caller';
import { deadlineIn, endOf, until } from './deadline';
import { ModelFailure, ModelFailureKind } from './failure';
import { ManagedModel, type ModelEntry } from './managed-model';
import type { ModelAnswer, ModelRequest } from './port';
import type { Prompt } from './prompt';
import { requestHash } from './request-hash';

/** What every question says. */
export interface Asked {
  /** Who asks: which models answer is configured by role. */
  readonly role: string;
  readonly prompt: Prompt;
  readonly maxTokens: number;
  /** 0 unless given. */
  readonly temperature?: number;
  /** 0 unless given. */
  readonly seed?: number;
}

export interface AskOptions {
  /** Wall milliseconds for everything: every model of the chain, retries and the repair. As configured unless given. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Hears the id of each call before it is made: retries, the repair and other models of the chain included. */
  readonly onCall?: (callId: string) => void;
}

/** A model that was asked in vain. */
export interface Attempted {
  readonly model: string;
  readonly kind: ModelFailureKind;
  readonly message: string;
}

/** An answer, or none and why. There is never an opinion that nobody has given. */
export type Reply<T> =
  | {
      readonly answered: true;
      readonly value: T;
      readonly model: string;
      /** Of the first request: what a replay finds it by. */
      readonly requestHash: string;
      readonly source: 'model' | 'cache' | 'record';
      readonly isRepaired: boolean;
      readonly tried: readonly Attempted[];
    }
  | {
      readonly answered: false;
      readonly kind: ModelFailureKind;
      readonly message: string;
      readonly tried: readonly Attempted[];
    };

export interface ManagerOptions {
  readonly models: readonly ModelEntry[];
  /** Names of models by role, in the order in which they are asked. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
  readonly log: CallLog;
  readonly deadlineMs: number;
  readonly monthlyBudgetUsd: DecimalString;
  readonly cacheTtlMs: number;
  readonly replay: ReplayMode;
  /** Wall time in UTC milliseconds. */
  readonly nowMs: () => number;
}

const CACHED_ANSWERS = 1_000;

type Found<T> = Pick<
  Extract<Reply<T>, { answered: true }>,
  'value' | 'requestHash' | 'source' | 'isRepaired'
>;
/** @throws ModelFailure `malformed` for an answer that is none */
type Read<T> = (answer: ModelAnswer, modelIdentity: string) => T;

/** Puts a request to the models of its role, one after another, until one has answered it or its time is over. */
export class Asker {
  readonly #models: ReadonlyMap<string, ManagedModel>;
  readonly #caller: Caller;
  readonly #cache: AnswerCache;

  constructor(private readonly options: ManagerOptions) {
    const { models, nowMs, cacheTtlMs, replay } = options;
    this.#models = new Map(models.map((entry) => [entry.name, new ManagedModel(entry, nowMs)]));
    this.#caller = new Caller(options);
    this.#cache = new AnswerCache(replay === 'off' ? cacheTtlMs : 0, CACHED_ANSWERS, nowMs);
  }

  /** @throws UserError as ModelManager.ask does */
  async ask<T>(
    asked: Asked,
    request: ModelRequest,
    read: Read<T>,
    { deadlineMs = this.options.deadlineMs, signal, onCall }: AskOptions,
  ): Promise<Reply<T>> {
    const chain = this.#chainOf(asked.role);
    const deadline = deadlineIn(deadlineMs, signal);
    const tried: Attempted[] = [];
    const noAnswer = ({ kind, message }: ModelFailure): Reply<T> => ({
      answered: false,
      kind,
      message,
      tried,
    });
    let last = endOf(deadline.signal);
    try {
      for (const model of chain) {
        try {
          const context = { signal: deadline.signal, onCall };
          const asking = this.#askModel(model, asked, request, read, context);
          const found = await until(deadline.signal, asking);
          return { answered: true, ...found, model: model.entry.name, tried };
        } catch (error) {
          if (!(error instanceof ModelFailure)) throw error;
          last = error;
          tried.push({ model: model.entry.name, kind: error.kind, message: error.message });
        }
        if (deadline.signal.aborted) return noAnswer(endOf(deadline.signal));
      }
    } finally {
      deadline.clear();
    }
    if (this.options.replay === 'refuse') refuseReplay(asked, tried);
    return noAnswer(last);
  }

  /** Waits for the calls that nobody waits for any more, and frees the models. */
  async close(): Promise<void> {
    await this.#caller.settled();
    await Promise.all([...this.#models.values()].map((model) => model.close()));
  }

  #chainOf(role: string): readonly ManagedModel[] {
    const chain = (this.options.roles[role] ?? []).flatMap((name) => this.#models.get(name) ?? []);
    if (chain.length > 0) return chain;
    throw new UserError(
      `No model is configured for the role "${role}".`,
      `Name one in models.roles.${role}; docs/models.md says how to choose.`,
    );
  }

  /** One model's answer, with one chance to mend it. @throws ModelFailure */
  async #askModel<T>(
    model: ManagedModel,
    asked: Asked,
    request: ModelRequest,
    read: Read<T>,
    context: CallContext,
  ): Promise<Found<T>> {
    const identity = await usable(model.entry.identity());
    const hash = requestHash(identity, request);
    const cached = this.#cache.get(hash);
    if (cached !== undefined)
      return { value: read(cached, identity), requestHash: hash, source: 'cache', isRepaired: false };
    const source = this.options.replay === 'off' ? 'model' : 'record';
    const call = (asking: ModelRequest, isRepair: boolean): Promise<ModelAnswer> =>
      this.#caller.call(model, planOf(model, identity, asked, asking, isRepair), asking, context);
    const found = (answer: ModelAnswer, isRepaired: boolean): Found<T> => {
      const value = read(answer, identity);
      this.#cache.set(hash, answer);
      return { value, requestHash: hash, source, isRepaired };
    };
    const first = await call(request, false);
    try {
      return found(first, false);
    } catch (error) {
      if (!(error instanceof ModelFailure) || error.kind !== ModelFailureKind.Malformed) throw error;
      // Nobody can mend a vector by being told what is wrong with it.
      if (request.embeds === true) throw error;
      return found(await call(repairOf(request, first, error.message), true), true);
    }
  }
}

const planOf = (
  { entry }: ManagedModel,
  modelIdentity: string,
  { role, prompt }: Asked,
  asking: ModelRequest,
  isRepair: boolean,
): Omit<CallPlan, 'attempt' | 'reserveUsd'> => ({
  ...{ role, prompt, model: entry.name, modelIdentity, isRepair },
  requestHash: requestHash(modelIdentity, asking),
  seed: asking.seed,
  temperature: asking.temperature,
});

/** The same request with the bad answer and what is wrong with it. */
const repairOf = (request: ModelRequest, bad: ModelAnswer, problem: string): ModelRequest => ({
  ...request,
  messages: [
    ...request.messages,
    {
      role: 'assistant',
      content: (bad.text === '' ? JSON.stringify(bad.toolCalls) : bad.text).slice(0, 4_000),
    },
    {
      role: 'user',
      content: `${problem}\nAnswer again, in the form that was asked for and with nothing else.`,
    },
  ],
});

function refuseReplay({ role, prompt }: Asked, tried: readonly Attempted[]): void {
  const missing = tried.filter(({ kind }) => kind === ModelFailureKind.NotRecorded);
  if (missing.length === 0) return;
  throw new UserError(
    `The replay lacks an answer of ${role} (prompt ${prompt.name} v${prompt.version}): ${missing.map(({ message }) => message).join(' ')}`,
    'Record it by running once with models.replay: off, or go on without missing answers with models.replay: skip.',
  );
}
