import type { Side } from '../domain/order';
import type { ClosedTrade, EquityPoint } from '../domain/performance/types';
import { DAY_MS, dayOf } from '../domain/performance/realised-equity';
import { quoteOf } from './scale';

/** Something of the account's money that is not cash. */
export interface Owned {
  /** At the last close, in money. */
  worthNow(): number;
}

/** A trade of the simulation, as an exchange would report it. */
export interface SimulatedFill {
  readonly strategy: string;
  readonly symbol: string;
  readonly side: Side;
  readonly price: number;
  /** In base units. */
  readonly quantity: number;
  /** In quote. */
  readonly fee: number;
  readonly timeMs: number;
}

/** The money that all strategies share. Amounts are whole units of 1e-8 quote. */
export class Account {
  cash: number;
  /** Promised to entries that have not filled. */
  reserved = 0;
  readonly trades: ClosedTrade[] = [];
  readonly owned: Owned[] = [];

  constructor(
    readonly start: number,
    /** Told of every fill. */
    readonly onFill: ((fill: SimulatedFill) => void) | null = null,
  ) {
    this.cash = start;
  }

  /** Cash and what everything held is worth at its last close. */
  equity(): number {
    let total = this.cash;
    for (const owned of this.owned) total += owned.worthNow();
    return total;
  }
}

/** Equity at each midnight, from the midnight at or before the start (worth the starting balance) to the first after the end. */
export class DailyEquity {
  readonly points: EquityPoint[] = [];
  /** The next midnight to be marked. */
  nextMs: number;

  constructor(
    private readonly account: Account,
    startMs: number,
  ) {
    this.nextMs = dayOf(startMs) + DAY_MS;
    this.points.push({ timeMs: dayOf(startMs), equity: quoteOf(account.start) });
  }

  /** Marks the midnights before `timeMs`: nothing has changed since the last close before them. */
  before(timeMs: number): void {
    while (this.nextMs < timeMs) this.mark();
  }

  /** Marks the midnight that `timeMs` is, if it is one, with what has closed by then. */
  at(timeMs: number): void {
    if (this.nextMs === timeMs) this.mark();
  }

  /** The last, unfinished day ends with the data. */
  finish(timeMs: number): void {
    const last = this.points.at(-1);
    // A midnight that was marked before the positions were closed at the end is marked anew.
    if (last?.timeMs === timeMs && this.points.length > 1) {
      this.points.pop();
      this.nextMs = timeMs;
    }
    while (this.nextMs < timeMs) this.mark();
    this.mark();
  }

  private mark(): void {
    this.points.push({ timeMs: this.nextMs, equity: quoteOf(this.account.equity()) });
    this.nextMs += DAY_MS;
  }
}
