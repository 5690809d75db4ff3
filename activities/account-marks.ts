import { add, isPositive, maximum, multiply, subtract, ZERO, type DecimalString } from '../domain/decimal';
import type { PositionView } from '../domain/position';
import type { ActivityDeps } from './deps';
import { readListings, type Listings } from './listings';

/** What an account is worth, in quote units. */
export interface AccountMarks {
  readonly equity: DecimalString;
  readonly freeQuote: DecimalString;
}

/** The marks, and what they were made of. */
export interface MarkedAccount {
  readonly marks: AccountMarks;
  /** Live positions before and after the exchange was asked. */
  readonly positions: readonly PositionView[];
  readonly listings: Listings;
}

/**
 * Equity: the quote balance, and Ballast's coins at the bid. A pair that is delisted is worth nothing, for nobody can sell it; one for
 * which nobody bids at the moment counts at its last price, lest a pause in its trading look like a loss.
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
): Promise<MarkedAccount> {
  const before = await store.livePositions(account);
  const balances = new Map((await exchange.balances()).map((balance) => [balance.asset, balance]));
  const after = await store.livePositions(account);
  const positions = [...new Map([...before, ...after].map((each) => [each.positionId, each])).values()];
  const foreign = (await store.account(account))?.foreignHoldings ?? {};

  const totalOf = (asset: string): DecimalString => {
    const balance = balances.get(asset);
    return balance === undefined ? ZERO : add(balance.free, balance.locked);
  };
  // Below zero when somebody sold coins of their own, whose proceeds are in the cash: the two cancel out.
  const oursOf = (asset: string): DecimalString => subtract(totalOf(asset), foreign[asset] ?? ZERO);

  const listings = await readListings(exchange, positions);
  const priceOf = (symbol: string): DecimalString => {
    if (listings.delisted.has(symbol)) return ZERO;
    const known = listings.quotes.get(symbol);
    if (known === undefined) throw new Error(`The exchange lists ${symbol} and refuses to tell its price.`);
    return isPositive(known.bid) ? known.bid : known.last;
  };
  const coins = new Map<string, DecimalString>();
  for (const { symbol, instrument } of positions)
    coins.set(instrument.base, maximum(priceOf(symbol), coins.get(instrument.base) ?? ZERO));
  const worth = [...coins].map(([asset, price]) => multiply(oursOf(asset), price));
  const equity = worth.reduce(add, totalOf(quote));
  return { marks: { equity, freeQuote: balances.get(quote)?.free ?? ZERO }, positions, listings };
}
