import { timeframeMs } from '../domain/bar';
import { PositionSide, SignalKind, type EntryPlan } from '../domain/strategy';
import type { AnySignal, PreparedStrategy } from '../domain/strategies/prepare';
import type { MovingView } from '../domain/strategy-view';
import type { Owned } from './account';
import type { Desk } from './desk';
import type { Funding } from './funding';
import type { Holding } from './holding';
import { manageAtClose } from './manage';
import { firstAtOrAfter, type MarketData } from './market';
import { EntryOrder } from './orders';
import type { BacktestRules } from './rules';
import type { Scale } from './scale';
import type { EntrySizing } from './sizing';
import { atOpen, insideOf, type Tape } from './tape';

export interface LaneParts {
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
  /** The finer bars, where there are any. */
  readonly finer: Tape | null;
  readonly funding: Funding | null;
}

/** One strategy on one symbol, walked along its bars: the open, what happens inside, the close. */
export class Lane implements Owned {
  readonly length: number;
  private readonly lows: Float64Array;
  private readonly highs: Float64Array;
  private readonly opens: Float64Array;
  private readonly barMs: number;
  /** The newest closed bar; −1 before the first. */
  private closed = -1;

  constructor(private readonly parts: LaneParts) {
    const { market, tape } = parts;
    this.length = market.bars.length;
    this.opens = market.bars.openTimeMs;
    this.barMs = timeframeMs(market.timeframe);
    this.lows = lowest(tape.bars.low, tape.mark.low);
    this.highs = highest(tape.bars.high, tape.mark.high);
  }

  /** When the bar at `index` opens; never, past the last. */
  openTimeMs(index: number): number {
    return this.opens[index] ?? Infinity;
  }

  closeTimeMs(index: number): number {
    return this.openTimeMs(index) + this.barMs;
  }

  firstClosingAtOrAfter(timeMs: number): number {
    return firstAtOrAfter(this.opens, timeMs - this.barMs);
  }

  worthNow(): number {
    const { holding, tape } = this.parts;
    return holding.direction === 0 ? 0 : holding.worth(tape.mark.close[this.closed] ?? NaN);
  }

  /**
   * Walks bars on which nobody else has a say: the same as opening, going through and closing one after the other, without
   * the ceremony. A bar on which nothing happens costs four comparisons and the strategy's own decision.
   */
  walk(from: number, end: number): void {
    const { desk, strategy, view, firstDecision, funding } = this.parts;
    const { lows, highs } = this;
    for (let index = from; index < end; index += 1) {
      if (desk.pending || funding !== null) this.openBar(index);
      const touched = (lows[index] ?? NaN) <= desk.lower || (highs[index] ?? NaN) >= desk.upper;
      if (touched || desk.pending || funding !== null) this.insideBar(index);
      else this.closed = index;
      if (index < firstDecision || desk.pending) {
        this.closeBar(index);
        continue;
      }
      view.position = desk.side;
      view.moveTo(index);
      const signal = strategy.onBar(view);
      if (signal.kind !== SignalKind.Hold || desk.managed) this.act(signal, index);
    }
  }

  openBar(index: number): void {
    const { desk, funding, tape } = this.parts;
    if (funding !== null) this.payFunding(funding, this.openTimeMs(index), tape.mark.close[index - 1] ?? NaN);
    if (!desk.pending) return;
    desk.barIndex = index;
    desk.meetOpen(atOpen(tape, index));
  }

  /** All that happens between open and close. */
  insideBar(index: number): void {
    const { desk, funding, tape, finer } = this.parts;
    if (funding !== null) this.payFunding(funding, this.closeTimeMs(index) - 1, tape.mark.open[index] ?? NaN);
    const touched = this.isTouched(index);
    if (touched || (finer !== null && desk.pending)) {
      desk.barIndex = index;
      const walked = finer !== null && this.walkFiner(finer, index);
      if (touched && !walked) desk.meetInside(insideOf(tape, index));
    }
    if (funding !== null) this.payFunding(funding, this.closeTimeMs(index), tape.mark.close[index] ?? NaN);
    this.closed = index;
  }

  private isTouched(index: number): boolean {
    const { desk } = this.parts;
    return (this.lows[index] ?? NaN) <= desk.lower || (this.highs[index] ?? NaN) >= desk.upper;
  }

