import { add, compare, decimal, multiply, subtract, ZERO, type DecimalString } from '../../../domain/decimal';
import { roundQuantity, untradable } from '../../../domain/instrument';
import { Leg, OrderState, Side } from '../../../domain/order';
import { PositionState } from '../../../domain/position';
import type { ExchangeRecord, RecordedOrder } from '../../../emulator/journal/record';
import { isPart, withWholeSales } from './divided-sales';
import { soldByHand, withoutHandTrades, type HandTrade } from './hand-trades';
import type { JournaledFill, JournaledOrder, JournaledPosition, JournalRecord } from './journal-record';

export interface Records {
  /** The judge. */
  readonly exchange: ExchangeRecord;
  readonly journal: JournalRecord;
  /** The exchange's name of the account, and what it owned before the first order. */
  readonly account: string;
  readonly initialBalances: Readonly<Record<string, string>>;
  /** What a person has traded past Ballast. */
  readonly byHand?: readonly HandTrade[];
}

export const DifferenceKind = {
  /** Something was done twice that was meant once. */
  Duplicate: 'duplicate',
  /** One record has an order, a fill or money that the other lacks. */
  Lost: 'lost',
  /** Something is at the exchange, or live in the journal, that nobody looks after. */
  Orphaned: 'orphaned',
  /** An open position is not covered by its one resident stop. */
  Unprotected: 'unprotected',
  /** Work is under way, or the records are not of the same moment yet. */
  Unsettled: 'unsettled',
} as const;
export type DifferenceKind = (typeof DifferenceKind)[keyof typeof DifferenceKind];

/** One way in which the two records differ; `text` is a sentence for people. */
export interface Difference {
  readonly kind: DifferenceKind;
  readonly text: string;
}

const differenceOf =
  (kind: DifferenceKind) =>
  (text: string): Difference => ({ kind, text });
const duplicate = differenceOf(DifferenceKind.Duplicate);
const lost = differenceOf(DifferenceKind.Lost);
const orphaned = differenceOf(DifferenceKind.Orphaned);
const unprotected = differenceOf(DifferenceKind.Unprotected);
const unsettled = differenceOf(DifferenceKind.Unsettled);

/** How the exchange calls what the journal calls by the key. States that are missing must not be there at all. */
const STATUSES: Readonly<Partial<Record<OrderState, readonly string[]>>> = {
  [OrderState.Open]: ['NEW', 'PARTIALLY_FILLED'],
  [OrderState.Filled]: ['FILLED'],
  [OrderState.Cancelled]: ['CANCELED'],
  [OrderState.Expired]: ['EXPIRED', 'EXPIRED_IN_MATCH'],
};
const OPEN_STATUSES: readonly string[] = STATUSES.open ?? [];
const FATE_UNKNOWN: ReadonlySet<OrderState> = new Set([OrderState.Sending, OrderState.Unknown]);

/**
 * Holds the journal against the exchange's own record: one exchange order per sent intent and none that nobody intended,
 * fills equal one by one, money equal to the last unit, one resident stop of the right quantity per open position.
 * @returns every difference, as a sentence; empty when the two agree
 */
export const compareRecords = (records: Records): readonly string[] =>
  judgeRecords(records).map(({ text }) => text);

/** The same, each difference with its kind. */
export function judgeRecords(records: Records): readonly Difference[] {
  const { account, exchange } = records;
  const all: Records = {
    ...records,
    exchange: {
      ...exchange,
      orders: exchange.orders.filter((order) => order.account === account),
      trades: exchange.trades.filter((trade) => trade.account === account),
      balances: exchange.balances.filter((balance) => balance.account === account),
    },
  };
  const mine = withoutHandTrades(all);
  const whole = { ...mine, journal: withWholeSales(mine.journal) };
  return [
    ...orderDifferences(whole),
    ...entryDifferences(mine),
    ...fillDifferences(whole),
    ...balanceDifferences(mine),
    ...protectionDifferences(mine, (positionId) => soldByHand(all, positionId)),
  ];
}

