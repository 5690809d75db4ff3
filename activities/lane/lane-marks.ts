import type { Instrument } from '../../domain/instrument';
import { readMarks, type AccountMarks } from '../account-marks';
import type { ActivityDeps } from '../deps';
import { instrumentOf, type KnownMarket } from '../grant-request';

/** How young an answer has to be to serve, and how old it is when it is asked for again ahead of time. Wall milliseconds. */
interface Ages {
  readonly maxMs: number;
  readonly freshMs: number;
}

/** Others may trade on the account too. */
const MARKS: Ages = { maxMs: 5_000, freshMs: 1_000 };
/** Rules of a pair change seldom, and an order that breaks new ones is refused and sent by them (`OrderDesk`). */
const RULES: Ages = { maxMs: 600_000, freshMs: 60_000 };

/** Answers that serve for a while. One that fails is asked for again by whoever needs it. */
class Answers<T> {
  private readonly asked = new Map<string, { readonly answer: Promise<T>; readonly atMs: number }>();

  constructor(
    private readonly wallTimeMs: () => number,
    private readonly ages: Ages,
    private readonly ask: (name: string) => Promise<T>,
  ) {}

  ahead(name: string): void {
    if (this.ageMs(name) > this.ages.freshMs) void this.askNow(name);
  }

  async of(name: string): Promise<T> {
    const known = this.ageMs(name) <= this.ages.maxMs ? this.asked.get(name)?.answer : undefined;
    return (await known?.catch(() => undefined)) ?? this.askNow(name);
  }

  forget(): void {
    this.asked.clear();
  }

  private ageMs(name: string): number {
    return this.wallTimeMs() - (this.asked.get(name)?.atMs ?? -Infinity);
  }

  private askNow(name: string): Promise<T> {
    const answer = this.ask(name);
    answer.catch(() => undefined);
    this.asked.set(name, { answer, atMs: this.wallTimeMs() });
    return answer;
  }
}

/**
 * What a grant needs of the exchange, read shortly before a bar closes: an entry then waits for nothing but the journal. Free funds
 * that somebody else has spent meanwhile are refused by the exchange, which proves that nothing was bought.
 */
export class LaneMarks {
  private readonly rules: Answers<Instrument>;
  private readonly marks: Answers<AccountMarks>;

  constructor(deps: ActivityDeps, account: string) {
    const { wallTimeMs } = deps;
    this.rules = new Answers(wallTimeMs, RULES, (symbol) => instrumentOf(deps, symbol));
    this.marks = new Answers(
      wallTimeMs,
      MARKS,
      async (quote) => (await readMarks(deps, account, quote)).marks,
    );
  }

  /** Reads ahead what entries in these symbols would need. */
  readAhead(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      this.rules.ahead(symbol);
      this.marks.ahead(quoteOf(symbol));
    }
  }

  async of(symbol: string): Promise<KnownMarket> {
    const [instrument, marks] = await Promise.all([this.rules.of(symbol), this.marks.of(quoteOf(symbol))]);
    return { instrument, marks };
  }

  /** An order has changed what the account has. */
  forget(): void {
    this.marks.forget();
  }
}

const quoteOf = (symbol: string): string => symbol.slice(symbol.indexOf('/') + 1);
