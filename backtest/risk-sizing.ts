import { compare, fromNumber, ONE, toNumber, type DecimalString } from '../domain/decimal';
import { RefusalCode } from '../domain/errors';
import { sizePosition, TradingMode, type Proposal, type RiskLimits, type RiskSnapshot } from '../domain/risk';
import type { EntryPlan } from '../domain/strategy';
import type { Account } from './account';
import { ceilTimes, floorTimes, ratioOf, reduced } from './integers';
import type { RiskMarks } from './risk-marks';
import { decimalOf, priceUnits, UNITS, unitsUp, type Scale } from './scale';
import type { EntrySizing, Grant } from './sizing';

/** What the account has at stake, in units of money. */
export interface AtStake {
  /** What is held has cost this, fees included. */
  readonly held: number;
  /** What entries are worth whose size is known and that have not filled yet, at the prices they are meant for. */
  readonly underWay: number;
  readonly openPositions: number;
}

interface RiskParts {
  readonly account: Account;
  readonly marks: RiskMarks;
  readonly limits: RiskLimits;
  readonly atStake: () => AtStake;
}

/**
 * The limits of live trading. A float computation answers first; where it is too close to call (a quantity that is almost a
 * whole number of lots, a loss almost at its limit) `sizePosition` itself is asked, so the answer is always its own. A
 * differential test holds the one to the other.
 */
export function riskSizing(parts: RiskParts): EntrySizing {
  return {
    grant: (plan, scale, sizeFactor = ONE) =>
      // Those who are asked reduce few entries: the quick way knows whole ones only.
      (compare(sizeFactor, ONE) === 0 ? quickGrant(parts, plan, scale) : undefined) ??
      exactGrant(parts, plan, scale, sizeFactor),
    lotsAtFill: () => {
      throw new Error('What risk has sized is not sized again.');
    },
  };
}

/** Digits of a price that a proposal keeps, as live decisions do. */
const PRICE_PLACES = 8;

/** The grant by the rules of live trading themselves. */
export function exactGrant(
  { account, marks, limits, atStake }: RiskParts,
  plan: EntryPlan,
  scale: Scale,
  sizeFactor: DecimalString = ONE,
): Grant {
  const price = (value: number): Proposal['stopPrice'] => fromNumber(value, PRICE_PLACES);
  const { instrument } = scale;
  const { held, openPositions } = atStake();
  const snapshot: RiskSnapshot = {
    equity: decimalOf(marks.equity),
    equityAtDayStart: decimalOf(marks.equityAtDayStart),
    peakEquity: decimalOf(marks.peakEquity),
    freeQuote: decimalOf(account.cash - account.reserved),
    exposure: decimalOf(held + account.reserved),
    openPositions,
    mode: TradingMode.Active,
  };
  const proposal: Proposal = {
    symbol: instrument.symbol,
    referencePrice: price(plan.referencePrice),
    stopPrice: price(plan.stopPrice),
    targetPrice: price(plan.targetPrice),
    trailDistance: plan.trailDistance === null ? null : price(plan.trailDistance),
  };
  const verdict = sizePosition({ proposal, snapshot, limits, instrument, sizeFactor });
  if (!verdict.approved) return { kind: 'refused', code: verdict.code };
  const { quantity, limitPrice, stopPrice, targetPrice, reservedQuote } = verdict.intent;
  const entry = {
    lots: scale.lotsIn(toNumber(quantity)),
    limitTicks: scale.ticksDown(toNumber(limitPrice)),
    stopTicks: scale.ticksUp(toNumber(stopPrice)),
    targetTicks: scale.ticksDown(toNumber(targetPrice)),
    reserved: unitsUp(reservedQuote),
  };
  return { kind: 'granted', entry };
}

/** Floats err by less than this part of a number. */
const TOO_CLOSE = 1e-9;

const isClose = (a: number, b: number): boolean =>
  Math.abs(a - b) <= TOO_CLOSE * Math.max(1, Math.abs(a), Math.abs(b));

const isNearlyWhole = (value: number): boolean => isClose(value, Math.round(value));

/** Which way its last digit rounds depends on how it is rounded. */
const isNearlyHalf = (price: number): boolean =>
  Math.abs(Math.abs(price * UNITS - Math.round(price * UNITS)) - 0.5) < 0.001;

const refused = (code: string): Grant => ({ kind: 'refused', code });

