import { maximum, subtract, ZERO, type DecimalString } from '../../domain/decimal';
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
const MARKS: Ages = { maxMs: 5_000, freshMs: 3_000 };
/** Rules of a pair change seldom, and an order that breaks new ones is refused and sent by them (`OrderDesk`). */
const RULES: Ages = { maxMs: 600_000, freshMs: 60_000 };

interface Asked<T> {
  readonly answer: Promise<T>;
  readonly atMs: number;
  isPending: boolean;
}

/** Answers that serve for a while. However often one is wanted, it is asked for once at a time. */
class Answers<T> {
  private readonly asked = new Map<string, Asked<T>>();

  constructor(
    private readonly wallTimeMs: () => number,
    private readonly ages: Ages,
    private readonly ask: (name: string) => Promise<T>,
  ) {}

  ahead(name: string): void {
    if (this.ageMs(name) > this.ages.freshMs) void this.askNow(name);
  }

  /** The answer at hand when it is young enough; otherwise one that is asked for. */
  async of(name: string): Promise<T> {
    const known = this.ageMs(name) <= this.ages.maxMs ? this.asked.get(name)?.answer : undefined;
    return (await known?.catch(() => undefined)) ?? this.askNow(name);
  }

  /** What was told, or is being told, is true only with this change. It serves until something newer is told. */
  change(name: string, change: (answer: T) => T): void {
    const asked = this.asked.get(name);
    if (asked === undefined) return;
    const answer = asked.answer.then(change);
    answer.catch(() => undefined);
    this.asked.set(name, { ...asked, answer, isPending: false });
  }

  /** Asks anew; what was told before serves until the answer is there, and what is asked for meanwhile goes before it. */
  async renew(name: string): Promise<void> {
    const atMs = this.wallTimeMs();
    const answer = await this.ask(name);
    if (this.ageMs(name) < this.wallTimeMs() - atMs) return;
    this.asked.set(name, { answer: Promise.resolve(answer), atMs, isPending: false });
  }

  private ageMs(name: string): number {
    return this.wallTimeMs() - (this.asked.get(name)?.atMs ?? -Infinity);
  }

  private askNow(name: string): Promise<T> {
    const under = this.asked.get(name);
    if (under?.isPending === true) return under.answer;
    const answer = this.ask(name);
    const asked: Asked<T> = { answer, atMs: this.wallTimeMs(), isPending: true };
    const over = (): void => {
      asked.isPending = false;
    };
    answer.then(over, over);
    this.asked.set(name, asked);
    return answer;
  }
}

type LaneMarksDeps = Pick<ActivityDeps, 'emergencyExchange' | 'store' | 'wallTimeMs'>;

/**
 * What the grants of all lanes of a worker need of the exchange, read shortly before a bar closes and after each of their orders: an
 * entry then waits for nothing but the journal. Free funds that somebody else has spent meanwhile are refused by the exchange, which
 * proves that nothing was bought.
 */
export class LaneMarks {
  private readonly rules: Answers<Instrument>;
  private readonly marks: Answers<AccountMarks>;

  constructor({ wallTimeMs, emergencyExchange: exchange, store }: LaneMarksDeps) {
    // An entry does not stand in the queue of candles and reconciliations.
    const deps = { exchange, store };
    this.rules = new Answers(wallTimeMs, RULES, (symbol) => instrumentOf(deps, symbol));
    this.marks = new Answers(wallTimeMs, MARKS, async (name) => {
      const [account = '', quote = ''] = name.split(SEPARATOR);
      return (await readMarks(deps, account, quote)).marks;
    });
  }

  /** Reads ahead what entries of the account in these symbols would need. */
  readAhead(account: string, symbols: readonly string[]): void {
    for (const symbol of symbols) {
      this.rules.ahead(symbol);
      this.marks.ahead(nameOf(account, symbol));
    }
  }

  async of(account: string, symbol: string): Promise<KnownMarket> {
    const [instrument, marks] = await Promise.all([
      this.rules.of(symbol),
      this.marks.of(nameOf(account, symbol)),
    ]);
    return { instrument, marks };
  }

  /** So much of the free funds is reserved for an entry. Counted twice for a moment, by the grant too, which errs on the safe side. */
  reserve(account: string, symbol: string, amount: DecimalString): void {
    this.marks.change(nameOf(account, symbol), ({ equity, freeQuote }) => ({
      equity,
      freeQuote: maximum(ZERO, subtract(freeQuote, amount)),
    }));
  }

  /** An order in this symbol has changed what the account has: it is read anew, for nobody to wait for. */
  renew(account: string, symbol: string): void {
    this.marks.renew(nameOf(account, symbol)).catch(() => undefined);
  }
}

const SEPARATOR = '\n';

/** Of the account's marks in the quote asset of a pair. */
const nameOf = (account: string, symbol: string): string =>
  [account, symbol.slice(symbol.indexOf('/') + 1)].join(SEPARATOR);
