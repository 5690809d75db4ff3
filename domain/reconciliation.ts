import {
  add,
  compare,
  greaterThan,
  isPositive,
  isZero,
  maximum,
  minimum,
  multiply,
  divide,
  subtract,
  sum,
  ZERO,
  type DecimalString,
} from './decimal';
import { timeframeMs, type Timeframe } from './bar';
import { clientOrderId, positionId as positionIdOf } from './ids';
import { Leg, mayBeLive, Side, type Fill, type OrderView } from './order';
import { isDelisted, PositionState, type PositionView } from './position';

/** The pure part of a reconciliation: whose an order is that the journal does not know, and whose the coins are that are missing. */

/** Sequences beyond the newest that the journal knows of a leg; a stop is replaced with every fill and trailing step. */
const SEQUENCES_AHEAD = 64;

/** The place of an order in its position. */
export interface OrderPlace {
  readonly positionId: string;
  readonly leg: Leg;
  readonly sequence: number;
}

/**
 * Every client order id that these positions have given out or may give out next, with its place. An id is a hash of its
 * place, so an order under one of them is that position's beyond doubt.
 */
export function placesOf(
  deployment: string,
  positions: readonly Pick<PositionView, 'positionId' | 'account' | 'session' | 'orders'>[],
): ReadonlyMap<string, OrderPlace> {
  const places = new Map<string, OrderPlace>();
  for (const { positionId, account, session, orders } of positions) {
    for (const leg of Object.values(Leg)) {
      const known = orders.filter((order) => order.leg === leg).map(({ sequence }) => sequence);
      const last = leg === Leg.Entry ? 0 : Math.max(-1, ...known) + SEQUENCES_AHEAD;
      for (let sequence = 0; sequence <= last; sequence += 1) {
        const key = { deployment, account, session, positionId, leg, sequence };
        places.set(clientOrderId(key), { positionId, leg, sequence });
      }
    }
  }
  return places;
}

/** Bars before an order's time whose decision may have sent it. */
const LINEAGE_BARS = 2_000;

/** A strategy of the account, as far as its name and pace go. */
export interface StrategyPace {
  readonly name: string;
  readonly timeframe: Timeframe;
}

/** The grant that a lost entry came from: the strategy and bar whose position id hashes to its client order id. */
export interface Lineage extends StrategyPace {
  readonly positionId: string;
  readonly barCloseMs: number;
}

/** @returns undefined when no strategy's recent bars explain the id */
export function lineageOf(
  entry: { readonly clientOrderId: string; readonly symbol: string; readonly marketTimeMs: number },
  owner: { readonly deployment: string; readonly account: string; readonly session: string },
  strategies: readonly StrategyPace[],
): Lineage | undefined {
  for (const { name, timeframe } of strategies) {
    const length = timeframeMs(timeframe);
    // The exchange's stamp may be that of a later change, and its clock ahead of the bar's.
    const newest = (Math.floor(entry.marketTimeMs / length) + 1) * length;
    for (let bars = 0; bars < LINEAGE_BARS; bars += 1) {
      const barCloseMs = newest - bars * length;
      const { account, session, deployment } = owner;
      const positionId = positionIdOf({ account, session, strategy: name, symbol: entry.symbol, barCloseMs });
      const id = clientOrderId({ deployment, account, session, positionId, leg: Leg.Entry, sequence: 0 });
      if (id === entry.clientOrderId) return { name, timeframe, positionId, barCloseMs };
    }
  }
  return undefined;
}

/** A part of a sale that falls to one position. */
export interface SalePart {
  readonly positionId: string;
  /** The sale's own id when it is undivided, else with a number behind it. */
  readonly clientOrderId: string;
  readonly quantity: DecimalString;
  /** Real trades, those over the border between two positions split with their fee in proportion. */
  readonly fills: readonly Fill[];
}

/**
 * Divides a sale that no position ordered among those whose coins it sold: live ones first, the oldest before the newer,
 * then what closed ones have left over. Its parts add up to it exactly.
 * @returns undefined when the positions hold less than was sold
 */
