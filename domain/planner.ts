import { isZero, lessThan, type DecimalString } from './decimal';
import { roundQuantity, untradable, type Untradable } from './instrument';
import { fateIsOpen, isTerminal, Leg, mayBeLive, OrderState, OrderType, type OrderView } from './order';
import { TradingMode } from './trading-mode';
import { availableQuantity, ExitReason, isDelisted, PositionState, type PositionView } from './position';

/**
 * What the owner of a position does next. The planner is a pure function of the journal, so it does not matter who
 * asks, how often, or after which crash: the same facts give the same step, and a restart simply goes on.
 */
export type PositionStep =
  /** Send the order `sequence` of `leg`, in place of `replaces` when that is set. */
  | {
      readonly do: 'order';
      readonly leg: Leg;
      readonly sequence: number;
      readonly type: OrderType;
      readonly stopPrice: DecimalString | null;
      readonly replaces: string | null;
    }
  /** Take an order back: withdraw it if it was never sent, cancel it if it rests. */
  | { readonly do: 'cancel'; readonly order: OrderView }
  /** Protection failed beyond repair: journal the wish to leave. */
  | { readonly do: 'give-up'; readonly reason: ExitReason }
  /** Everything looks flat: verify with the exchange, then close. */
  | { readonly do: 'settle' }
  /** Nothing to do until news, or until this market time, or this wall time. */
  | { readonly do: 'wait'; readonly untilMarketMs: number | null; readonly untilWallMs?: number };

/** Stops that were refused in a row before the position gives up protecting and leaves at market. */
export const MAX_STOP_REFUSALS = 3;

/** How long, in wall milliseconds, a stop that the market has reached may go without a fill before the position leaves at market. */
export const STOP_PATIENCE_MS = 5_000;

/** Now, by the two clocks. */
export interface Instant {
  readonly marketTimeMs: number;
  readonly wallTimeMs: number;
}

const WAIT: PositionStep = { do: 'wait', untilMarketMs: null };

/**
 * The next step of a live position at `now`, in an account in `mode`. Order of concerns: leave everything to
 * the emergency stop in a halt, protect what is held, then exit, expiry and settlement.
 */
export function nextStep(position: PositionView, mode: TradingMode, now: Instant): PositionStep {
  const legs = legsOf(position);
  if (settled(position, legs)) return { do: 'settle' };
  if (mode === TradingMode.Halted) return WAIT;
  if (isDelisted(position)) return whileDelisted(legs);
  return (
    protection(position, legs, now) ??
    (position.exitReason === null ? entering(position, legs, now) : leaving(position, legs, Leg.Exit)) ??
    leftovers(position, legs) ??
    WAIT
  );
}

/**
 * The next step of the emergency stop about a position: everything that may add to it ends, and what is held is sold at
 * market in the resident stop's place, by orders of the leg that only the emergency stop may send.
 */
export function emergencyStep(position: PositionView): PositionStep {
  const legs = legsOf(position);
  if (settled(position, legs)) return { do: 'settle' };
  if (isDelisted(position)) return whileDelisted(legs);
  return leaving(position, legs, Leg.Emergency) ?? leftovers(position, legs) ?? WAIT;
}

/** What is held and can be sold, rounded down to the lot; zero when it is dust. */
export function sellable(position: PositionView): { quantity: DecimalString; dust: Untradable | undefined } {
  const quantity = roundQuantity(position.instrument, availableQuantity(position));
  return { quantity, dust: untradable(position.instrument, quantity, position.stopPrice) };
}

/**
 * What is held is proven to be beyond selling, for as long as the exchange does not list its pair: nobody can do anything about it
 * from here, and no order may still change it.
 */
export const isStranded = (position: PositionView): boolean =>
  isDelisted(position) &&
  position.state === PositionState.Live &&
  sellable(position).dust === undefined &&
  entryIsOver(legsOf(position)) &&
  !position.orders.some(({ state }) => mayBeLive(state));

/** Something sellable is held, and no order of ours is, or may be, at the exchange to sell it, though one could be. */
export const isBare = (position: PositionView): boolean =>
  position.state === PositionState.Live &&
  !isDelisted(position) &&
  sellable(position).dust === undefined &&
  !position.orders.some(({ leg, state }) => leg !== Leg.Entry && mayBeLive(state));

