import { timeframeMs } from '../domain/bar';
import type { BarColumns } from '../domain/bar-columns';
import { PositionSide, SignalKind, type EntryPlan } from '../domain/strategy';
import { ExitReason } from '../domain/position';
import type { AnySignal, PreparedStrategy } from '../domain/strategies/prepare';
import { quotedPrice } from '../domain/strategies/quotes';
import type { MovingView } from '../domain/strategy-view';
import type { Owned } from './account';
import { advisedGrant, type LaneCounsel } from './counsel';
import type { Desk } from './desk';
import type { FinerBars } from './finer-bars';
import type { Funding } from './funding';
import type { Holding } from './holding';
import { manageAtClose } from './manage';
import { firstAtOrAfter, type MarketData } from './market';
import { EntryOrder, ExitOrder } from './orders';
import type { BacktestRules } from './rules';
import type { Scale } from './scale';
import type { EntrySizing } from './sizing';
import { atOpen, highest, insideOf, lowest, unbounded, type Tape } from './tape';

export interface LaneParts {
  /** Null when nobody is asked about entries. */
  readonly counsel: LaneCounsel | null;
  readonly strategy: PreparedStrategy;
  readonly market: MarketData;
  readonly view: MovingView;
  /** Index of the first bar at whose close everything has warmed up. */
  readonly firstDecision: number;
  readonly rules: BacktestRules;
  readonly scale: Scale;
  readonly holding: Holding;
  readonly sizing: EntrySizing;
  readonly desk: Desk;
  readonly tape: Tape;
  /** Where there are any. */
  readonly finer: FinerBars | null;
  readonly funding: Funding | null;
}

/**
 * One strategy on one symbol, walked along its bars: the open, what happens inside, the close.
 *
 * What every bar and every trade looks at are fields of its own, not of `LaneParts`: objects put together in several ways have
 * several shapes, and loads from them are slow.
 */
export class Lane implements Owned {
  readonly length: number;
  private readonly lows: Float64Array;
  private readonly highs: Float64Array;
  private readonly opens: Float64Array;
  private readonly bars: BarColumns;
  private readonly barMs: number;
  private readonly counsel: LaneCounsel | null;
  private readonly strategy: PreparedStrategy;
  private readonly view: MovingView;
  private readonly desk: Desk;
  private readonly holding: Holding;
  private readonly sizing: EntrySizing;
  private readonly scale: Scale;
  private readonly tape: Tape;
  private readonly finer: FinerBars | null;
  private readonly funding: Funding | null;
  private readonly firstDecision: number;
  private readonly canSell: boolean;
  /** From a decision to when its order may fill. */
  private readonly delayMs: number;
  /** From a decision to when a limit is taken back; null for orders at market. */
  private readonly limitMs: number | null;
  /** From a decision to when a quote is taken back: it rests for one bar from when it can have arrived. */
  private readonly quoteMs: number;
  /** The newest closed bar; −1 before the first. */
  private closed = -1;
  /** What the strategy wants at the bar where `skim` has stopped. */
  private wanted: AnySignal | null = null;

  constructor(parts: LaneParts) {
    const { market, tape, rules } = parts;
    this.length = market.bars.length;
    this.bars = market.bars;
    this.opens = market.bars.openTimeMs;
    this.barMs = timeframeMs(market.timeframe);
    this.lows = lowest(tape.bars.low, tape.mark.low);
    this.highs = highest(tape.bars.high, tape.mark.high);
    this.counsel = parts.counsel;
    this.strategy = parts.strategy;
    this.view = parts.view;
    this.desk = parts.desk;
    this.holding = parts.holding;
    this.sizing = parts.sizing;
    this.scale = parts.scale;
    this.tape = tape;
    this.finer = parts.finer;
    this.funding = parts.funding;
    this.firstDecision = parts.firstDecision;
    this.canSell = market.perpetual !== undefined;
    this.delayMs = rules.latencyMs + rules.latencyBars * this.barMs;
    const barsLate = parts.finer === null ? Math.ceil(this.delayMs / this.barMs) : rules.latencyBars;
    this.quoteMs = (1 + barsLate) * this.barMs;
    this.limitMs = rules.entry.kind === 'limit' ? rules.entry.ttlBars * this.barMs : null;
  }