function orderDifferences({ exchange, journal }: Records): Difference[] {
  const known = new Set(journal.orders.map(({ clientOrderId }) => clientOrderId));
  const unknown = exchange.orders.filter(({ clientOrderId }) => !known.has(clientOrderId));
  return [
    ...unknown.map(({ clientOrderId, status }) =>
      (OPEN_STATUSES.includes(status) ? orphaned : lost)(
        `the exchange has ${clientOrderId}, which the journal does not know`,
      ),
    ),
    ...journal.orders.flatMap((order) =>
      judgeOrder(
        order,
        exchange.orders.filter(({ clientOrderId }) => clientOrderId === order.clientOrderId),
      ),
    ),
  ];
}

function judgeOrder(order: JournaledOrder, found: readonly RecordedOrder[]): Difference[] {
  const { state } = order;
  const name = nameOf(order);
  if (FATE_UNKNOWN.has(state)) return [unsettled(`the fate of ${name} is not known yet: it is ${state}`)];
  const statuses = STATUSES[state];
  if (statuses === undefined)
    return found.length === 0 ? [] : [lost(`${name} is ${state}, yet the exchange has it`)];
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const text = `${name} is ${state}; the exchange has ${found.length} orders for it`;
    return [only === undefined ? lost(text) : duplicate(text)];
  }
  const differences: Difference[] = [];
  if (!statuses.includes(only.status))
    differences.push(unsettled(`${name} is ${state}, at the exchange ${only.status}`));
  if (!equal(order.filledQuantity, only.executedQuantity))
    differences.push(
      lost(`${name} has filled ${order.filledQuantity}, at the exchange ${only.executedQuantity}`),
    );
  return differences;
}

/** A position is bought once, whatever ids the purchases have. */
function entryDifferences({ exchange, journal }: Records): Difference[] {
  return journal.positions.flatMap(({ positionId }) => {
    const ids = journal.orders.filter((order) => order.positionId === positionId).map(idOf);
    const entries = exchange.orders.filter(
      ({ side, clientOrderId }) => side === 'BUY' && ids.includes(clientOrderId),
    );
    return entries.length > 1 ? [duplicate(`${positionId} was entered ${entries.length} times`)] : [];
  });
}

function fillDifferences({ exchange, journal }: Records): Difference[] {
  const there = exchange.trades.map((trade) =>
    describeFill(
      trade.symbol,
      String(trade.tradeId),
      trade.side,
      trade.clientOrderId,
      [trade.price, trade.quantity, trade.fee],
      trade.feeAsset,
    ),
  );
  const here = journal.fills.map((fill) =>
    describeFill(
      fill.symbol.replace('/', ''),
      fill.tradeId,
      fill.side.toUpperCase(),
      fill.clientOrderId,
      [fill.price, fill.quantity, fill.fee],
      fill.feeAsset,
    ),
  );
  return [
    ...there.filter((fill) => !here.includes(fill)).map((fill) => lost(`the journal lacks the fill ${fill}`)),
    ...here
      .filter((fill) => !there.includes(fill))
      .map((fill) => lost(`the exchange never had the fill ${fill}`)),
    ...(there.length === here.length ? [] : [lost(`${there.length} fills there, ${here.length} here`)]),
  ];
}

function describeFill(
  symbol: string,
  tradeId: string,
  side: string,
  clientOrderId: string,
  [price, quantity, fee]: readonly [string, string, string],
  feeAsset: string,
): string {
  return `${symbol} ${tradeId} ${side} ${decimal(quantity)} at ${decimal(price)}, fee ${decimal(fee)} ${feeAsset}, of ${clientOrderId}`;
}

/** What the exchange holds for the account is what it held at first and what the journaled fills have moved since. */
function balanceDifferences({ exchange, journal, initialBalances }: Records): Difference[] {
  const expected = new Map<string, DecimalString>();
  const move = (asset: string, amount: DecimalString): void => {
    expected.set(asset, add(expected.get(asset) ?? ZERO, amount));
  };
  for (const [asset, amount] of Object.entries(initialBalances)) move(asset, decimal(amount));
  for (const fill of journal.fills) moveFill(fill, move);
  for (const { asset } of exchange.balances) move(asset, ZERO);
  return [...expected].flatMap(([asset, amount]) => {
    const balance = exchange.balances.find((candidate) => candidate.asset === asset);
    const there = balance === undefined ? ZERO : add(decimal(balance.free), decimal(balance.locked));
    return equal(there, amount)
      ? []
      : [lost(`the exchange holds ${there} ${asset}, the journal adds up to ${amount}`)];
  });
}

