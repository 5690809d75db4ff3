import { setTimeout as sleep } from 'node:timers/promises';
import { add, compare, isPositive, multiply, ZERO, type DecimalString } from '../domain/decimal';
import { OrderState, type OrderView } from '../domain/order';
import type { PositionView } from '../domain/position';
import type { ActivityDeps } from './deps';

/** What an account is worth, in quote units. */
export interface AccountMarks {
  readonly equity: DecimalString;
  readonly freeQuote: DecimalString;
}

/** An order on its way settles within this; what takes longer is for the caller's own retries. */
const PATIENCE = { looks: 10, pauseMs: 100 } as const;

/**
 * Equity: the quote balance, and what Ballast's positions hold at the bid. Other coins in the account are not Ballast's
 * to count, as they are not its to sell.
 *
 * Cash comes from the exchange and holdings from the journal, so the two must tell of the same fills: an entry that has
 * been paid but not journaled would look like a loss, a stop that has sold like a gain. While an order is on its way,
 * or rests otherwise than the journal says, nothing can be marked.
 * @throws Error when the account does not settle while one waits; asking again is safe
 */
export async function readMarks(
  { exchange, store }: Pick<ActivityDeps, 'exchange' | 'store'>,
  account: string,
  quote: string,
): Promise<AccountMarks> {
  for (let look = 1; look <= PATIENCE.looks; look += 1) {
    const live = await store.livePositions(account);
    const balances = await exchange.balances();
    const settled = nothingOnItsWay(live) && isUnchanged(live, await store.livePositions(account));
    if (settled && (await isConfirmed(live))) {
      const cash = balances.find(({ asset }) => asset === quote);
      const freeQuote = cash?.free ?? ZERO;
      const worth = await worthOf(live);
      return { equity: add(add(freeQuote, cash?.locked ?? ZERO), worth), freeQuote };
    }
    await sleep(PATIENCE.pauseMs);
  }
  throw new Error(`Account ${account} cannot be marked to market while orders of it are on their way.`);

  /** Asked after the balances were read: what rests now as the journal says has not traded before. */
  async function isConfirmed(live: readonly PositionView[]): Promise<boolean> {
    const resting = ordersOf(live).filter(({ state }) => state === OrderState.Open);
    const symbols = [...new Set(resting.map(({ symbol }) => symbol))];
    const reports = (await Promise.all(symbols.map((symbol) => exchange.openOrders(symbol)))).flat();
    return resting.every(({ clientOrderId, filledQuantity }) =>
      reports.some(
        (report) =>
          report.clientOrderId === clientOrderId && compare(report.filledQuantity, filledQuantity) === 0,
      ),
    );
  }

  async function worthOf(live: readonly PositionView[]): Promise<DecimalString> {
    const held = live.filter(({ ledger }) => isPositive(ledger.heldQuantity));
    const symbols = [...new Set(held.map(({ symbol }) => symbol))];
    const quotes = symbols.length === 0 ? [] : await exchange.quotes(symbols);
    const bids = new Map(quotes.map(({ symbol, bid }) => [symbol, bid]));
    return held
      .map(({ symbol, ledger }) => multiply(ledger.heldQuantity, bids.get(symbol) ?? ZERO))
      .reduce(add, ZERO);
  }
}

const ordersOf = (live: readonly PositionView[]): readonly OrderView[] =>
  live.flatMap(({ orders }) => orders);

const nothingOnItsWay = (live: readonly PositionView[]): boolean =>
  ordersOf(live).every(({ state }) => state !== OrderState.Sending && state !== OrderState.Unknown);

/** No order has come, gone or changed between the two readings. */
function isUnchanged(before: readonly PositionView[], after: readonly PositionView[]): boolean {
  const versions = (live: readonly PositionView[]): string =>
    ordersOf(live)
      .map(({ clientOrderId, version }) => `${clientOrderId}/${version}`)
      .sort()
      .join();
  return versions(before) === versions(after);
}
