import { z } from 'zod';
import {
  add,
  compare,
  decimal,
  divide,
  floorTo,
  greaterThan,
  isPositive,
  lessThan,
  maximum,
  multiply,
  ONE,
  subtract,
  ZERO,
  type DecimalString,
} from './decimal';
import { dailyLossFraction, drawdownFraction, type EquityState } from './equity';
import { RefusalCode } from './errors';
import { roundBuyLimit, roundLongStop, roundQuantity, untradable, type Instrument } from './instrument';
import { TradingMode } from './trading-mode';

export { TradingMode };

const fraction = z.number().gt(0).max(1);

/** The limits of an account. Every fraction is of equity, marked to market, unless it says otherwise. */
export const riskLimitsSchema = z.strictObject({
  /** What may be lost if the stop is hit, fees included. */
  riskFraction: fraction.default(0.01),
  /** Notional of one position at its entry limit. */
  maxPositionFraction: fraction.default(0.1),
  /** Notional of all positions and reservations together. */
  maxExposureFraction: fraction.default(0.5),
  /** Loss since the start of the UTC day, as a fraction of equity at that start. */
  dailyLossFraction: fraction.default(0.05),
  /** Loss since the highest mark, as a fraction of that mark. */
  maxDrawdownFraction: fraction.default(0.15),
  maxOpenPositions: z.int().min(1).default(5),
  /** Reward over risk, both measured from the entry limit and after taker fees. */
  minRewardToRisk: z.number().min(0).default(2),
  /** The entry limit is the reference price times one plus this. */
  entrySlippageFraction: z.number().min(0).max(0.1).default(0.001),
});
export type RiskLimits = Readonly<z.infer<typeof riskLimitsSchema>>;

/** An account at the moment of the grant, in quote units. Read under the account's lock, it cannot change meanwhile. */
export interface RiskSnapshot extends Pick<EquityState, 'equity' | 'equityAtDayStart' | 'peakEquity'> {
  /** Free balance minus open reservations. */
  readonly freeQuote: DecimalString;
  /** Notional of open positions and reservations. */
  readonly exposure: DecimalString;
  readonly openPositions: number;
  readonly mode: TradingMode;
}

/** What a strategy wants to buy, in quote units, not yet rounded. */
export interface Proposal {
  readonly symbol: string;
  readonly referencePrice: DecimalString;
  readonly stopPrice: DecimalString;
  readonly targetPrice: DecimalString;
  readonly trailDistance: DecimalString | null;
}

/** An entry with its bracket: prices on the tick, quantity on the lot. */
export interface OrderIntent {
  readonly symbol: string;
  readonly quantity: DecimalString;
  readonly limitPrice: DecimalString;
  readonly stopPrice: DecimalString;
  readonly targetPrice: DecimalString;
  readonly trailDistance: DecimalString | null;
  /** What the entry may cost at most: notional at the limit plus the taker fee. */
  readonly reservedQuote: DecimalString;
  /** What is lost if it is bought at the limit and sold at the stop, both taker fees included. */
  readonly riskQuote: DecimalString;
}

declare const approved: unique symbol;
/** A value that passed every check of {@link sizePosition}, which alone can make one. */
export type Approved<T> = T & { readonly [approved]: true };

export interface Refusal {
  readonly approved: false;
  readonly code: RefusalCode;
  readonly message: string;
}
export type Verdict = { readonly approved: true; readonly intent: Approved<OrderIntent> } | Refusal;

interface SizingInput {
  readonly proposal: Proposal;
  /** What the size that the limits allow is multiplied by: above 0, at most 1, which it is unless given. It can only make it smaller. */
  readonly sizeFactor?: DecimalString;
  readonly snapshot: RiskSnapshot;
  readonly limits: RiskLimits;
  readonly instrument: Instrument;
}

/**
 * Decides whether a proposal may become an order, and how large. Fixed fraction: the quantity whose loss at the stop,
 * fees included, is `riskFraction` of equity, capped by the position limit, the exposure left and the free balance.
 *
 * The checks, in order; the first that fails is the refusal: mode, drawdown, daily loss, open positions, the prices of
 * the bracket, reward-to-risk, size. A size too small to trade is refused with the code of the cap that made it small.
 *
 * Rounding never raises risk: the limit, the target and the quantity round down, the stop up. What a gap through the
 * stop adds to the loss is outside any limit here.
 *
 * @throws RangeError for a size factor that is not above 0 and at most 1
 */