  /** The strategy decides on the bar that has closed. */
  closeBar(index: number): void {
    const { desk, strategy, view, firstDecision } = this.parts;
    if (desk.pending) desk.expire(this.closeTimeMs(index));
    if (index < firstDecision || desk.isEntering) return;
    view.position = desk.side;
    view.moveTo(index);
    const signal = strategy.onBar(view);
    if (signal.kind !== SignalKind.Hold || desk.managed) this.act(signal, index);
  }

  private act(signal: AnySignal, index: number): void {
    const { desk, view } = this.parts;
    if (view.position === null) this.enter(signal, index);
    else if (!desk.isLeaving) this.manage(signal, index);
  }

  /** What is held at the end of the data is sold at the last close. */
  finish(): void {
    const { desk, tape, holding, market } = this.parts;
    const index = this.length - 1;
    if (holding.direction === 0) return;
    desk.barIndex = index;
    desk.takeOut(insideOf(unbounded(tape), index), market.bars.close[index] ?? NaN, 'end-of-data', true);
  }

  private enter(signal: AnySignal, index: number): void {
    if (signal.kind !== SignalKind.Enter) return;
    const { desk, sizing, scale, market } = this.parts;
    if (signal.side === PositionSide.Short && market.perpetual === undefined) {
      desk.refuse('short-on-spot');
      return;
    }
    const grant = sizing.grant(signal, scale);
    if (grant.kind === 'refused') desk.refuse(grant.code);
    else desk.send(this.order(signal, grant.kind === 'granted' ? grant.entry : null, index));
  }

  private order(plan: EntryPlan, granted: EntryOrder['granted'], index: number): EntryOrder {
    const { entry } = this.parts.rules;
    const closeMs = this.closeTimeMs(index);
    const isLimit = entry.kind === 'limit' && granted !== null;
    const expiresAtMs = isLimit ? closeMs + entry.ttlBars * this.barMs : Infinity;
    const limitTicks = isLimit ? granted.limitTicks : null;
    return new EntryOrder(plan, granted, limitTicks, this.arrivalOf(closeMs), expiresAtMs);
  }

  private arrivalOf(decidedMs: number): number {
    const { latencyMs, latencyBars } = this.parts.rules;
    return decidedMs + latencyMs + latencyBars * this.barMs;
  }

  private manage(signal: AnySignal, index: number): void {
    const { desk, market, scale } = this.parts;
    const { bars } = market;
    const bar = {
      openTimeMs: this.openTimeMs(index),
      best: (desk.side === PositionSide.Long ? bars.high : bars.low)[index] ?? NaN,
      close: bars.close[index] ?? NaN,
    };
    const action = manageAtClose(desk.held(), bar, signal.kind === SignalKind.Exit, scale);
    if (action.kind === 'trail') desk.moveStop(action.stopTicks);
    if (action.kind === 'exit') desk.leave(action.reason, this.arrivalOf(this.closeTimeMs(index)));
  }

  private payFunding(funding: Funding, timeMs: number, price: number): void {
    if (funding.settle(timeMs, price)) this.parts.desk.refresh();
  }

  /** Goes through the finer bars of a bar, in which everything happens as it does in bars. @returns whether there are any */
  private walkFiner(finer: Tape, index: number): boolean {
    const { desk } = this.parts;
    const { openTimeMs, low, high } = finer.bars;
    const openMs = this.openTimeMs(index);
    const first = firstAtOrAfter(openTimeMs, openMs);
    const end = firstAtOrAfter(openTimeMs, openMs + this.barMs);
    for (let at = first; at < end; at += 1) {
      // What met the open of the bar itself has been seen to.
      if (desk.pending && (openTimeMs[at] ?? NaN) > openMs) desk.meetOpen(atOpen(finer, at));
      if ((low[at] ?? NaN) <= desk.lower || (high[at] ?? NaN) >= desk.upper)
        desk.meetInside(insideOf(finer, at));
    }
    return end > first;
  }
}

/** The last sale is taken as possible: what is left must not be lost in the accounts. */
const unbounded = (tape: Tape): Tape => ({
  ...tape,
  execution: { ticks: (fill) => tape.execution.ticks(fill), available: () => Infinity },
});

/** The lower of two columns at each bar; a column with itself is itself. */
const lowest = (a: Float64Array, b: Float64Array): Float64Array =>
  a === b ? a : a.map((value, index) => Math.min(value, b[index] ?? value));

const highest = (a: Float64Array, b: Float64Array): Float64Array =>
  a === b ? a : a.map((value, index) => Math.max(value, b[index] ?? value));
