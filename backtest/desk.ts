import { RefusalCode } from '../domain/errors';
import { OrderEvent } from '../domain/order';
import { ExitReason } from '../domain/position';
import { PositionSide } from '../domain/strategy';
import type { Account } from './account';
import type { Holding } from './holding';
import type { Ratio } from './integers';
import type { HeldAtClose } from './manage';
import { ExitOrder, type EntryOrder } from './orders';
import type { BacktestRules } from './rules';
import { priceUnits, type Scale } from './scale';
import { affordable, type EntrySizing } from './sizing';
import type { Place, Tally } from './tape';
import { firstTouch, touchSinceLimit, type Levels, type Touch } from './touch';

export interface DeskParts {
  readonly rules: BacktestRules;
  readonly account: Account;
  readonly scale: Scale;
  readonly holding: Holding;
  readonly sizing: EntrySizing;
  readonly liquidationFee: Ratio;
  readonly tally: Tally;
}

/**
 * The orders and the position of one strategy in one symbol. Bars meet it in two places only: `lower` and `upper`, the prices
 * at which something happens inside a bar, and `pending`, that something may happen at an open.
 */
export class Desk {
  lower = -Infinity;
  upper = Infinity;
  pending = false;
  /** What is held; null while flat. */
  side: PositionSide | null = null;
  /** The position must be looked at when a bar closes, whatever its strategy says. */
  managed = false;
  /** The bar of the lane, counted in its own bars. */
  barIndex = -1;
  private readonly account: Account;
  private readonly scale: Scale;
  private readonly holding: Holding;
  private readonly sizing: EntrySizing;
  private readonly liquidationFee: Ratio;
  private readonly tally: Tally;
  private readonly firstOfBoth: BacktestRules['firstOfBoth'];
  /** A target is a resting order, not looked at when a bar closes. */
  private readonly targetRests: boolean;
  private readonly bracketFromFill: boolean;
  private entry: EntryOrder | null = null;
  private exit: ExitOrder | null = null;
  private stopTicks = 0;
  private targetTicks = 0;
  private trailUnits = 0;
  private openedAtMs = NaN;

  /** What every trade looks at are fields of its own: see `Lane`. */
  constructor(
    parts: DeskParts,
    private readonly maxHoldingMs: number,
  ) {
    this.account = parts.account;
    this.scale = parts.scale;
    this.holding = parts.holding;
    this.sizing = parts.sizing;
    this.liquidationFee = parts.liquidationFee;
    this.tally = parts.tally;
    this.firstOfBoth = parts.rules.firstOfBoth;
    this.targetRests = parts.rules.targets === 'intrabar';
    this.bracketFromFill = parts.rules.bracketFrom === 'fill';
  }

  /** Nothing is held yet of an entry that was sent. */
  get isEntering(): boolean {
    return this.entry !== null && this.holding.direction === 0;
  }

  get isLeaving(): boolean {
    return this.exit !== null;
  }

  /** The position as it is managed at a close. */
  held(): HeldAtClose {
    const { holding, scale } = this;
    const direction = holding.direction > 0 ? 1 : -1;
    return {
      direction,
      openedAtMs: this.openedAtMs,
      stopTicks: this.stopTicks,
      target: this.targetRests ? null : scale.price(this.targetTicks),
      trailUnits: this.trailUnits,
      maxHoldingMs: this.maxHoldingMs,
    };
  }

  /** Sends an entry. */
  send(entry: EntryOrder): void {
    this.entry = entry;
    this.account.reserved += entry.granted?.reserved ?? 0;
    this.refresh();
  }

  /** Sends an exit at market; what has not been bought yet is not bought any more. */
  leave(reason: string, arrivesAtMs: number): void {
    this.dropEntry(OrderEvent.SeenCancelled);
    this.exit = new ExitOrder(reason, arrivesAtMs);
    this.refresh();
  }

  moveStop(stopTicks: number): void {
    this.stopTicks = stopTicks;
    this.refresh();
  }

  refuse(code: string): void {
    const { refusals } = this.tally;
    refusals[code] = (refusals[code] ?? 0) + 1;
  }

