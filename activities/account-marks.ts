import { add, isPositive, multiply, subtract, ZERO, type DecimalString } from '../domain/decimal';
import type { ActivityDeps } from './deps';

/** What an account is worth, in quote units. */
export interface AccountMarks {
  readonly equity: DecimalString;
  readonly freeQuote: DecimalString;
}

/**
 * Equity: the quote balance, and Ballast's coins at the bid.
 *
 * A fill changes cash and coins at the exchange at one instant, but reaches the journal later; a mark made of the
 * exchange's cash and the journal's holdings would take an entry under way for a loss. So both come from one answer of the exchange.
 * The journal tells which coins to look for, before and after that answer, and how much of them was there before
 * Ballast bought any: that is not Ballast's to count, as it is not its to sell.
 */
export async function readMarks(
  { exchange, store }: Pick<ActivityDeps, 'exchange' | 'store'>,
  account: string,
  quote: string,
): Promise<AccountMarks> {
  const before = await store.livePositions(account);
  const balances = new Map((await exchange.balances()).map((balance) => [balance.asset, balance]));
  const positions = [...before, ...(await store.livePositions(account))];
  const foreign = (await store.account(account))?.foreignHoldings ?? {};

  const totalOf = (asset: string): DecimalString => {
    const balance = balances.get(asset);
    return balance === undefined ? ZERO : add(balance.free, balance.locked);
  };
  // Below zero when somebody sold coins of their own, whose proceeds are in the cash: the two cancel out.
  const oursOf = (asset: string): DecimalString => subtract(totalOf(asset), foreign[asset] ?? ZERO);

  const symbols = [...new Set(positions.map(({ symbol }) => symbol))];
  const quotes = symbols.length === 0 ? [] : await exchange.quotes(symbols);
  const bids = new Map(quotes.map(({ symbol, bid }) => [symbol, bid]));
  const bidOf = (symbol: string): DecimalString => {
    const bid = bids.get(symbol);
    if (bid === undefined || !isPositive(bid))
      throw new Error(`Nobody bids for ${symbol}: what is held cannot be marked.`);
    return bid;
  };
  const coins = new Map(positions.map(({ symbol, instrument }) => [instrument.base, bidOf(symbol)]));
  const worth = [...coins].map(([asset, bid]) => multiply(oursOf(asset), bid));
  return { equity: worth.reduce(add, totalOf(quote)), freeQuote: balances.get(quote)?.free ?? ZERO };
}
