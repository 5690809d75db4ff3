import {
  compare,
  fromNumber,
  greaterThan,
  isZero,
  lessThan,
  minimum,
  multiply,
  toNumber,
  type DecimalString,
} from '../decimal';
import { roundLongStop } from '../instrument';
import { isTerminal, Leg, type OrderView } from '../order';
import { PositionState, type PositionView } from '../position';
import { exactly, type Proposal, type RiskLimits } from '../risk';
import type { AgentEffect } from './record';
import { ToolName } from './tool-names';
import type { ActRequest, ToolRequestOf } from './tools';

/**
 * What a call of a tool may do. Pure: the facts were read just before. Whatever is wished for here can only make less of the risk that was
 * granted: leave, raise a stop, move a target, take an unfilled entry back. An entry is no more than a proposal, which risk decides on.
 */

/** Digits kept of a price that is a number, as of every strategy's. */
const PRICE_PLACES = 8;

export interface AgentFacts {
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  /** Of the bar that is decided on. */
  readonly barCloseMs: number;
  /** The pairs that the agent trades. */
  readonly symbols: readonly string[];
  /** Every live position of the account; those of others are none of its business. */
  readonly positions: readonly PositionView[];
  readonly quotes: ReadonlyMap<string, { readonly bid: DecimalString; readonly ask: DecimalString }>;
  /** Why no entry is possible in a pair now; pairs that are not named are open. */
  readonly barred: Readonly<Record<string, string>>;
  /** Pairs in which this decision has proposed an entry already. */
  readonly proposed: readonly string[];
}

/** How much smaller than by the account's limits an entry is to be. */
export interface Narrowing {
  /** Above 0, at most 1. */
  readonly sizeFraction: number;
  /** The price is the limit itself: nothing is added for slippage. */
  readonly atPrice: boolean;
}

export type AgentVerdict =
  | { readonly kind: 'refused'; readonly symbol: string | null; readonly text: string }
  | {
      readonly kind: 'wish';
      readonly symbol: string | null;
      readonly effects: readonly AgentEffect[];
      /** What the decision comes to by it, in the journal's words; null when it is none. */
      readonly decided: 'exit' | 'trail' | null;
      readonly text: string;
    }
  | {
      readonly kind: 'propose';
      readonly proposal: Proposal;
      readonly narrowing: Narrowing;
      /** Position whose resting entry has to be gone first; null for none. */
      readonly instead: string | null;
      readonly text: string;
    };

/** The account's limits, as tight as the agent asked for. They are never wider. */
export const narrowed = (limits: RiskLimits, { sizeFraction, atPrice }: Narrowing): RiskLimits => {
  const part = Number.isFinite(sizeFraction) ? Math.min(1, Math.max(Number.MIN_VALUE, sizeFraction)) : 1;
  const scaled = (fraction: number): number =>
    toNumber(multiply(exactly(fraction), fromNumber(part, PRICE_PLACES)));
  if (part === 1) return atPrice ? { ...limits, entrySlippageFraction: 0 } : limits;
  return {
    ...limits,
    riskFraction: scaled(limits.riskFraction),
    maxPositionFraction: scaled(limits.maxPositionFraction),
    ...(atPrice && { entrySlippageFraction: 0 }),
  };
};

/** Decides on a call that would change something. */
export function judgeCall(request: ActRequest, facts: AgentFacts): AgentVerdict {
  switch (request.tool) {
    case ToolName.MarketOrder:
      return request.arguments.side === 'buy' ? buyAtMarket(request, facts) : sell(request.arguments, facts);
    case ToolName.LimitOrder:
      return buyAtPrice(request, facts);
    case ToolName.ModifyOrder:
      return modify(request, facts);
    case ToolName.CancelOrder:
      return cancel(request.arguments, facts);
    case ToolName.CancelAll:
      return cancelAll(request.arguments, facts);
    case ToolName.StopLoss:
      return raiseStop(request.arguments, facts);
    case ToolName.TakeProfit:
      return setTarget(request.arguments, facts);
  }
}

const refused = (symbol: string | null, text: string): AgentVerdict => ({ kind: 'refused', symbol, text });
const price = (value: number): DecimalString => fromNumber(value, PRICE_PLACES);

/** The agent's own live positions. Others do not exist for it. */
export const ownPositions = (facts: AgentFacts): readonly PositionView[] =>
  facts.positions.filter(
    ({ account, session, strategy, state }) =>
      account === facts.account &&
      session === facts.session &&
      strategy === facts.strategy &&
      state === PositionState.Live,
  );

/** Its entry order, while that is not over; undefined when it is. */
export const restingEntry = ({ orders }: PositionView): OrderView | undefined =>
  orders.find((order) => order.leg === Leg.Entry && !isTerminal(order.state));