  /** When the bar at `index` opens; never, past the last. */
  openTimeMs(index: number): number {
    return index < this.length ? (this.opens[index] ?? NaN) : Number.POSITIVE_INFINITY;
  }

  closeTimeMs(index: number): number {
    return this.openTimeMs(index) + this.barMs;
  }

  firstClosingAtOrAfter(timeMs: number): number {
    return firstAtOrAfter(this.opens, timeMs - this.barMs);
  }

  worthNow(): number {
    const { holding, tape } = this;
    return holding.direction === 0 ? 0 : holding.worth(tape.mark.close[this.closed] ?? NaN);
  }

  /**
   * Walks bars on which nobody else has a say: the same as opening, going through and closing one after the other, without
   * the ceremony.
   */
  walk(from: number, end: number): void {
    const { desk, firstDecision, funding } = this;
    let index = from;
    while (index < end) {
      if (funding !== null || desk.pending || index < firstDecision) {
        this.openBar(index);
        this.insideBar(index);
        this.closeBar(index);
      } else {
        index = this.skim(index, end);
        if (index === end) return;
        const { wanted } = this;
        if (wanted === null) {
          this.insideBar(index);
          this.closeBar(index);
        } else this.act(wanted, index);
      }
      index += 1;
    }
  }

  /**
   * Passes over quiet bars, which is most of a backtest: two comparisons and the strategy's own decision each. It calls nothing
   * that is not inlined, so that it stays in registers.
   * @returns the first bar at which something happens, or `end`. What its strategy wants is in `wanted`; that is null when
   * the bar has reached a price at which something happens inside it.
   */
  private skim(from: number, end: number): number {
    const { desk, strategy, view, lows, highs } = this;
    const { lower, upper, managed } = desk;
    view.position = desk.side;
    this.wanted = null;
    let index = from;
    for (; index < end; index += 1) {
      if ((lows[index] ?? NaN) <= lower || (highs[index] ?? NaN) >= upper) break;
      view.moveTo(index);
      const signal = strategy.onBar(view);
      if (managed || signal.kind !== SignalKind.Hold) {
        this.wanted = signal;
        break;
      }
    }
    this.closed = this.wanted === null ? index - 1 : index;
    return index;
  }

  openBar(index: number): void {
    const { desk, funding, tape } = this;
    if (funding !== null) this.payFunding(funding, this.openTimeMs(index), tape.mark.close[index - 1] ?? NaN);
    if (!desk.pending) return;
    desk.barIndex = index;
    desk.meetOpen(atOpen(tape, index));
  }

  /** All that happens between open and close. */
  insideBar(index: number): void {
    const { desk, funding, tape, finer } = this;
    if (funding !== null) this.payFunding(funding, this.closeTimeMs(index) - 1, tape.mark.open[index] ?? NaN);
    const touched = this.isTouched(index);
    if (touched || (finer !== null && desk.pending)) {
      desk.barIndex = index;
      const told = finer?.walk(index, desk) === true;
      if (touched && !told) desk.meetInside(insideOf(tape, index));
    }
    if (funding !== null) this.payFunding(funding, this.closeTimeMs(index), tape.mark.close[index] ?? NaN);
    this.closed = index;
  }

  private isTouched(index: number): boolean {
    const { desk } = this;
    return (this.lows[index] ?? NaN) <= desk.lower || (this.highs[index] ?? NaN) >= desk.upper;
  }

  /** The strategy decides on the bar that has closed. */
  closeBar(index: number): void {
    const { desk, strategy, view, firstDecision } = this;
    if (desk.pending) desk.expire(this.closeTimeMs(index));
    if (index < firstDecision || desk.isEntering) return;
    view.position = desk.side;
    view.moveTo(index);
    const signal = strategy.onBar(view);
    if (signal.kind !== SignalKind.Hold || desk.managed) this.act(signal, index);
  }