  /** An entry that has had its time is taken back. */
  expire(nowMs: number): void {
    if (this.entry === null || nowMs < this.entry.expiresAtMs) return;
    if (this.entry.filledLots === 0) this.refuse(RefusalCode.Expired);
    this.dropEntry(OrderEvent.SeenExpired);
    this.refresh();
  }

  /** What was decided before meets the open of a bar. */
  meetOpen(place: Place): void {
    const price = place.tape.bars.open[place.index] ?? NaN;
    if (this.exit?.isThere(place.timeMs) === true) this.takeOut(place, price, this.exit.reason, false);
    const { entry } = this;
    if (entry?.isThere(place.timeMs) === true && this.isWithinLimit(entry, price)) {
      this.takeIn(entry, place, price);
    }
    this.refresh();
  }

  /** The bar has reached `lower` or `upper`. */
  meetInside(place: Place): void {
    const { holding, tally, firstOfBoth } = this;
    const wasFlat = holding.direction === 0;
    if (wasFlat) this.meetLimit(place);
    if (holding.direction !== 0) {
      const { bars, mark } = place.tape;
      const input = { levels: this.levels(), bars, mark, index: place.index, firstOfBoth };
      const touch = wasFlat ? touchSinceLimit(input) : firstTouch(input);
      if (touch?.isAmbiguous === true) tally.ambiguousBars += 1;
      if (touch !== undefined) this.endBy(touch, place);
    }
    this.refresh();
  }

  /** Margin has changed. */
  refresh(): void {
    const { holding } = this;
    this.pending = this.entry !== null || this.exit !== null;
    this.side = sideOf(holding);
    if (holding.direction === 0) {
      this.managed = false;
      this.watchLimit();
      return;
    }
    this.managed = this.trailUnits > 0 || this.maxHoldingMs < Infinity || !this.targetRests;
    const { direction, stop, target, liquidation } = this.levels();
    this.lower = direction > 0 ? Math.max(stop, liquidation) : target;
    this.upper = direction > 0 ? target : Math.min(stop, liquidation);
  }

  private watchLimit(): void {
    const { entry } = this;
    const limitTicks = entry?.limitTicks ?? null;
    const limit = limitTicks === null ? null : this.scale.price(limitTicks);
    const isBuy = entry?.plan.side === PositionSide.Long;
    this.lower = limit !== null && isBuy ? limit : -Infinity;
    this.upper = limit !== null && !isBuy ? limit : Infinity;
  }

  private levels(): Levels {
    const { holding, scale } = this;
    const direction = holding.direction > 0 ? 1 : -1;
    return {
      direction,
      stop: scale.price(this.stopTicks),
      target: this.targetRests ? scale.price(this.targetTicks) : direction * Infinity,
      liquidation: holding.liquidationPrice(),
    };
  }

  private isWithinLimit({ limitTicks, plan }: EntryOrder, price: number): boolean {
    if (limitTicks === null) return true;
    const limit = this.scale.price(limitTicks);
    return plan.side === PositionSide.Long ? price <= limit : price >= limit;
  }

  /** A limit fills when the price has gone through it: at the limit itself others come first. */
  private meetLimit(place: Place): void {
    const { entry } = this;
    const limitTicks = entry?.limitTicks ?? null;
    if (entry === null || limitTicks === null || !entry.isThere(place.timeMs)) return;
    const { bars } = place.tape;
    const limit = this.scale.price(limitTicks);
    const isThrough =
      entry.plan.side === PositionSide.Long
        ? (bars.low[place.index] ?? NaN) < limit
        : (bars.high[place.index] ?? NaN) > limit;
    if (isThrough) this.fillEntry(entry, place, limitTicks, this.scale.makerFee);
  }

  private takeIn(entry: EntryOrder, place: Place, price: number): void {
    const { holding, scale, sizing } = this;
    const isBuy = entry.plan.side === PositionSide.Long;
    const { execution } = place.tape;
    entry.lots ??= sizing.lotsAtFill(holding, place, isBuy, price, scale.takerFee);
    const wanted = Math.min(entry.lots - entry.filledLots, execution.available(place, isBuy));
    const ticks = execution.ticks(place, isBuy, price, Math.max(1, wanted));
    if (entry.limitTicks !== null && (isBuy ? ticks > entry.limitTicks : ticks < entry.limitTicks)) return;
    this.fillEntry(entry, place, ticks, scale.takerFee);
  }

