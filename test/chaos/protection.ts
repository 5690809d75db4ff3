import { add, compare, decimal, subtract, ZERO, type DecimalString } from '../../domain/decimal';
import { roundQuantity, untradable } from '../../domain/instrument';
import type { HistoricalChange } from '../../emulator/journal/history';
import type { JournaledPosition, JournalRecord } from '../crash/harness/journal-record';
import type { Excuse } from './excuses';
import { lengthOf, without, type Span } from './statistics';

/** For how long a position held more than dust that no resident stop covered; wall milliseconds. */
export interface Exposure {
  readonly positionId: string;
  readonly spans: readonly Span[];
  /** All of it, whatever the reason. */
  readonly unprotectedMs: number;
  /** What is left of it without the time in which nobody could have placed its stop. */
  readonly answeredMs: number;
  /** That time: the difference of the two. */
  readonly excusedMs: number;
  /** What excuses it, of that which concerns its spells. */
  readonly excuses: readonly Excuse[];
}

const EXCHANGE_OPEN: readonly string[] = ['NEW', 'PARTIALLY_FILLED'];

/**
 * Measures every position that ever held something, from the exchange's own journal: bought less the fees taken in base,
 * less sold, against the unfilled rest of the stops that rest there.
 * @param endMs wall time at which the last open spell ends
 * @param excusesOf when nobody could have placed the stop of a position
 */
export function exposures(
  history: readonly HistoricalChange[],
  { orders, positions }: JournalRecord,
  endMs: number,
  excusesOf: (position: JournaledPosition) => readonly Excuse[],
): readonly Exposure[] {
  const owners = new Map(orders.map(({ clientOrderId, positionId }) => [clientOrderId, positionId]));
  const books = new Map(positions.map((position) => [position.positionId, new PositionBook(position)]));
  for (const change of history) {
    const owner = owners.get(change.order.clientOrderId);
    if (owner !== undefined) books.get(owner)?.apply(change);
  }
  return [...books.values()].flatMap((book) => {
    const spans = book.spans(endMs);
    if (!book.everHeld) return [];
    const all = excusesOf(book.position);
    const unprotectedMs = lengthOf(spans);
    const answeredMs = lengthOf(without(spans, all));
    const excuses = all.filter((excuse) => lengthOf(without(spans, [excuse])) < unprotectedMs);
    const { positionId } = book.position;
    return [{ positionId, spans, unprotectedMs, answeredMs, excusedMs: unprotectedMs - answeredMs, excuses }];
  });
}

/** One position as the exchange sees it. */
class PositionBook {
  everHeld = false;
  private held: DecimalString = ZERO;
  /** Unfilled quantity of the stops that rest, by exchange order id. */
  private readonly resting = new Map<number, DecimalString>();
  private nakedSinceMs: number | null = null;
  private readonly naked: Span[] = [];
  private nowMs = 0;
  private readonly pending: HistoricalChange[] = [];

  constructor(readonly position: JournaledPosition) {}

  /** Changes of one journal line happen at once: only what the line leaves behind counts. */
  apply(change: HistoricalChange): void {
    const wallMs = change.wallMs ?? this.nowMs;
    const [first] = this.pending;
    if (first !== undefined && (first.clockMs !== change.clockMs || wallMs !== this.nowMs)) this.settle();
    this.nowMs = wallMs;
    this.pending.push(change);
  }

  spans(endMs: number): readonly Span[] {
    this.settle();
    const open = this.nakedSinceMs === null ? [] : [{ fromMs: this.nakedSinceMs, toMs: endMs }];
    return [...this.naked, ...open];
  }

  private settle(): void {
    for (const change of this.pending.splice(0)) this.take(change);
    const { instrument, stopPrice } = this.position;
    const covered = [...this.resting.values()].reduce(add, ZERO);
    const bare = roundQuantity(instrument, subtract(this.held, covered));
    const isNaked = compare(bare, ZERO) > 0 && untradable(instrument, bare, stopPrice) === undefined;
    if (isNaked) this.nakedSinceMs ??= this.nowMs;
    else if (this.nakedSinceMs !== null) {
      if (this.nowMs > this.nakedSinceMs) this.naked.push({ fromMs: this.nakedSinceMs, toMs: this.nowMs });
      this.nakedSinceMs = null;
    }
  }

  private take(change: HistoricalChange): void {
    const { order } = change;
    if (change.kind === 'traded') {
      const { trade } = change;
      const quantity = decimal(trade.quantity);
      const moved = order.side === 'BUY' ? add(this.held, quantity) : subtract(this.held, quantity);
      const fee = trade.feeAsset === this.position.instrument.base ? decimal(trade.fee) : ZERO;
      this.held = subtract(moved, fee);
      if (order.side === 'BUY') this.everHeld = true;
    }
    if (order.type !== 'STOP_LOSS') return;
    if (EXCHANGE_OPEN.includes(order.status))
      this.resting.set(order.orderId, subtract(decimal(order.quantity), decimal(order.executedQuantity)));
    else this.resting.delete(order.orderId);
  }
}
