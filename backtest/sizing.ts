import type { DecimalString } from '../domain/decimal';
import type { EntryPlan } from '../domain/strategy';
import type { Account } from './account';
import type { EntryLimits } from './account-limits';
import type { Holding } from './holding';
import { floorTimes, ratioOf, type Ratio } from './integers';
import type { GrantedEntry } from './orders';
import type { Scale } from './scale';
import type { Place } from './tape';

/** What sizing says to a plan: granted, refused with a code, or that it will be sized when it fills. */
export type Grant =
  | { readonly kind: 'granted'; readonly entry: GrantedEntry }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'at-fill' };

/** How large an entry is. */
export interface EntrySizing {
  /** @param sizeFactor what the size is multiplied by: above 0, at most 1, which it is unless given; of sizing by risk only */
  grant(plan: EntryPlan, scale: Scale, sizeFactor?: DecimalString): Grant;
  /** @param reference what the bar says the market stands at, there */
  lotsAtFill(holding: Holding, place: Place, isBuy: boolean, reference: number, feeRate: Ratio): number;
}

const AT_FILL: Grant = { kind: 'at-fill' };

/** A part of the free cash, fee included. @param limits null when the account has none */
export function cashFraction(account: Account, fraction: number, limits: EntryLimits | null): EntrySizing {
  const part = ratioOf(String(fraction));
  return {
    grant(plan, scale) {
      const code = limits?.refusal(plan.referencePrice, scale);
      return code === undefined ? AT_FILL : { kind: 'refused', code };
    },
    lotsAtFill(holding, place, isBuy, reference, feeRate) {
      const { execution } = place.tape;
      const budget = floorTimes(account.cash - account.reserved, part);
      const first = lotsFor(holding, execution.ticks(place, isBuy, reference, 1), feeRate, budget);
      // A price that depends on the size is asked for once more, and the budget still holds.
      const ticks = execution.ticks(place, isBuy, reference, Math.max(1, first));
      const lots = affordable(holding, ticks, first, feeRate, budget);
      return limits === null ? lots : limits.lotsWithin(lots, ticks, holding.scale);
    },
  };
}

/** The most lots that the budget pays for at this price. */
function lotsFor(holding: Holding, ticks: number, feeRate: Ratio, budget: number): number {
  if (budget <= 0) return 0;
  let lots = Math.floor(budget / holding.unitCost(ticks, feeRate));
  while (holding.costOf(ticks, lots + 1, feeRate) <= budget) lots += 1;
  while (lots > 0 && holding.costOf(ticks, lots, feeRate) > budget) lots -= 1;
  return lots;
}

/** The most lots, of those wanted, that the money is enough for. */
export function affordable(
  holding: Holding,
  ticks: number,
  wanted: number,
  feeRate: Ratio,
  money: number,
): number {
  if (wanted < 1 || holding.costOf(ticks, wanted, feeRate) <= money) return wanted;
  let lots = Math.floor((wanted * Math.max(0, money)) / holding.costOf(ticks, wanted, feeRate));
  while (lots > 0 && holding.costOf(ticks, lots, feeRate) > money) lots -= 1;
  return lots;
}