  private fillEntry(entry: EntryOrder, place: Place, ticks: number, feeRate: Ratio): void {
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
    holding.enter(isBuy ? 1 : -1, { ticks, lots, feeRate, timeMs: place.timeMs, index: this.barIndex });
    if (isFirst) this.protect(entry, ticks, place.timeMs);
    entry.filledLots += lots;
    account.reserved -= entry.release();
    if (entry.filledLots >= total) {
      entry.learn(OrderEvent.SeenFilled);
      this.entry = null;
    }
  }

  /** What other entries have not been promised. */
  private freeCash(entry: EntryOrder): number {
    const { account } = this;
    return account.cash - (account.reserved - entry.stillReserved);
  }

  private reject(code: string): void {
    if (this.entry?.filledLots === 0) this.refuse(code);
    this.dropEntry(OrderEvent.SeenRejected);
  }

  private dropEntry(event: OrderEvent): void {
    if (this.entry === null) return;
    this.account.reserved -= this.entry.stillReserved;
    this.entry.learn(event);
    this.entry = null;
  }

  /** Stop and target of a position that has just begun. The stop rounds towards the market, the target too. */
  private protect({ plan, granted }: EntryOrder, ticks: number, timeMs: number): void {
    const { scale } = this;
    const shift = this.bracketFromFill ? scale.price(ticks) / plan.referencePrice : 1;
    const isLong = plan.side === PositionSide.Long;
    const [stop, target] = [plan.stopPrice * shift, plan.targetPrice * shift];
    this.stopTicks = isLong ? scale.ticksUp(stop) : scale.ticksDown(stop);
    this.targetTicks = isLong ? scale.ticksDown(target) : scale.ticksUp(target);
    this.trailUnits = plan.trailDistance === null ? 0 : priceUnits(plan.trailDistance);
    if (granted !== null && !this.bracketFromFill) {
      this.stopTicks = granted.stopTicks;
      this.targetTicks = granted.targetTicks;
    }
    this.openedAtMs = timeMs;
  }

  private endBy({ reason, price }: Touch, place: Place): void {
    const { holding, scale, liquidationFee } = this;
    const isSell = holding.direction > 0;
    if (reason === 'stop') {
      this.takeOut(place, price, ExitReason.Stop, true);
      return;
    }
    const ticks = isSell ? scale.ticksDown(price) : scale.ticksUp(price);
    if (reason === 'liquidation') {
      this.fillExit(place, ticks, holding.lots, liquidationFee, reason, true);
      return;
    }
    const available = place.tape.execution.available(place, !isSell);
    this.fillExit(place, ticks, Math.min(holding.lots, available), scale.makerFee, ExitReason.Target, true);
  }

  /** Leaves at market, as far as there is a market; the rest goes on leaving at the next opens. */
  takeOut(place: Place, price: number, reason: string, isInside: boolean): void {
    const { holding, scale } = this;
    const { execution } = place.tape;
    const isBuy = holding.direction < 0;
    const lots = Math.min(holding.lots, execution.available(place, isBuy));
    if (lots >= 1) {
      const ticks = execution.ticks(place, isBuy, price, lots);
      this.fillExit(place, ticks, lots, scale.takerFee, reason, isInside);
    }
    if (holding.lots > 0) this.exit ??= new ExitOrder(reason, place.timeMs);
  }

  private fillExit(
    place: Place,
    ticks: number,
    lots: number,
    feeRate: Ratio,
    reason: string,
    isInside: boolean,
  ): void {
    const { holding, account } = this;
    if (lots < 1) return;
    const { timeMs } = place;
    holding.leave({ ticks, lots, feeRate, timeMs, index: this.barIndex });
    if (holding.lots > 0) return;
    const bars = this.barIndex - holding.openIndex + (isInside ? 1 : 0);
    account.trades.push(holding.close({ timeMs, exitReason: reason, bars }));
    this.exit?.learn(OrderEvent.SeenFilled);
    this.exit = null;
    this.dropEntry(OrderEvent.SeenCancelled);
  }
}

function sideOf({ direction }: Holding): PositionSide | null {
  if (direction === 0) return null;
  return direction > 0 ? PositionSide.Long : PositionSide.Short;
}
