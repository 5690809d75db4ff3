/** A fixed number of things, lent one at a time; who comes when all are lent waits in line. */
export class Lending<T extends object> {
  readonly #free: T[];
  readonly #waiting: ((item: T) => void)[] = [];

  constructor(items: readonly T[]) {
    this.#free = [...items];
  }

  /** Lends an item to `work`, as soon as one is free. @throws the signal's reason when it is aborted before that */
  async use<R>(signal: AbortSignal, work: (item: T) => Promise<R>): Promise<R> {
    const item = await this.#take(signal);
    try {
      return await work(item);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(item);
      else next(item);
    }
  }

  #take(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const item = this.#free.pop();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(arrive), 1);
        reject(signal.reason as Error);
      };
      const arrive = (lent: T): void => {
        signal.removeEventListener('abort', leave);
        resolve(lent);
      };
      this.#waiting.push(arrive);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