  private act(signal: AnySignal, index: number): void {
    const { desk, view } = this;
    if (view.position === null) this.enter(signal, index);
    else if (!desk.isLeaving) this.manage(signal, index);
  }

  /** What is held at the end of the data is sold at the last close. */
  finish(): void {
    const { desk, tape, holding, bars } = this;
    const index = this.length - 1;
    if (holding.direction === 0) return;
    desk.barIndex = index;
    desk.takeOut(insideOf(unbounded(tape), index), bars.close[index] ?? NaN, 'end-of-data', true);
  }

  private enter(signal: AnySignal, index: number): void {
    if (signal.kind !== SignalKind.Enter) return;
    const { desk, sizing, scale, counsel } = this;
    quotedPrice(this.strategy, signal);
    if (signal.side === PositionSide.Short && !this.canSell) {
      desk.refuse('short-on-spot');
      return;
    }
    const grant =
      counsel === null
        ? sizing.grant(signal, scale)
        : advisedGrant(counsel, this.proposed(signal, index), sizing, scale);
    if (grant.kind === 'refused') desk.refuse(grant.code);
    else desk.send(this.order(signal, grant.kind === 'granted' ? grant.entry : null, index));
  }

  /** While the view still stands at the bar that was decided on. */
  private proposed(signal: AnySignal & EntryPlan, index: number): Parameters<LaneCounsel>[0] {
    const { view, strategy } = this;
    const reasons = strategy.explain(signal, view);
    return { symbol: view.symbol, closeMs: this.closeTimeMs(index), plan: signal, reasons };
  }

  private order(plan: EntryPlan, granted: EntryOrder['granted'], index: number): EntryOrder {
    const closeMs = this.closeTimeMs(index);
    const { limitMs } = this;
    if (plan.limitPrice !== undefined) return this.quote(plan, plan.limitPrice, granted, closeMs);
    if (limitMs === null || granted === null)
      return new EntryOrder(plan, granted, null, closeMs + this.delayMs, Number.POSITIVE_INFINITY);
    return new EntryOrder(plan, granted, granted.limitTicks, closeMs + this.delayMs, closeMs + limitMs);
  }

  /** An entry at the strategy's own price, or at what risk allows where that is less. */
  private quote(
    plan: EntryPlan,
    limitPrice: number,
    granted: EntryOrder['granted'],
    closeMs: number,
  ): EntryOrder {
    const { scale } = this;
    const isBuy = plan.side === PositionSide.Long;
    const wished = isBuy ? scale.ticksDown(limitPrice) : scale.ticksUp(limitPrice);
    const limitTicks = granted === null ? wished : Math.min(wished, granted.limitTicks);
    return new EntryOrder(plan, granted, limitTicks, closeMs + this.delayMs, closeMs + this.quoteMs);
  }

  private manage(signal: AnySignal, index: number): void {
    const { desk, bars, scale } = this;
    const action = manageAtClose(desk.held(), bars, index, signal.kind === SignalKind.Exit, scale);
    if (action.kind === 'trail') desk.moveStop(action.stopTicks);
    if (action.kind === 'exit') desk.leave(this.exitOrder(action.reason, signal, this.closeTimeMs(index)));
  }

  /** At market, unless it is the strategy's word and it has a price in mind. */
  private exitOrder(reason: string, signal: AnySignal, closeMs: number): ExitOrder {
    const arrivesAtMs = closeMs + this.delayMs;
    const limitPrice = reason === ExitReason.Strategy ? quotedPrice(this.strategy, signal) : undefined;
    if (limitPrice === undefined) return new ExitOrder(reason, arrivesAtMs);
    const isSell = this.desk.side === PositionSide.Long;
    const limitTicks = isSell ? this.scale.ticksUp(limitPrice) : this.scale.ticksDown(limitPrice);
    return new ExitOrder(reason, arrivesAtMs, limitTicks, closeMs + this.quoteMs);
  }

  private payFunding(funding: Funding, timeMs: number, price: number): void {
    if (funding.settle(timeMs, price)) this.desk.refresh();
  }
}
