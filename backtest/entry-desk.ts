import { RefusalCode } from '../domain/errors';
import { OrderEvent } from '../domain/order';
import { PositionSide } from '../domain/strategy';
import type { Account } from './account';
import type { Holding } from './holding';
import type { Ratio } from './integers';
import type { EntryOrder } from './orders';
import type { Protection } from './protection';
import type { Scale } from './scale';
import { affordable, type EntrySizing } from './sizing';
import type { Place, Tally } from './tape';

/** Why a quote was refused that would have taken. */
const POST_ONLY = 'post-only';

export interface EntryDeskParts {
  readonly account: Account;
  readonly scale: Scale;
  readonly holding: Holding;
  readonly sizing: EntrySizing;
  readonly tally: Tally;
}

/** The entry of one strategy in one symbol, from its order until all of it has been bought or it is taken back. */
export class EntryDesk {
  /** What is under way; null when nothing is. */
  order: EntryOrder | null = null;
  private readonly account: Account;
  private readonly scale: Scale;
  private readonly holding: Holding;
  private readonly sizing: EntrySizing;
  private readonly tally: Tally;

  /** What every trade looks at are fields of its own: see `Lane`. */
  constructor(
    parts: EntryDeskParts,
    private readonly protection: Protection,
  ) {
    this.account = parts.account;
    this.scale = parts.scale;
    this.holding = parts.holding;
    this.sizing = parts.sizing;
    this.tally = parts.tally;
  }

  /** Prices at which a limit that rests is reached: from above, and from below. */
  get limits(): { readonly lower: number; readonly upper: number } {
    const limitTicks = this.order?.limitTicks ?? null;
    if (limitTicks === null) return NO_LIMIT;
    const limit = this.scale.price(limitTicks);
    const isBuy = this.order?.plan.side === PositionSide.Long;
    return isBuy ? { lower: limit, upper: Infinity } : { lower: -Infinity, upper: limit };
  }

  /** What is still to be bought, as far as its size is known, is worth this at the price it is meant for. */
  get underWay(): number {
    const { order, scale } = this;
    if (order?.lots == null) return 0;
    const ticks = order.limitTicks ?? scale.ticksUp(order.plan.referencePrice);
    return scale.notional(ticks, order.lots - order.filledLots);
  }

  send(order: EntryOrder): void {
    this.order = order;
    this.account.reserved += order.granted?.reserved ?? 0;
  }

  refuse(code: string): void {
    const { refusals } = this.tally;
    refusals[code] = (refusals[code] ?? 0) + 1;
  }

  /** What has had its time is taken back. */
  expire(nowMs: number): void {
    const { order } = this;
    if (order === null || nowMs < order.expiresAtMs) return;
    if (order.filledLots === 0) this.refuse(RefusalCode.Expired);
    this.drop(OrderEvent.SeenExpired);
  }

  /** What is not bought yet is not bought any more. */
  drop(event: OrderEvent): void {
    if (this.order === null) return;
    this.account.reserved -= this.order.stillReserved;
    this.order.learn(event);
    this.order = null;
  }

  /** What was decided before meets the open of a bar. @param barIndex counted in the lane's own bars */
  meetOpen(place: Place, price: number, barIndex: number): void {
    const entry = this.order;
    if (entry === null) return;
    const hasRested = entry.isOpen;
    if (!entry.isThere(place.timeMs)) return;
    if (!entry.isPostOnly) {
      if (this.isWithinLimit(entry, price)) this.takeIn(entry, place, price, barIndex);
    } else if (!hasRested) this.rest(entry, place, price);
  }

  /** A quote arrives. The exchange refuses one that would take, and knows from now on how much it is for. */
  private rest(entry: EntryOrder, place: Place, price: number): void {
    const { limitTicks, plan } = entry;
    const isBuy = plan.side === PositionSide.Long;
    if (limitTicks === null || wouldTake(this.scale, isBuy, limitTicks, price)) {
      this.reject(POST_ONLY);
      return;
    }
    const { scale, holding } = this;
    entry.lots ??= this.sizing.lotsAtFill(holding, place, isBuy, scale.price(limitTicks), scale.makerFee);
  }