const ownIn = (facts: AgentFacts, symbol: string): PositionView | undefined =>
  ownPositions(facts).find((position) => position.symbol === symbol);

interface Entry {
  readonly symbol: string;
  readonly stop_price: number | null;
  readonly take_profit_price: number | null;
  readonly size_fraction: number | null;
  readonly reason: string;
}

/** Why a pair cannot be entered at all; undefined when it can be asked for. */
function obstacle(symbol: string, facts: AgentFacts): string | undefined {
  if (!facts.symbols.includes(symbol))
    return `${symbol} is not one of your pairs (${facts.symbols.join(', ')})`;
  const barred = Object.hasOwn(facts.barred, symbol) ? facts.barred[symbol] : undefined;
  if (barred !== undefined) return `no entry in ${symbol} now: ${barred}`;
  if (facts.proposed.includes(symbol))
    return `one entry in ${symbol} has been asked for on this bar, and there is one answer for each bar`;
  if (!facts.quotes.has(symbol)) return `the market of ${symbol} tells no price now`;
  return undefined;
}

function proposed(
  { symbol, stop_price, take_profit_price, size_fraction, reason }: Entry,
  referencePrice: DecimalString,
  atPrice: boolean,
  instead: string | null = null,
): AgentVerdict {
  if (stop_price === null) return refused(symbol, `an entry in ${symbol} without a stop is not made`);
  if (take_profit_price === null)
    return refused(symbol, `an entry in ${symbol} needs a take-profit price, by which risk judges it`);
  const [stopPrice, targetPrice] = [price(stop_price), price(take_profit_price)];
  if (!lessThan(stopPrice, referencePrice))
    return refused(symbol, `the stop ${stopPrice} is not below the entry ${referencePrice}`);
  return {
    kind: 'propose',
    proposal: { symbol, referencePrice, stopPrice, targetPrice, trailDistance: null },
    narrowing: { sizeFraction: size_fraction ?? 1, atPrice },
    instead,
    text: `buy ${symbol} at ${referencePrice}, stop ${stopPrice}, target ${targetPrice}: ${reason}`,
  };
}

function buyAtMarket(request: ToolRequestOf<typeof ToolName.MarketOrder>, facts: AgentFacts): AgentVerdict {
  const { symbol } = request.arguments;
  const why = obstacle(symbol, facts) ?? occupied(symbol, facts);
  const quote = facts.quotes.get(symbol);
  if (why !== undefined || quote === undefined) return refused(symbol, why ?? 'there is no price');
  return proposed(request.arguments, quote.ask, false);
}

function buyAtPrice(request: ToolRequestOf<typeof ToolName.LimitOrder>, facts: AgentFacts): AgentVerdict {
  const { symbol, side, limit_price } = request.arguments;
  if (side === 'sell')
    return refused(
      symbol,
      'a price to sell at is set with set_take_profit; to sell now, use place_market_order',
    );
  const why = obstacle(symbol, facts) ?? occupied(symbol, facts) ?? aboveMarket(symbol, limit_price, facts);
  return why === undefined ? proposed(request.arguments, price(limit_price), true) : refused(symbol, why);
}

const occupied = (symbol: string, facts: AgentFacts): string | undefined => {
  const held = ownIn(facts, symbol);
  return held === undefined ? undefined : `you have ${held.positionId} in ${symbol} already`;
};

function aboveMarket(symbol: string, limit: number, { quotes }: AgentFacts): string | undefined {
  const ask = quotes.get(symbol)?.ask;
  return ask !== undefined && greaterThan(price(limit), ask)
    ? `a limit of ${limit} is above the best offer ${ask}; to buy at the market, use place_market_order`
    : undefined;
}

/** The resting entry that an order id of the agent's own names, or why there is none. */
function ownEntry(
  id: string,
  facts: AgentFacts,
): { readonly position: PositionView; readonly order: OrderView } | string {
  for (const position of ownPositions(facts)) {
    const order = position.orders.find(({ clientOrderId }) => clientOrderId === id);
    if (order === undefined) continue;
    if (order.leg !== Leg.Entry)
      return `${id} is the ${order.leg} of ${position.positionId}; protection is not taken back`;
    return isTerminal(order.state) ? `${id} is ${order.state}: nothing of it rests` : { position, order };
  }
  return `there is no order ${id.slice(0, 80)} of yours`;
}