/** The same in floats; undefined where they are too close to call. The order of the checks is that of `sizePosition`. */
export function quickGrant(parts: RiskParts, plan: EntryPlan, scale: Scale): Grant | undefined {
  const { marks, limits, atStake } = parts;
  const stake = atStake();
  for (const { at, from, fraction, code } of [
    {
      at: marks.equity,
      from: marks.peakEquity,
      fraction: limits.maxDrawdownFraction,
      code: RefusalCode.Drawdown,
    },
    {
      at: marks.equity,
      from: marks.equityAtDayStart,
      fraction: limits.dailyLossFraction,
      code: RefusalCode.DailyLoss,
    },
  ]) {
    const floor = from * (1 - fraction);
    if (isClose(at, floor)) return undefined;
    if (at < floor) return refused(code);
  }
  const prices = [plan.referencePrice, plan.stopPrice, plan.targetPrice];
  if (prices.some(isNearlyHalf) || isNearlyHalf(plan.trailDistance ?? 0)) return undefined;
  if (stake.openPositions >= limits.maxOpenPositions) return refused(RefusalCode.MaxOpenPositions);
  const bracket = bracketOf(plan, limits, scale);
  const fault = bracketFault(bracket, plan, limits);
  return fault === undefined
    ? sizeOf(parts, bracket, stake, scale)
    : fault === TOO_CLOSE_TO_CALL
      ? undefined
      : fault;
}

/** Prices in ticks; the last three are no whole numbers. */
interface QuickBracket {
  readonly limit: number;
  readonly stop: number;
  readonly target: number;
  readonly unitCost: number;
  readonly unitRisk: number;
  readonly unitReward: number;
}

function bracketOf(plan: EntryPlan, limits: RiskLimits, scale: Scale): QuickBracket {
  const slippage = ratioOf(String(limits.entrySlippageFraction));
  const { numerator, denominator } = slippage;
  const perTick = reduced(numerator + denominator, denominator * scale.units(1));
  const limit = floorTimes(priceUnits(plan.referencePrice), perTick);
  const stop = scale.ticksUp(plan.stopPrice);
  const target = scale.ticksDown(plan.targetPrice);
  const fee = scale.takerFee.numerator / scale.takerFee.denominator;
  const unitCost = limit * (1 + fee);
  return {
    limit,
    stop,
    target,
    unitCost,
    unitRisk: unitCost - stop * (1 - fee),
    unitReward: target * (1 - fee) - unitCost,
  };
}

const TOO_CLOSE_TO_CALL = Symbol('too close to call');

function bracketFault(
  { limit, stop, unitRisk, unitReward }: QuickBracket,
  { trailDistance }: EntryPlan,
  { minRewardToRisk }: RiskLimits,
): Grant | typeof TOO_CLOSE_TO_CALL | undefined {
  if (stop <= 0 || stop >= limit) return refused(RefusalCode.InvalidStop);
  if (trailDistance !== null && priceUnits(trailDistance) <= 0) return refused(RefusalCode.InvalidStop);
  const least = unitRisk * minRewardToRisk;
  // Differences of prices: their error is that of the prices.
  if (Math.abs(unitReward - least) <= TOO_CLOSE * limit * Math.max(1, minRewardToRisk))
    return TOO_CLOSE_TO_CALL;
  return unitReward < least ? refused(RefusalCode.RewardToRisk) : undefined;
}

function sizeOf(
  { account, marks, limits }: RiskParts,
  bracket: QuickBracket,
  stake: AtStake,
  scale: Scale,
): Grant | undefined {
  const { limit, stop, target, unitCost, unitRisk } = bracket;
  const worth = scale.unitsPerTickLot;
  const { equity } = marks;
  const exposureLeft = equity * limits.maxExposureFraction - stake.held - account.reserved;
  const lotsFor = (budget: number, ticks: number): number => Math.max(0, budget) / (ticks * worth);
  const caps = [
    { code: RefusalCode.BelowMinimum, lots: lotsFor(equity * limits.riskFraction, unitRisk) },
    { code: RefusalCode.MaxExposure, lots: lotsFor(exposureLeft, limit) },
    { code: RefusalCode.InsufficientFunds, lots: lotsFor(account.cash - account.reserved, unitCost) },
    { code: RefusalCode.MaxPosition, lots: lotsFor(equity * limits.maxPositionFraction, limit) },
  ].toSorted((a, b) => a.lots - b.lots);
  const [least, next] = caps;
  if (least === undefined || next === undefined || isNearlyWhole(least.lots)) return undefined;
  const lots = Math.floor(least.lots);
  const kept = lots * (1 - scale.takerFee.numerator / scale.takerFee.denominator);
  if (isNearlyWhole(kept)) return undefined;
  const held = Math.floor(kept);
  const notional = held * stop * worth;
  if (isClose(notional, scale.minNotional)) return undefined;
  if (held < scale.minLots || notional < scale.minNotional)
    return isClose(least.lots, next.lots) ? undefined : refused(least.code);
  const { numerator, denominator } = scale.takerFee;
  const withFee = { numerator: numerator + denominator, denominator };
  const reserved = ceilTimes(scale.notional(limit, lots), withFee);
  return {
    kind: 'granted',
    entry: { lots, limitTicks: limit, stopTicks: stop, targetTicks: target, reserved },
  };
}