interface Legs {
  readonly entry: OrderView | undefined;
  /** The stop that matters now: one in flight, else one about to be sent, else the resident one, else the last that was. */
  readonly stop: OrderView | undefined;
  readonly stops: readonly OrderView[];
  readonly exits: readonly OrderView[];
  readonly orders: readonly OrderView[];
}

function legsOf(position: PositionView): Legs {
  const { orders } = position;
  const stops = orders.filter((order) => order.leg === Leg.Stop && !withdrawn(order));
  return {
    entry: orders.findLast((order) => order.leg === Leg.Entry),
    stop: stops.findLast(inFlight) ?? stops.findLast(unsent) ?? stops.findLast(resident) ?? stops.at(-1),
    stops,
    exits: orders.filter((order) => order.leg === Leg.Exit || order.leg === Leg.Emergency),
    orders,
  };
}

const unsent = (order: OrderView): boolean => order.state === OrderState.Created;
const resident = (order: OrderView): boolean => order.state === OrderState.Open;
const inFlight = fateIsOpen;

/** Planned but never sent, and never to be. */
const withdrawn = (order: OrderView): boolean =>
  order.state === OrderState.Abandoned && order.sendDeadlineMs === null;

const entryIsOver = (legs: Legs): boolean => legs.entry === undefined || isTerminal(legs.entry.state);

/** Nothing sellable is held and nothing is, or may come, at the exchange. Rows that were never sent end with the position. */
function settled(position: PositionView, legs: Legs): boolean {
  const over = (order: OrderView): boolean =>
    isTerminal(order.state) || (unsent(order) && order.leg !== Leg.Entry);
  return sellable(position).dust !== undefined && entryIsOver(legs) && legs.orders.every(over);
}

/** The exchange takes no order: what was never sent is withdrawn, and what may be under way ends by being looked up. */
function whileDelisted({ entry }: Legs): PositionStep {
  return entry !== undefined && unsent(entry) ? { do: 'cancel', order: entry } : WAIT;
}

/** A stop that has begun to sell: the position is over, whether it can finish by itself or not. */
const triggeredStop = (legs: Legs): OrderView | undefined => legs.stops.find(hasSold);

const hasSold = (order: OrderView): boolean => !isZero(order.filledQuantity);

/**
 * The resident stop: there is one, of exactly what can be sold, at the wished price. While an exit is under way with
 * the entry over, the exit order takes the stop's place instead.
 */
function protection(position: PositionView, legs: Legs, now: Instant): PositionStep | undefined {
  const { quantity, dust } = sellable(position);
  const triggered = triggeredStop(legs);
  if (triggered !== undefined && position.exitReason === null && !(dust !== undefined && entryIsOver(legs))) {
    return { do: 'give-up', reason: ExitReason.Stop };
  }
  if (dust !== undefined) return undefined;
  if (
    position.exitReason !== null &&
    (entryIsOver(legs) || legs.exits.some((order) => mayBeLive(order.state)))
  )
    return undefined;
  const stop = legs.stop;
  if (stop === undefined) return stopOrder(position.stopPrice, nextSequence(legs, Leg.Stop), null);
  if (inFlight(stop)) return undefined;
  if (unsent(stop)) return stopOrder(stop.stopPrice, stop.sequence, stop.replaces);
  // On the way out a stop that ended is not mourned: the entry ends, and the exit sells.
  if (!resident(stop)) return position.exitReason === null ? afterStopEnded(position, legs, stop) : undefined;
  if (position.exitReason === null && isReached(stop)) return afterStopReached(stop, now);
  const rises = stop.stopPrice !== null && lessThan(stop.stopPrice, position.stopPrice);
  if (hasSold(stop) || (stop.quantity === quantity && !rises)) return undefined;
  return stopOrder(position.stopPrice, nextSequence(legs, Leg.Stop), stop.clientOrderId);
}

const isReached = ({ triggeredAtMs }: OrderView): boolean => typeof triggeredAtMs === 'number';

/** The market has reached the resident stop, and it has sold nothing yet: it is given a moment, then the position leaves without it. */
function afterStopReached({ triggeredAtMs }: OrderView, { wallTimeMs }: Instant): PositionStep {
  const untilWallMs = (triggeredAtMs ?? wallTimeMs) + STOP_PATIENCE_MS;
  if (wallTimeMs >= untilWallMs) return { do: 'give-up', reason: ExitReason.Stop };
  return { do: 'wait', untilMarketMs: null, untilWallMs };
}

