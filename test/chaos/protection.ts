import { add, compare, decimal, subtract, ZERO, type DecimalString } from '../../domain/decimal';
import { roundQuantity, untradable } from '../../domain/instrument';
import { Leg, OrderState } from '../../domain/order';
import type { HistoricalChange } from '../../emulator/journal/history';
import type { JournaledPosition, JournalRecord } from '../crash/harness/journal-record';
import { lengthOf, without, type Span } from './statistics';

/** For how long a position held more than dust that no resident stop covered; wall milliseconds. */
export interface Exposure {
  readonly positionId: string;
  readonly spans: readonly Span[];
  /** Without the time in which the exchange was down or did not answer. */
  readonly unprotectedMs: number;
  /** That time. */
  readonly excusedMs: number;
  /** What is left of it when the time is taken out, too, in which nobody could know what had become of a stop or an exit. */
  readonly answeredMs: number;
}

/** A request that was not served; with the order that it was to place, if any. */
export interface Unserved extends Span {
  readonly clientOrderId?: string;
}

const EXCHANGE_OPEN: readonly string[] = ['NEW', 'PARTIALLY_FILLED'];

/**
 * Measures every position that ever held something, from the exchange's own journal: bought less the fees taken in base,
 * less sold, against the unfilled rest of the stops that rest there.
 * @param endMs wall time at which the last open spell ends
 * @param deaf when the exchange was down, or did not answer about orders
 * @param proofMs from the end of a lost request until it can be proven that it placed nothing
 */
export function exposures(
  history: readonly HistoricalChange[],
  journal: JournalRecord,
  endMs: number,
  deaf: readonly Unserved[],
  proofMs: number,
): readonly Exposure[] {
  const silences = silencesOf(journal, deaf, proofMs);
  const owners = new Map(journal.orders.map(({ clientOrderId, positionId }) => [clientOrderId, positionId]));
  const books = new Map(
    journal.positions.map((position) => [position.positionId, new PositionBook(position)]),
  );
  for (const change of history) {
    const owner = owners.get(change.order.clientOrderId);
    if (owner !== undefined) books.get(owner)?.apply(change);
  }
  return [...books.values()].flatMap((book) => {
    const spans = book.spans(endMs);
    if (!book.everHeld) return [];
    const unprotectedMs = lengthOf(without(spans, deaf));
    const silent = silences.get(book.positionId) ?? [];
    return [
      {
        ...{ positionId: book.positionId, spans, unprotectedMs },
        excusedMs: lengthOf(spans) - unprotectedMs,
        answeredMs: lengthOf(without(spans, [...deaf, ...silent])),
      },
    ];
  });
}

/** By position: from the arrival of each request that came to nothing until that could be proven. */
function silencesOf(
  { orders }: JournalRecord,
  unserved: readonly Unserved[],
  proofMs: number,
): ReadonlyMap<string, readonly Span[]> {
  const lost = new Map(
    orders
      .filter(({ leg, state }) => leg !== Leg.Entry && state === OrderState.Abandoned)
      .map(({ clientOrderId, positionId }) => [clientOrderId, positionId]),
  );
  const silences = new Map<string, Span[]>();
  for (const { clientOrderId = '', fromMs, toMs } of unserved) {
    const positionId = lost.get(clientOrderId);
    if (positionId === undefined) continue;
    silences.set(positionId, [...(silences.get(positionId) ?? []), { fromMs, toMs: toMs + proofMs }]);
  }
  return silences;
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

  constructor(private readonly position: JournaledPosition) {}

  get positionId(): string {
    return this.position.positionId;
  }

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
