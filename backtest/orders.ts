import { isTerminal, OrderEvent, OrderState, transition } from '../domain/order';
import type { EntryPlan } from '../domain/strategy';

/** Where an order begins that is sent as soon as it is made. */
const SENT = transition(OrderState.Created, OrderEvent.SendBegun);

/** An order of the simulation: its state moves by the transitions of live orders. */
export class SimulatedOrder {
  private state: OrderState = SENT;

  constructor(
    /** Market time from which it may fill: the decision, and what the way takes. */
    readonly arrivesAtMs: number,
  ) {}

  /** The exchange has it, if it has arrived by then. */
  isThere(timeMs: number): boolean {
    if (this.state === OrderState.Sending && timeMs >= this.arrivesAtMs) this.learn(OrderEvent.SeenOpen);
    return this.state === OrderState.Open;
  }

  /** It rests at the exchange. */
  get isOpen(): boolean {
    return this.state === OrderState.Open;
  }

  get isOver(): boolean {
    return isTerminal(this.state);
  }

  learn(event: OrderEvent): void {
    this.state = transition(this.state, event);
  }
}

/** What the risk rules allowed. */
export interface GrantedEntry {
  readonly lots: number;
  readonly limitTicks: number;
  readonly stopTicks: number;
  readonly targetTicks: number;
  /** Money promised to it. */
  readonly reserved: number;
}

/** An entry on its way. */
export class EntryOrder extends SimulatedOrder {
  /** Null until it is known: what is sized by cash is sized as it fills. */
  lots: number | null;
  filledLots = 0;
  /** What of the reservation it may still spend. */
  stillReserved: number;

  constructor(
    readonly plan: EntryPlan,
    readonly granted: GrantedEntry | null,
    /** Rests at this price instead of taking the market's; null for a market order. */
    readonly limitTicks: number | null,
    arrivesAtMs: number,
    /** Market time at which what has not filled is taken back. */
    readonly expiresAtMs: number,
  ) {
    super(arrivesAtMs);
    this.lots = granted?.lots ?? null;
    this.stillReserved = granted?.reserved ?? 0;
  }

  /** It is a quote: it never takes. */
  get isPostOnly(): boolean {
    return this.plan.limitPrice !== undefined;
  }

  /** After a fill: gives back what of the reservation is not needed any more, and says how much that is. */
  release(): number {
    const before = this.stillReserved;
    if (this.granted !== null && this.lots !== null) {
      const left = this.lots - this.filledLots;
      this.stillReserved = Math.ceil((this.granted.reserved / this.lots) * left);
    }
    return before - this.stillReserved;
  }
}

/** An exit on its way. */
export class ExitOrder extends SimulatedOrder {
  constructor(
    readonly reason: string,
    arrivesAtMs: number,
    /** Rests at this price; null for one at market. */
    readonly limitTicks: number | null = null,
    /** Market time at which what has not filled is taken back. */
    readonly expiresAtMs = Infinity,
  ) {
    super(arrivesAtMs);
  }
}
