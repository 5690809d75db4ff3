import { estimateInputTokens, estimateTokens } from '../estimate';
import { ModelFailure, ModelFailureKind, type FailureDetail, type TokenUsage } from '../failure';
import type { ModelAnswer, ModelRequest, ToolCall } from '../port';
import { LONGEST_TEXT, remoteFailure, scrub, type RemoteOptions } from './remote-failure';

/** How a vendor says that an answer is over, in our words. */
export const StopReason = {
  Complete: 'complete',
  /** The limit of tokens, or the model's window. */
  CutOff: 'cut-off',
  Refused: 'refused',
} as const;
export type StopReason = (typeof StopReason)[keyof typeof StopReason];

/** An answer while it is streamed. */
export class CollectedAnswer {
  text = '';
  refusal = '';
  stop: StopReason | undefined;
  usage: TokenUsage | undefined;
  readonly #calls = new Map<number, { id: string; name: string; arguments: string }>();

  /** @throws ModelFailure `malformed` when the answer does not end */
  addText(part: string): void {
    this.text += part;
    this.#checkLength(this.text);
  }

  /** Adds to the tool call at `index`. @throws ModelFailure `malformed` when it does not end */
  addToCall(index: number, part: Partial<ToolCall>): void {
    const call = this.#calls.get(index) ?? { id: '', name: '', arguments: '' };
    call.id ||= part.id ?? '';
    call.name ||= part.name ?? '';
    call.arguments += part.arguments ?? '';
    this.#checkLength(call.arguments);
    this.#calls.set(index, call);
  }

  #checkLength(text: string): void {
    if (text.length > LONGEST_TEXT || this.#calls.size > 64)
      throw new ModelFailure(ModelFailureKind.Malformed, 'The answer does not end.', this.said());
  }

  /** What is known when the call fails halfway. */
  said(): FailureDetail {
    return {
      ...(this.text === '' ? {} : { raw: this.text }),
      ...(this.usage === undefined ? {} : { usage: this.usage }),
    };
  }

  /**
   * The whole answer. @throws ModelFailure `refused`; `malformed` when it was cut off; `unavailable` when the stream ended before the
   * answer did
   */
  finish({ model, apiKey }: RemoteOptions, request: ModelRequest, estimate: () => TokenUsage): ModelAnswer {
    const fail = (kind: ModelFailureKind, problem: string): ModelFailure =>
      new ModelFailure(kind, `${model}: ${scrub(problem, apiKey)}`, this.said());
    if (this.refusal !== '' || this.stop === StopReason.Refused)
      throw fail(ModelFailureKind.Refused, `declines to answer. ${this.refusal.slice(0, 300)}`.trim());
    if (this.stop === undefined)
      throw fail(ModelFailureKind.Unavailable, 'the connection ended in the middle of the answer.');
    const isForm = request.form !== undefined || this.#calls.size > 0;
    if (this.stop === StopReason.CutOff && isForm)
      throw fail(ModelFailureKind.Malformed, `the answer was cut off at ${request.maxTokens} tokens.`);
    const toolCalls = [...this.#calls].sort(([a], [b]) => a - b).map(([, call]) => call);
    return { text: scrub(this.text, apiKey), toolCalls, usage: this.usage ?? estimate() };
  }
}

/**
 * Asks, and collects the answer to its end.
 * @param call.ask sends the request; `call.collect` reads one event of the vendor's stream
 * @throws ModelFailure as {@link CollectedAnswer.finish} does, and for whatever the vendor or its SDK refuses
 */
export async function collectAnswer<Event>(
  options: RemoteOptions,
  request: ModelRequest,
  signal: AbortSignal,
  call: {
    readonly ask: () => PromiseLike<AsyncIterable<Event>>;
    readonly collect: (answer: CollectedAnswer, event: Event) => void;
  },
): Promise<ModelAnswer> {
  const answer = new CollectedAnswer();
  try {
    for await (const event of await call.ask()) call.collect(answer, event);
    if (signal.aborted) throw signal.reason;
    return answer.finish(options, request, () => ({
      inputTokens: estimateInputTokens(request),
      outputTokens: estimateTokens(answer.text).tokens,
    }));
  } catch (error) {
    throw remoteFailure(error, options, signal, answer.said());
  }
}
