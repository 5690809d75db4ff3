import { inspect } from 'node:util';

const MASK = '[secret]';

/**
 * A key or password. It never shows itself: printed, logged, serialised or inspected it reads `[secret]`. Only
 * {@link Secret.reveal} tells the value, so every place which does is found by searching for that name.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
