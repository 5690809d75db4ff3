import type { ModelAnswer } from './port';

/** Answers of the last while, by the hash of their request; the oldest go first. */
export class AnswerCache {
  readonly #answers = new Map<string, { readonly answer: ModelAnswer; readonly untilMs: number }>();

  constructor(
    private readonly ttlMs: number,
    private readonly capacity: number,
    private readonly nowMs: () => number,
  ) {}

  get(hash: string): ModelAnswer | undefined {
    const found = this.#answers.get(hash);
    if (found === undefined) return undefined;
    if (found.untilMs > this.nowMs()) return found.answer;
    this.#answers.delete(hash);
    return undefined;
  }

  set(hash: string, answer: ModelAnswer): void {
    if (this.ttlMs <= 0) return;
    this.#answers.delete(hash);
    this.#answers.set(hash, { answer, untilMs: this.nowMs() + this.ttlMs });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > this.capacity && oldest !== undefined) this.#answers.delete(oldest);
  }
}