export function sizePosition({
  proposal,
  snapshot,
  limits,
  instrument,
  sizeFactor = ONE,
}: SizingInput): Verdict {
  if (!isPositive(sizeFactor) || greaterThan(sizeFactor, ONE))
    throw new RangeError(`A size factor must be above 0 and at most 1, got ${sizeFactor}.`);
  if (snapshot.mode !== TradingMode.Active) {
    return refuse(
      RefusalCode.NotActive,
      `The account is ${snapshot.mode}; only an ACTIVE one may enter a position.`,
    );
  }
  const loss = lossLimitBreach(snapshot, limits);
  if (loss !== undefined) return loss;
  if (snapshot.openPositions >= limits.maxOpenPositions) {
    const message = `${snapshot.openPositions} positions are open and the limit is ${limits.maxOpenPositions}.`;
    return refuse(RefusalCode.MaxOpenPositions, message);
  }
  const bracket = bracketOf(proposal, limits, instrument);
  const invalid = bracketFault(bracket, proposal, limits);
  if (invalid !== undefined) return invalid;

  const cap = reduced(tightestCap(bracket, snapshot, limits, instrument), sizeFactor);
  const quantity = roundQuantity(instrument, cap.quantity);
  // The fee may be taken from what was bought: the rest must still be large enough for a stop to protect it.
  const held = roundQuantity(instrument, multiply(quantity, subtract(ONE, instrument.takerFee)));
  const tooSmall = untradable(instrument, held, bracket.stop);
  if (tooSmall !== undefined) {
    const minimum = `${instrument.minQuantity} ${instrument.base} and ${instrument.minNotional} ${instrument.quote}`;
    const message = `${cap.name} allows ${quantity} ${instrument.base}; after the fee ${held} could be sold at the stop ${bracket.stop}, below the exchange's minimum of ${minimum}.`;
    return refuse(cap.code, message);
  }
  const intent: OrderIntent = {
    symbol: proposal.symbol,
    quantity,
    limitPrice: bracket.limit,
    stopPrice: bracket.stop,
    targetPrice: bracket.target,
    trailDistance: proposal.trailDistance,
    reservedQuote: multiply(quantity, bracket.unitCost),
    riskQuote: multiply(quantity, bracket.unitRisk),
  };
  return { approved: true, intent: intent as Approved<OrderIntent> };
}

/** The loss limit that an account has reached, or undefined. Drawdown comes first: it locks for longer. */
export function lossLimitBreach(
  marks: Pick<RiskSnapshot, 'equity' | 'equityAtDayStart' | 'peakEquity'>,
  limits: Pick<RiskLimits, 'maxDrawdownFraction' | 'dailyLossFraction'>,
): Refusal | undefined {
  if (reachedLoss(marks.equity, marks.peakEquity, exactly(limits.maxDrawdownFraction))) {
    const message = `Equity ${marks.equity} is ${percent(drawdownFraction(marks))} below its peak ${marks.peakEquity}; the drawdown limit is ${percent(limits.maxDrawdownFraction)}.`;
    return refuse(RefusalCode.Drawdown, message);
  }
  if (reachedLoss(marks.equity, marks.equityAtDayStart, exactly(limits.dailyLossFraction))) {
    const message = `Equity ${marks.equity} is ${percent(dailyLossFraction(marks))} below the day's start ${marks.equityAtDayStart}; the daily loss limit is ${percent(limits.dailyLossFraction)}.`;
    return refuse(RefusalCode.DailyLoss, message);
  }
  return undefined;
}

/** Exact: `now` is at or below `from` less the fraction of it. */
export const reachedLoss = (now: DecimalString, from: DecimalString, lossFraction: DecimalString): boolean =>
  !greaterThan(now, multiply(from, subtract(ONE, lossFraction)));

interface Bracket {
  readonly limit: DecimalString;
  readonly stop: DecimalString;
  readonly target: DecimalString;
  /** Quote paid for one unit at the limit, taker fee included. */
  readonly unitCost: DecimalString;
  /** Quote lost on one unit bought at the limit and sold at the stop. A fee taken in base instead costs slightly less. */
  readonly unitRisk: DecimalString;
  /** Quote gained on one unit bought at the limit and sold at the target, both taker fees paid. */
  readonly unitReward: DecimalString;
}

