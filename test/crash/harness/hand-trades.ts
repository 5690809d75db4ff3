import { add, decimal, multiply, subtract, ZERO, type DecimalString } from '../../../domain/decimal';
import { OrderType, type Side } from '../../../domain/order';
import type { RecordedTrade } from '../../../emulator/journal/record';
import type { Records } from './compare-records';
import type { World } from './world';

/** An order that a person has placed past Ballast with the account's own keys: the exchange has it, and the journal may not. */
export interface HandTrade {
  readonly clientOrderId: string;
  /** The position whose coins it sold; absent when they were no position's. */
  readonly positionId?: string;
}

const QUOTE = 'USDT';
const SEND_MS = 5_000;

const tradesOf = ({ exchange }: Records, ids: readonly string[]): readonly RecordedTrade[] =>
  exchange.trades.filter(({ clientOrderId }) => ids.includes(clientOrderId));

/** What is left to be compared: the exchange without the orders by hand, and the account as if their trades had come before all others. */
export function withoutHandTrades(records: Records): Records {
  const ids = (records.byHand ?? []).map(({ clientOrderId }) => clientOrderId);
  const isTold = ({ clientOrderId }: { readonly clientOrderId: string }): boolean =>
    !ids.includes(clientOrderId);
  const balances = new Map(
    Object.entries(records.initialBalances).map(([asset, amount]) => [asset, decimal(amount)]),
  );
  const move = (asset: string, amount: DecimalString): void => {
    balances.set(asset, add(balances.get(asset) ?? ZERO, amount));
  };
  for (const { symbol, side, price, quantity, fee, feeAsset } of tradesOf(records, ids)) {
    const money = multiply(decimal(price), decimal(quantity));
    const base = symbol.slice(0, -QUOTE.length);
    move(base, side === 'BUY' ? decimal(quantity) : subtract(ZERO, decimal(quantity)));
    move(QUOTE, side === 'BUY' ? subtract(ZERO, money) : money);
    move(feeAsset, subtract(ZERO, decimal(fee)));
  }
  const { exchange } = records;
  return {
    ...records,
    exchange: {
      ...exchange,
      orders: exchange.orders.filter(isTold),
      trades: exchange.trades.filter(isTold),
    },
    initialBalances: Object.fromEntries(balances),
  };
}

/** How much of a position's coins was sold by hand. */
export function soldByHand(records: Records, positionId: string): DecimalString {
  const ids = (records.byHand ?? []).filter((trade) => trade.positionId === positionId);
  return tradesOf(
    records,
    ids.map(({ clientOrderId }) => clientOrderId),
  )
    .map(({ quantity }) => decimal(quantity))
    .reduce(add, ZERO);
}

/**
 * Trades at market with the account's own keys, past Ballast, as a person does in the exchange's app.
 * @param order its `positionId` is that of the position whose coins are sold, if any
 * @returns its client order id, which is none of Ballast's
 */
export async function tradeByHand(
  { port, byHand }: World,
  order: {
    readonly symbol: string;
    readonly side: Side;
    readonly quantity: DecimalString;
    readonly positionId?: string;
  },
): Promise<string> {
  const { positionId, ...trade } = order;
  const clientOrderId = `web_${byHand.length + 1}`;
  byHand.push({ clientOrderId, ...(positionId !== undefined && { positionId }) });
  const market = { type: OrderType.Market, limitPrice: null, stopPrice: null };
  await port.submit({ ...trade, ...market, clientOrderId, sendDeadlineMs: Date.now() + SEND_MS });
  return clientOrderId;
}
