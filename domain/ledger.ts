import { add, divide, isPositive, multiply, subtract, sum, ZERO, type DecimalString } from './decimal';
import type { Instrument } from './instrument';
import { Side, type Fill } from './order';

/** What the fills of one position add up to, exactly. */
export interface PositionLedger {
  readonly boughtQuantity: DecimalString;
  readonly soldQuantity: DecimalString;
  /** Fees taken in the base asset: they shrink the holding. */
  readonly baseFees: DecimalString;
  /** Fees taken in the quote asset: they shrink the proceeds. */
  readonly quoteFees: DecimalString;
  /** Fees taken in any other asset, by asset. They are not in `realisedPnl`: their worth in quote is not in a fill. */
  readonly otherFees: Readonly<Record<string, DecimalString>>;
  /** Sum of price × quantity over the purchases, without fees. */
  readonly boughtQuote: DecimalString;
  /** Sum of price × quantity over the sales, without fees. */
  readonly soldQuote: DecimalString;
  /** Bought minus base fees minus sold; negative only when more was sold than these fills bought. */
  readonly heldQuantity: DecimalString;
  /** Quote cost of what is held, the fees of its purchase included; zero when nothing is. */
  readonly heldCost: DecimalString;
  /** Mean purchase price without fees, rounded down at 18 places; null before the first purchase. */
  readonly averageEntry: DecimalString | null;
  /**
   * Proceeds of the sold part, less the fees of its sale, less its cost at the average. Cost and gain always add up to
   * the cash that moved: realisedPnl − heldCost = soldQuote − boughtQuote − quoteFees.
   */
  readonly realisedPnl: DecimalString;
}

/**
 * Adds up fills, in any order. A fill whose `tradeId` was seen before is the same trade reported again and changes
 * nothing. All fills must be of one symbol, that of `instrument`.
 */
export function ledgerOf(
  fills: readonly Fill[],
  instrument: Pick<Instrument, 'base' | 'quote'>,
): PositionLedger {
  const trades = [...new Map(fills.map((fill) => [fill.tradeId, fill])).values()];
  const buys = trades.filter((fill) => fill.side === Side.Buy);
  const sells = trades.filter((fill) => fill.side === Side.Sell);
  const boughtQuantity = sum(buys.map((fill) => fill.quantity));
  const soldQuantity = sum(sells.map((fill) => fill.quantity));
  const boughtQuote = sum(buys.map(notional));
  const soldQuote = sum(sells.map(notional));
  const fees = feesByAsset(trades);
  const { [instrument.base]: baseFees = ZERO, [instrument.quote]: quoteFees = ZERO, ...otherFees } = fees;

  const heldQuantity = subtract(subtract(boughtQuantity, baseFees), soldQuantity);
  const buyFees = feesByAsset(buys)[instrument.quote] ?? ZERO;
  const heldCost = costOfHeld(add(boughtQuote, buyFees), heldQuantity, add(heldQuantity, soldQuantity));
  const cashFlow = subtract(subtract(soldQuote, boughtQuote), quoteFees);
  return {
    boughtQuantity,
    soldQuantity,
    baseFees,
    quoteFees,
    otherFees,
    boughtQuote,
    soldQuote,
    heldQuantity,
    heldCost,
    averageEntry: isPositive(boughtQuantity) ? divide(boughtQuote, boughtQuantity) : null,
    realisedPnl: add(cashFlow, heldCost),
  };
}

const notional = (fill: Fill): DecimalString => multiply(fill.price, fill.quantity);

function feesByAsset(trades: readonly Fill[]): Readonly<Record<string, DecimalString>> {
  const fees: Record<string, DecimalString> = {};
  for (const { feeAsset, fee } of trades) fees[feeAsset] = add(fees[feeAsset] ?? ZERO, fee);
  return fees;
}

/** The share of `cost` that falls to `held` out of `received` units, rounded down so that no gain is ever overstated. */
function costOfHeld(cost: DecimalString, held: DecimalString, received: DecimalString): DecimalString {
  return isPositive(held) ? divide(multiply(cost, held), received) : ZERO;
}