  private isWithinLimit({ limitTicks, plan }: EntryOrder, price: number): boolean {
    return limitTicks === null || wouldTake(this.scale, plan.side === PositionSide.Long, limitTicks, price);
  }

  /** A limit fills when the price has gone through it: at the limit itself others come first. */
  meetLimit(place: Place, barIndex: number): void {
    const entry = this.order;
    const limitTicks = entry?.limitTicks ?? null;
    if (entry === null || limitTicks === null) return;
    // A quote has to have met an open, which might have refused it.
    if (entry.isPostOnly ? !entry.isOpen : !entry.isThere(place.timeMs)) return;
    const { bars } = place.tape;
    const limit = this.scale.price(limitTicks);
    const isThrough =
      entry.plan.side === PositionSide.Long
        ? (bars.low[place.index] ?? NaN) < limit
        : (bars.high[place.index] ?? NaN) > limit;
    if (isThrough) this.fillEntry(entry, place, limitTicks, this.scale.makerFee, barIndex);
  }

  private takeIn(entry: EntryOrder, place: Place, price: number, barIndex: number): void {
    const { holding, scale, sizing } = this;
    const isBuy = entry.plan.side === PositionSide.Long;
    const { execution } = place.tape;
    entry.lots ??= sizing.lotsAtFill(holding, place, isBuy, price, scale.takerFee);
    const wanted = Math.min(entry.lots - entry.filledLots, execution.available(place, isBuy));
    const ticks = execution.ticks(place, isBuy, price, Math.max(1, wanted));
    if (entry.limitTicks !== null && (isBuy ? ticks > entry.limitTicks : ticks < entry.limitTicks)) return;
    this.fillEntry(entry, place, ticks, scale.takerFee, barIndex);
  }

  private fillEntry(entry: EntryOrder, place: Place, ticks: number, feeRate: Ratio, barIndex: number): void {
    const { holding, scale, account } = this;
    const isBuy = entry.plan.side === PositionSide.Long;
    const total = entry.lots ?? 0;
    const isFirst = entry.filledLots === 0;
    if (isFirst && (total < scale.minLots || scale.notional(ticks, total) < scale.minNotional)) {
      this.reject(RefusalCode.BelowMinimum);
      return;
    }
    const { execution } = place.tape;
    const left = total - entry.filledLots;
    const available = execution.available(place, isBuy);
    const lots = affordable(holding, ticks, Math.min(left, available), feeRate, this.freeCash(entry));
    if (lots < 1) {
      if (available >= 1) this.reject(RefusalCode.InsufficientFunds);
      return;
    }
    holding.enter(isBuy ? 1 : -1, { ticks, lots, feeRate, timeMs: place.timeMs, index: barIndex });
    if (isFirst) this.protection.place(entry, ticks, place.timeMs);
    entry.filledLots += lots;
    account.reserved -= entry.release();
    if (entry.filledLots >= total) {
      entry.learn(OrderEvent.SeenFilled);
      this.order = null;
    }
  }

  /** What other entries have not been promised. */
  private freeCash(entry: EntryOrder): number {
    const { account } = this;
    return account.cash - (account.reserved - entry.stillReserved);
  }

  private reject(code: string): void {
    if (this.order?.filledLots === 0) this.refuse(code);
    this.drop(OrderEvent.SeenRejected);
  }
}

/** The market stands at a limit that arrives, or beyond it. */
export function wouldTake(scale: Scale, isBuy: boolean, limitTicks: number, price: number): boolean {
  const limit = scale.price(limitTicks);
  return isBuy ? price <= limit : price >= limit;
}

const NO_LIMIT = { lower: -Infinity, upper: Infinity } as const;