export function divideSale(
  sale: { readonly clientOrderId: string; readonly fills: readonly Fill[] },
  positions: readonly Pick<PositionView, 'positionId' | 'state' | 'grantedAtMs' | 'ledger'>[],
): readonly SalePart[] | undefined {
  const inTurn = [...positions].sort(
    (a, b) =>
      Number(a.state === PositionState.Closed) - Number(b.state === PositionState.Closed) ||
      a.grantedAtMs - b.grantedAtMs ||
      (a.positionId < b.positionId ? -1 : 1),
  );
  const parts: SalePart[] = [];
  let rest: readonly Fill[] = sale.fills;
  for (const { positionId, ledger } of inTurn) {
    if (rest.length === 0) break;
    if (!isPositive(ledger.heldQuantity)) continue;
    const { taken, left } = takeFills(rest, ledger.heldQuantity, parts.length);
    const undivided = parts.length === 0 && left.length === 0;
    const id = undivided ? sale.clientOrderId : partId(sale.clientOrderId, parts.length + 1);
    const fills = taken.map((fill) => ({ ...fill, clientOrderId: id }));
    parts.push({
      positionId,
      clientOrderId: id,
      quantity: sum(fills.map(({ quantity }) => quantity)),
      fills,
    });
    rest = left;
  }
  return rest.length === 0 && parts.length > 0 ? parts : undefined;
}

const partId = (clientOrderId: string, number: number): string => `${clientOrderId}#${number}`;

/** The ids under which a sale may be in the journal: its own, or that of its first part. */
export const idsOfSale = (clientOrderId: string): readonly [string, string] => [
  clientOrderId,
  partId(clientOrderId, 1),
];

/** The first `quantity` of these fills, and the rest; the fill over the border is cut in two. */
function takeFills(
  fills: readonly Fill[],
  quantity: DecimalString,
  cuts: number,
): { readonly taken: readonly Fill[]; readonly left: readonly Fill[] } {
  const taken: Fill[] = [];
  let wanted = quantity;
  for (const [index, fill] of fills.entries()) {
    if (isZero(wanted)) return { taken, left: fills.slice(index) };
    if (compare(fill.quantity, wanted) <= 0) {
      taken.push(fill);
      wanted = subtract(wanted, fill.quantity);
      continue;
    }
    const fee = divide(multiply(fill.fee, wanted), fill.quantity);
    taken.push({ ...fill, quantity: wanted, fee });
    const remainder: Fill = {
      ...fill,
      tradeId: `${fill.tradeId.split('#')[0] ?? fill.tradeId}#${cuts + 2}`,
      quantity: subtract(fill.quantity, wanted),
      fee: subtract(fill.fee, fee),
    };
    return { taken, left: [remainder, ...fills.slice(index + 1)] };
  }
  return { taken, left: [] };
}

/**
 * How much each position lacks when the account holds only `there` of an asset: what rests in sells is certainly there, and
 * of the rest the oldest position is served first; those whose pair is delisted come last, since a person was told to take their coins out.
 * @returns positions by id with what is missing of each; zero for those that lack nothing
 */
export function missingOf(
  positions: readonly Pick<
    PositionView,
    'positionId' | 'grantedAtMs' | 'ledger' | 'orders' | 'delistedAtMs'
  >[],
  there: DecimalString,
): ReadonlyMap<string, DecimalString> {
  const held = positions.filter(({ ledger }) => isPositive(ledger.heldQuantity));
  const offered = ({ orders }: Pick<PositionView, 'orders'>): DecimalString =>
    sum(
      orders
        .filter((order) => order.side === Side.Sell && mayBeLive(order.state))
        .map(({ quantity, filledQuantity }) => subtract(quantity, filledQuantity)),
    );
  let left = there;
  const served = new Map<string, DecimalString>();
  const serve = (positionId: string, wish: DecimalString): void => {
    const given = maximum(ZERO, minimum(wish, left));
    left = subtract(left, given);
    served.set(positionId, add(served.get(positionId) ?? ZERO, given));
  };
  const inTurn = [...held].sort(
    (a, b) => Number(isDelisted(a)) - Number(isDelisted(b)) || a.grantedAtMs - b.grantedAtMs,
  );
  for (const position of inTurn)
    serve(position.positionId, minimum(offered(position), position.ledger.heldQuantity));
  for (const { positionId, ledger } of inTurn)
    serve(positionId, subtract(ledger.heldQuantity, served.get(positionId) ?? ZERO));
  return new Map(
    held.map(({ positionId, ledger }) => [
      positionId,
      subtract(ledger.heldQuantity, served.get(positionId) ?? ZERO),
    ]),
  );
}

/**
 * True when the position still needs this resting order, so that whoever cancelled it was not Ballast: nothing takes its
 * place, nobody wishes to leave, and an entry's time has not run out.
 */
export function isNeeded(position: PositionView, order: OrderView, marketTimeMs: number): boolean {
  if (position.state === PositionState.Closed || position.exitReason !== null) return false;
  if (position.orders.some(({ replaces }) => replaces === order.clientOrderId)) return false;
  if (order.leg === Leg.Entry) return marketTimeMs < position.expiresAtMs;
  return order.leg === Leg.Stop && greaterThan(position.ledger.heldQuantity, ZERO);
}