/** The newest stop has ended, unfilled, and something is still held. */
function afterStopEnded(position: PositionView, legs: Legs, stop: OrderView): PositionStep {
  if (stop.state === OrderState.Expired) return { do: 'give-up', reason: ExitReason.Stop }; // triggered into an empty book
  if (stop.reason === WOULD_TRIGGER_REASON || refusedInARow(legs.stops) >= MAX_STOP_REFUSALS) {
    return { do: 'give-up', reason: ExitReason.Unprotected };
  }
  return stopOrder(position.stopPrice, nextSequence(legs, Leg.Stop), null);
}

/** The reason recorded on a stop that the market has already passed. */
export const WOULD_TRIGGER_REASON = 'would-trigger';

/** The reason recorded on an order that was refused, or ended, because the exchange does not list its pair. */
export const DELISTED_REASON = 'delisted';

/** The reason recorded on an order that was refused because its pair is not being traded for now. */
export const MARKET_CLOSED_REASON = 'market-closed';

/** Refusals that say nothing about the order: an exit would be refused just so, and the next try may succeed. */
const NO_MARKET: ReadonlySet<string | null> = new Set([DELISTED_REASON, MARKET_CLOSED_REASON]);

/** Of the refusals since the last stop that was accepted, those that were about the stop itself. */
const refusedInARow = (stops: readonly OrderView[]): number =>
  stops
    .slice(stops.findLastIndex((order) => order.state !== OrderState.Rejected) + 1)
    .filter(({ reason }) => !NO_MARKET.has(reason)).length;

function stopOrder(stopPrice: DecimalString | null, sequence: number, replaces: string | null): PositionStep {
  return { do: 'order', leg: Leg.Stop, sequence, type: OrderType.StopMarket, stopPrice, replaces };
}

function entering(position: PositionView, legs: Legs, { marketTimeMs }: Instant): PositionStep | undefined {
  const { entry } = legs;
  if (entry === undefined || isTerminal(entry.state)) return undefined;
  if (unsent(entry)) {
    return {
      do: 'order',
      leg: Leg.Entry,
      sequence: entry.sequence,
      type: entry.type,
      stopPrice: null,
      replaces: null,
    };
  }
  if (resident(entry)) {
    return marketTimeMs >= position.expiresAtMs
      ? { do: 'cancel', order: entry }
      : { do: 'wait', untilMarketMs: position.expiresAtMs };
  }
  return WAIT;
}

/** First the entry ends, then what is held is sold at market, in the resident stop's place. */
function leaving(
  position: PositionView,
  legs: Legs,
  leg: typeof Leg.Exit | typeof Leg.Emergency,
): PositionStep | undefined {
  const { entry, exits } = legs;
  if (entry !== undefined && !isTerminal(entry.state)) {
    return inFlight(entry) ? WAIT : { do: 'cancel', order: entry };
  }
  if (sellable(position).dust !== undefined) return undefined;
  const exit = exits.findLast((order) => !isTerminal(order.state));
  if (exit !== undefined && !unsent(exit)) return WAIT;
  if (legs.stops.some(inFlight)) return WAIT;
  // What it goes on selling must not be sold twice, so the rest of it ends before the exit begins.
  const selling = legs.stops.find((order) => resident(order) && hasSold(order));
  if (selling !== undefined) return { do: 'cancel', order: selling };
  const replaces = legs.stops.findLast(resident)?.clientOrderId ?? null;
  if (exit?.leg === leg && exit.replaces === replaces) return exitOrder(leg, exit.sequence, replaces);
  if (exit !== undefined) return { do: 'cancel', order: exit };
  return exitOrder(leg, nextSequence(legs, leg), replaces);
}

function exitOrder(leg: Leg, sequence: number, replaces: string | null): PositionStep {
  return { do: 'order', leg, sequence, type: OrderType.Market, stopPrice: null, replaces };
}

/** Nothing sellable is held and the entry is over: a stop that still rests (over dust) is taken back. */
function leftovers(position: PositionView, legs: Legs): PositionStep | undefined {
  if (!entryIsOver(legs) || sellable(position).dust === undefined) return undefined;
  const rest = legs.orders.find((order) => order.leg !== Leg.Entry && resident(order));
  return rest === undefined ? undefined : { do: 'cancel', order: rest };
}

function nextSequence(legs: Legs, leg: Leg): number {
  return Math.max(-1, ...legs.orders.filter((order) => order.leg === leg).map((order) => order.sequence)) + 1;
}