function bracketOf(proposal: Proposal, limits: RiskLimits, instrument: Instrument): Bracket {
  const slippage = add(ONE, exactly(limits.entrySlippageFraction));
  const limit = roundBuyLimit(instrument, multiply(proposal.referencePrice, slippage));
  const stop = roundLongStop(instrument, proposal.stopPrice);
  const target = floorTo(proposal.targetPrice, instrument.tickSize);
  const unitCost = multiply(limit, add(ONE, instrument.takerFee));
  const keptFraction = subtract(ONE, instrument.takerFee);
  return {
    limit,
    stop,
    target,
    unitCost,
    unitRisk: subtract(unitCost, multiply(stop, keptFraction)),
    unitReward: subtract(multiply(target, keptFraction), unitCost),
  };
}

function bracketFault(bracket: Bracket, proposal: Proposal, limits: RiskLimits): Refusal | undefined {
  if (!isPositive(bracket.stop) || !lessThan(bracket.stop, bracket.limit)) {
    const message = `The stop ${bracket.stop} must be above zero and below the entry limit ${bracket.limit}.`;
    return refuse(RefusalCode.InvalidStop, message);
  }
  if (proposal.trailDistance !== null && !isPositive(proposal.trailDistance)) {
    const message = `The trailing distance is ${proposal.trailDistance}; it must be above zero, or null for none.`;
    return refuse(RefusalCode.InvalidStop, message);
  }
  if (lessThan(bracket.unitReward, multiply(bracket.unitRisk, exactly(limits.minRewardToRisk)))) {
    const ratio = divide(bracket.unitReward, bracket.unitRisk, 2);
    const message = `Reward-to-risk is ${ratio} and must be at least ${limits.minRewardToRisk}: from the entry limit ${bracket.limit} the target ${bracket.target} gains ${bracket.unitReward} per unit after fees, the stop ${bracket.stop} loses ${bracket.unitRisk}.`;
    return refuse(RefusalCode.RewardToRisk, message);
  }
  return undefined;
}

interface Cap {
  readonly code: RefusalCode;
  /** Begins a sentence: `<name> allows …`. */
  readonly name: string;
  readonly quantity: DecimalString;
}

/** The cap that allows the least; on a tie the earlier one. */
function tightestCap(
  bracket: Bracket,
  snapshot: RiskSnapshot,
  limits: RiskLimits,
  instrument: Instrument,
): Cap {
  const ofEquity = (part: number): DecimalString => multiply(snapshot.equity, exactly(part));
  const { quote } = instrument;
  const cap = (code: RefusalCode, what: string, budget: DecimalString, perUnit: DecimalString): Cap => ({
    code,
    name: `${what} (${budget} ${quote} at ${perUnit} per unit)`,
    quantity: divide(maximum(budget, ZERO), perUnit),
  });
  const exposureLeft = subtract(ofEquity(limits.maxExposureFraction), snapshot.exposure);
  const caps = [
    cap(RefusalCode.MaxExposure, 'The exposure left', exposureLeft, bracket.limit),
    cap(RefusalCode.InsufficientFunds, 'The free balance', snapshot.freeQuote, bracket.unitCost),
    cap(RefusalCode.MaxPosition, 'The position limit', ofEquity(limits.maxPositionFraction), bracket.limit),
  ];
  const riskBudget = cap(
    RefusalCode.BelowMinimum,
    'The risk budget',
    ofEquity(limits.riskFraction),
    bracket.unitRisk,
  );
  return caps.reduce((least, next) => (lessThan(next.quantity, least.quantity) ? next : least), riskBudget);
}

/** The cap that is left of one when an entry is to be smaller than it may be. */
const reduced = (cap: Cap, sizeFactor: DecimalString): Cap =>
  compare(sizeFactor, ONE) === 0
    ? cap
    : {
        code: RefusalCode.BelowMinimum,
        name: `Reduced to ${sizeFactor} of it, ${cap.name.charAt(0).toLowerCase()}${cap.name.slice(1)}`,
        quantity: multiply(cap.quantity, sizeFactor),
      };

const refuse = (code: RefusalCode, message: string): Refusal => ({ approved: false, code, message });

/** A configured fraction as the decimal that its author wrote: 0.1 is one tenth, not the nearest binary float. */
export const exactly = (value: number): DecimalString => decimal(String(value));

/** A fraction as people write it. */
export const percent = (part: number): string => `${(part * 100).toFixed(2)} %`;