function modify(request: ToolRequestOf<typeof ToolName.ModifyOrder>, facts: AgentFacts): AgentVerdict {
  const { order_id, limit_price, stop_price, take_profit_price, reason } = request.arguments;
  const found = ownEntry(order_id, facts);
  if (typeof found === 'string') return refused(null, found);
  const { position, order } = found;
  const { symbol, positionId } = position;
  const why = obstacle(symbol, facts) ?? aboveMarket(symbol, limit_price, facts);
  if (why !== undefined) return refused(symbol, why);
  if (!isZero(order.filledQuantity))
    return refused(symbol, `${order_id} has bought already: it is a position now`);
  if (position.barCloseMs >= facts.barCloseMs)
    return refused(symbol, `${order_id} was placed on this bar; it can be modified from the next one on`);
  const entry = {
    symbol,
    stop_price: stop_price ?? toNumber(position.stopPrice),
    take_profit_price: take_profit_price ?? toNumber(position.targetPrice),
    size_fraction: null,
    reason,
  };
  return proposed(entry, price(limit_price), true, positionId);
}

function withdrawn(positions: readonly PositionView[], symbol: string | null, reason: string): AgentVerdict {
  const effects = positions.map(({ positionId }): AgentEffect => ({ kind: 'withdraw', positionId }));
  const what = positions.map((position) => `the entry in ${position.symbol}`).join(', ');
  return { kind: 'wish', symbol, effects, decided: null, text: `take back ${what}: ${reason}` };
}

function cancel({ order_id, reason }: { order_id: string; reason: string }, facts: AgentFacts): AgentVerdict {
  const found = ownEntry(order_id, facts);
  if (typeof found === 'string') return refused(null, found);
  return withdrawn([found.position], found.position.symbol, reason);
}

function cancelAll({ reason }: { reason: string }, facts: AgentFacts): AgentVerdict {
  const resting = ownPositions(facts).filter((position) => restingEntry(position) !== undefined);
  return resting.length === 0
    ? refused(null, 'no entry order of yours rests')
    : withdrawn(resting, null, reason);
}

function sell({ symbol, reason }: { symbol: string; reason: string }, facts: AgentFacts): AgentVerdict {
  const position = ownIn(facts, symbol);
  if (position === undefined) return refused(symbol, `you hold nothing in ${symbol}`);
  if (position.exitReason !== null)
    return refused(symbol, `${symbol} is being sold already (${position.exitReason})`);
  if (isZero(position.ledger.heldQuantity))
    return refused(symbol, `nothing of ${symbol} is held yet; to take the entry back, use cancel_order`);
  const effects: AgentEffect[] = [{ kind: 'exit', positionId: position.positionId }];
  return { kind: 'wish', symbol, effects, decided: 'exit', text: `sell all ${symbol}: ${reason}` };
}

function raiseStop(
  { symbol, stop_price, reason }: { symbol: string; stop_price: number; reason: string },
  facts: AgentFacts,
): AgentVerdict {
  const position = ownIn(facts, symbol);
  if (position === undefined) return refused(symbol, `you have no position in ${symbol}`);
  if (position.exitReason !== null) return refused(symbol, `${symbol} is being sold already`);
  const stopPrice = roundLongStop(position.instrument, price(stop_price));
  if (compare(stopPrice, position.stopPrice) <= 0)
    return refused(
      symbol,
      `a stop of ${stopPrice} is not above the present one, ${position.stopPrice}: stops are only raised`,
    );
  const bid = facts.quotes.get(symbol)?.bid;
  if (bid === undefined) return refused(symbol, `the market of ${symbol} tells no price now`);
  const ceiling = position.openedAtMs === null ? minimum(bid, position.limitPrice) : bid;
  if (!lessThan(stopPrice, ceiling))
    return refused(
      symbol,
      `a stop of ${stopPrice} is not below ${ceiling}, where it would sell at once; to leave, sell with place_market_order`,
    );
  const effects: AgentEffect[] = [{ kind: 'stop', positionId: position.positionId, stopPrice }];
  const text = `raise the stop of ${symbol} from ${position.stopPrice} to ${stopPrice}: ${reason}`;
  return { kind: 'wish', symbol, effects, decided: 'trail', text };
}

function setTarget(
  { symbol, take_profit_price, reason }: { symbol: string; take_profit_price: number; reason: string },
  facts: AgentFacts,
): AgentVerdict {
  const position = ownIn(facts, symbol);
  if (position === undefined) return refused(symbol, `you have no position in ${symbol}`);
  if (position.exitReason !== null) return refused(symbol, `${symbol} is being sold already`);
  const targetPrice = price(take_profit_price);
  const bid = facts.quotes.get(symbol)?.bid;
  if (bid === undefined) return refused(symbol, `the market of ${symbol} tells no price now`);
  if (!greaterThan(targetPrice, bid))
    return refused(
      symbol,
      `a target of ${targetPrice} is not above the market, ${bid}; to leave, sell with place_market_order`,
    );
  const effects: AgentEffect[] = [{ kind: 'target', positionId: position.positionId, targetPrice }];
  const text = `set the target of ${symbol} to ${targetPrice}: ${reason}`;
  return { kind: 'wish', symbol, effects, decided: null, text };
}
