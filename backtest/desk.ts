import { OrderEvent } from '../domain/order';
import { ExitReason } from '../domain/position';
import { PositionSide } from '../domain/strategy';
import type { Account } from './account';
import { EntryDesk, wouldTake, type EntryDeskParts } from './entry-desk';
import type { Holding } from './holding';
import type { Ratio } from './integers';
import type { HeldAtClose } from './manage';
import { ExitOrder, type EntryOrder } from './orders';
import { Protection } from './protection';
import type { BacktestRules } from './rules';
import type { Scale } from './scale';
import type { Place, Tally } from './tape';
import { firstTouch, touchSinceLimit, type Levels, type Touch } from './touch';

export interface DeskParts extends EntryDeskParts {
  readonly rules: BacktestRules;
  readonly liquidationFee: Ratio;
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
  private readonly liquidationFee: Ratio;
  private readonly tally: Tally;
  private readonly firstOfBoth: BacktestRules['firstOfBoth'];
  private readonly protection: Protection;
  private readonly entry: EntryDesk;
  private exit: ExitOrder | null = null;

  /** What every trade looks at are fields of its own: see `Lane`. */
  constructor(parts: DeskParts, maxHoldingMs: number) {
    this.account = parts.account;
    this.scale = parts.scale;
    this.holding = parts.holding;
    this.liquidationFee = parts.liquidationFee;
    this.tally = parts.tally;
    this.firstOfBoth = parts.rules.firstOfBoth;
    this.protection = new Protection(parts.scale, parts.rules, maxHoldingMs);
    this.entry = new EntryDesk(parts, this.protection);
  }

  /** Nothing is held yet of an entry that was sent. */
  get isEntering(): boolean {
    return this.entry.order !== null && this.holding.direction === 0;
  }

  /** What an entry that was sent would still add, in units of money. */
  get underWay(): number {
    return this.entry.underWay;
  }

  get isLeaving(): boolean {
    return this.exit !== null;
  }

  /** The position as it is managed at a close. */
  held(): HeldAtClose {
    return this.protection.held(this.holding.direction > 0 ? 1 : -1);
  }

  /** Sends an entry. */
  send(entry: EntryOrder): void {
    this.entry.send(entry);
    this.refresh();
  }

  /** Sends an exit; what has not been bought yet is not bought any more. */
  leave(exit: ExitOrder): void {
    this.entry.drop(OrderEvent.SeenCancelled);
    this.exit = exit;
    this.refresh();
  }

  moveStop(stopTicks: number): void {
    this.protection.stopTicks = stopTicks;
    this.refresh();
  }

  refuse(code: string): void {
    this.entry.refuse(code);
  }

  /** What has had its time is taken back. */
  expire(nowMs: number): void {
    const { exit } = this;
    this.entry.expire(nowMs);
    if (exit !== null && nowMs >= exit.expiresAtMs) this.dropExit(OrderEvent.SeenExpired);
    this.refresh();
  }

  /** What was decided before meets the open of a bar. */
  meetOpen(place: Place): void {
    const price = place.tape.bars.open[place.index] ?? NaN;
    const { exit } = this;
    const hasRested = exit?.isOpen === true;
    if (exit?.isThere(place.timeMs) === true) {
      if (exit.limitTicks === null) this.takeOut(place, price, exit.reason, false);
      else if (!hasRested && wouldTake(this.scale, this.holding.direction < 0, exit.limitTicks, price))
        this.dropExit(OrderEvent.SeenRejected);
    }
    this.entry.meetOpen(place, price, this.barIndex);
    this.refresh();
  }

  /** The bar has reached `lower` or `upper`. */
  meetInside(place: Place): void {
    const { holding, tally, firstOfBoth } = this;
    const wasFlat = holding.direction === 0;
    if (wasFlat) this.entry.meetLimit(place, this.barIndex);
    if (holding.direction !== 0) {
      const { bars, mark } = place.tape;
      const input = { levels: this.levels(), bars, mark, index: place.index, firstOfBoth };
      const touch = wasFlat ? touchSinceLimit(input) : firstTouch(input);
      if (touch?.isAmbiguous === true) tally.ambiguousBars += 1;
      if (touch !== undefined) this.endBy(touch, place);
    }
    this.refresh();
  }

  /** Whether the mark prices of a bar reach the price at which what is held is liquidated. */
  isLiquidatedBy({ tape, index }: Place): boolean {
    const { direction } = this.holding;
    const worst = (direction > 0 ? tape.mark.low : tape.mark.high)[index] ?? NaN;
    return direction !== 0 && direction * (worst - this.holding.liquidationPrice()) <= 0;
  }

  liquidate(place: Place): void {
    this.endBy({ reason: 'liquidation', price: this.holding.liquidationPrice(), isAmbiguous: false }, place);
    this.refresh();
  }

  /** Margin has changed. */
  refresh(): void {
    const { holding } = this;
    this.pending = this.entry.order !== null || this.exit !== null;
    this.side = sideOf(holding);
    if (holding.direction === 0) {
      this.managed = false;
      const { lower, upper } = this.entry.limits;
      this.lower = lower;
      this.upper = upper;
      return;
    }
    this.managed = this.protection.isManaged;
    const { direction, stop, target, liquidation } = this.levels();
    this.lower = direction > 0 ? Math.max(stop, liquidation) : target;
    this.upper = direction > 0 ? target : Math.min(stop, liquidation);
  }

  private levels(): Levels {
    const { holding, protection } = this;
    const direction = holding.direction > 0 ? 1 : -1;
    const target = protection.target(direction);
    const offer = this.offerLevel(direction);
    return {
      direction,
      stop: protection.stop,
      target: direction > 0 ? Math.min(target, offer) : Math.max(target, offer),
      liquidation: holding.liquidationPrice(),
    };
  }

  /** Where an exit that rests is filled: a tick beyond its limit, as at the limit itself others come first. */
  private offerLevel(direction: 1 | -1): number {
    const { exit } = this;
    if (exit?.isOpen !== true || exit.limitTicks === null) return direction * Infinity;
    return this.scale.price(exit.limitTicks + direction);
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
    const lots = Math.min(holding.lots, place.tape.execution.available(place, !isSell));
    const direction = isSell ? 1 : -1;
    const { exit } = this;
    const isOffer = direction * (this.protection.target(direction) - this.offerLevel(direction)) >= 0;
    if (isOffer && exit?.isOpen === true && exit.limitTicks !== null)
      this.fillExit(place, exit.limitTicks, lots, scale.makerFee, exit.reason, true);
    else this.fillExit(place, ticks, lots, scale.makerFee, ExitReason.Target, true);
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
    // What was offered at a price goes to the market with the rest.
    if (holding.lots > 0 && this.exit?.limitTicks !== null) {
      this.dropExit(OrderEvent.SeenCancelled);
      this.exit = new ExitOrder(reason, place.timeMs);
    }
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
    this.dropExit(this.exit?.reason === reason ? OrderEvent.SeenFilled : OrderEvent.SeenCancelled);
    this.entry.drop(OrderEvent.SeenCancelled);
  }

  private dropExit(event: OrderEvent): void {
    this.exit?.learn(event);
    this.exit = null;
  }
}

function sideOf({ direction }: Holding): PositionSide | null {
  if (direction === 0) return null;
  return direction > 0 ? PositionSide.Long : PositionSide.Short;
}