function moveFill(fill: JournaledFill, move: (asset: string, amount: DecimalString) => void): void {
  const [base = '', quote = ''] = fill.symbol.split('/');
  const money = multiply(fill.price, fill.quantity);
  const isBuy = fill.side === Side.Buy;
  move(base, isBuy ? fill.quantity : subtract(ZERO, fill.quantity));
  move(quote, isBuy ? subtract(ZERO, money) : money);
  move(fill.feeAsset, subtract(ZERO, fill.fee));
}

/** Every open position has exactly one resident stop, of what can be sold; beside it only its entry may rest. */
function protectionDifferences(
  { exchange, journal }: Records,
  goneOf: (positionId: string) => DecimalString,
): Difference[] {
  const open = exchange.orders.filter(({ status }) => OPEN_STATUSES.includes(status));
  return journal.positions.flatMap((position) => {
    const { positionId, instrument, stopPrice } = position;
    const orders = journal.orders.filter((order) => order.positionId === positionId);
    const isLive = position.state === PositionState.Live;
    const counted = orders.filter(({ leg }) => !(isLive && leg === Leg.Entry)).map(idOf);
    const resting = open.filter(({ clientOrderId }) => counted.includes(clientOrderId));
    const held = subtract(heldAtExchange(position, orders, { exchange, journal }), goneOf(positionId));
    // Coins of somebody else were sold: no sum of money tells, since both records have the sale.
    if (compare(held, ZERO) < 0)
      return [duplicate(`${positionId} has sold ${subtract(ZERO, held)} more than it held`)];
    const quantity = roundQuantity(instrument, held);
    if (untradable(instrument, quantity, stopPrice) !== undefined)
      return resting.map((order) =>
        orphaned(`${positionId} is flat, yet ${order.clientOrderId} rests (${order.type})`),
      );
    if (!isLive) return [orphaned(`${positionId} is closed and holds ${quantity}`)];
    const stops = orders.filter(({ leg }) => leg === Leg.Stop).map(idOf);
    const [stop] = resting;
    if (stop === undefined) return [unprotected(`${positionId} holds ${quantity} without a resident stop`)];
    if (resting.length > 1 || !stops.includes(stop.clientOrderId) || stop.type !== 'STOP_LOSS')
      return [
        unprotected(
          `${positionId} should have one resident stop and has ${resting.map(({ type }) => type).join(', ')}`,
        ),
      ];
    const differences: Difference[] = [];
    if (!equal(stop.quantity, quantity))
      differences.push(unprotected(`${positionId} holds ${quantity}, its stop sells ${stop.quantity}`));
    if (!equal(stop.stopPrice, stopPrice))
      differences.push(
        unprotected(`${positionId} wishes its stop at ${stopPrice}, it rests at ${stop.stopPrice}`),
      );
    return differences;
  });
}

/** By the exchange's trades; of a sale that was divided among positions, whose sum is compared elsewhere, by its parts. */
function heldAtExchange(
  { instrument }: JournaledPosition,
  orders: readonly JournaledOrder[],
  { exchange, journal }: Pick<Records, 'exchange' | 'journal'>,
): DecimalString {
  const ids = orders.map(idOf);
  const parts = orders.filter(isPart).map(idOf);
  const soldInParts = journal.fills
    .filter(({ clientOrderId }) => parts.includes(clientOrderId))
    .map(({ quantity }) => quantity)
    .reduce(add, ZERO);
  return exchange.trades
    .filter(({ clientOrderId }) => ids.includes(clientOrderId))
    .reduce(
      (held, trade) => {
        const moved =
          trade.side === 'BUY' ? add(held, decimal(trade.quantity)) : subtract(held, decimal(trade.quantity));
        return trade.feeAsset === instrument.base ? subtract(moved, decimal(trade.fee)) : moved;
      },
      subtract(ZERO, soldInParts),
    );
}

const idOf = ({ clientOrderId }: JournaledOrder): string => clientOrderId;
const nameOf = ({ leg, sequence, positionId }: JournaledOrder): string =>
  `${leg} ${sequence} of ${positionId}`;
const equal = (a: string, b: string): boolean => compare(decimal(a), decimal(b)) === 0;
