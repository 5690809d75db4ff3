import { Refusal } from '../engine/types';

/** The parameters of one request, checked as Binance checks them. All methods throw `Refusal`. */
export class Params {
  constructor(private readonly values: ReadonlyMap<string, string>) {}

  static parse(...encoded: readonly string[]): Params {
    return new Params(new Map(encoded.flatMap((text) => [...new URLSearchParams(text)])));
  }

  /** The value, or undefined when it is absent or empty. */
  text(name: string): string | undefined {
    const value = this.values.get(name);
    return value === '' ? undefined : value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) {
      throw new Refusal(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
    }
    return value;
  }

  /** A whole non-negative number. */
  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,20}$/.test(value)) {
      throw new Refusal(
        -1100,
        `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`,
      );
    }
    return Number(value);
  }

  /** `limit`, between 1 and `most`; more than `most` means `most`, as on Binance. */
  limit(standard: number, most: number): number {
    const limit = this.integer('limit') ?? standard;
    if (limit === 0) throw new Refusal(-1130, "Data sent for parameter 'limit' is not valid.");
    return Math.min(limit, most);
  }

  /** A client order id. */
  clientId(name: string): string | undefined {
    const value = this.text(name);
    if (value !== undefined && !/^[.A-Z:/a-z0-9_-]{1,36}$/.test(value)) {
      throw new Refusal(
        -1100,
        `Illegal characters found in parameter '${name}'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.`,
      );
    }
    return value;
  }

  /** One of an enumeration's values. */
  oneOf<T extends string>(
    name: string,
    allowed: Readonly<Record<string, T>>,
    refusal: Refusal,
  ): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = Object.values(allowed).find((candidate) => candidate === value);
    if (found === undefined) throw refusal;
    return found;
  }

  /** A JSON array of strings, e.g. `symbols`. */
  list(name: string): string[] | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    try {
      const parsed: unknown = JSON.parse(value);
      if (Array.isArray(parsed) && parsed.every((item) => typeof item === 'string')) return parsed;
    } catch {
      // Falls through to the refusal: Binance answers malformed JSON and wrong types alike.
    }
    throw new Refusal(-1100, `Illegal characters found in parameter '${name}'.`);
  }

  /** @throws Refusal -1106 when the parameter was sent although it has no meaning here. */
  forbid(name: string): void {
    if (this.text(name) !== undefined)
      throw new Refusal(-1106, `Parameter '${name}' sent when not required.`);
  }
}

/** The client order id that a request is about, whatever it calls it. */
export function clientOrderIdOf(params: Params): string | undefined {
  return (
    params.text('newClientOrderId') ?? params.text('origClientOrderId') ?? params.text('listClientOrderId')
  );
}
