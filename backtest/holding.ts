import { Side } from '../domain/order';
import type { ClosedTrade } from '../domain/performance/types';
import type { Account } from './account';
import { ceilTimes, floorTimes, ratioOf, type Ratio } from './integers';
import type { PerpetualTerms } from './rules';
import { quoteOf, UNITS, type Scale } from './scale';

/** 1 for long, −1 for short, 0 for flat. */
export type Direction = 1 | 0 | -1;

interface HoldingFill {
  readonly ticks: number;
  readonly lots: number;
  readonly feeRate: Ratio;
  readonly timeMs: number;
  /** Of the bar in which it filled. */
  readonly index: number;
}

/**
 * What one strategy holds of one symbol, and the money in it. Spot is the case of a leverage of one: the margin is the whole
 * price, so what it is worth is what it would sell for. All amounts are whole units of 1e-8 quote, so that cash and holdings
 * together change by fees, funding and prices alone, exactly.
 */
export class Holding {
  direction: Direction = 0;
  lots = 0;
  /** What the lots held now were bought (or sold short) for, fees not included. */
  entryNotional = 0;
  /** Taken from cash for what is held now. */
  margin = 0;
  /** When the first fill was, and in which bar. */
  openTimeMs = NaN;
  openIndex = -1;
  private readonly marginRate: Ratio;
  private enteredLots = 0;
  private enteredNotional = 0;
  private leftLots = 0;
  private leftNotional = 0;
  private fees = 0;
  private entryFees = 0;
  private funding = 0;
  private paidIn = 0;
  private paidOut = 0;

  constructor(
    private readonly account: Account,
    readonly strategy: string,
    readonly scale: Scale,
    private readonly perpetual: PerpetualTerms | null,
  ) {
    const { numerator, denominator } = ratioOf(String(perpetual?.leverage ?? 1));
    this.marginRate = { numerator: denominator, denominator: numerator };
  }

  /** What an entry takes from cash: margin and fee. */
  costOf(ticks: number, lots: number, feeRate: Ratio): number {
    const notional = this.scale.notional(ticks, lots);
    return this.marginOf(notional) + this.scale.fee(notional, feeRate);
  }

  /** What a lot costs, without the rounding that an order of many lots pays once. */
  unitCost(ticks: number, feeRate: Ratio): number {
    const margin = this.perpetual === null ? 1 : this.marginRate.numerator / this.marginRate.denominator;
    return ticks * this.scale.unitsPerTickLot * (margin + feeRate.numerator / feeRate.denominator);
  }

  /** What is held has cost this, the fees of its purchase included. */
  get heldCost(): number {
    const part = this.enteredLots === 0 ? 0 : this.lots / this.enteredLots;
    return this.entryNotional + Math.ceil(this.entryFees * part);
  }

  private marginOf(notional: number): number {
    return this.perpetual === null ? notional : ceilTimes(notional, this.marginRate);
  }

  /** What it is worth at a price: the margin and what has been won or lost on it since. */
  worth(price: number): number {
    if (this.direction === 0) return 0;
    return this.margin + this.direction * (this.scale.mark(price, this.lots) - this.entryNotional);
  }

  enter(direction: 1 | -1, fill: HoldingFill): void {
    const notional = this.scale.notional(fill.ticks, fill.lots);
    const fee = this.scale.fee(notional, fill.feeRate);
    const margin = this.marginOf(notional);
    if (this.direction === 0) {
      this.direction = direction;
      this.openTimeMs = fill.timeMs;
      this.openIndex = fill.index;
    }
    this.lots += fill.lots;
    this.entryNotional += notional;
    this.margin += margin;
    this.enteredLots += fill.lots;
    this.enteredNotional += notional;
    this.fees += fee;
    this.entryFees += fee;
    this.paidIn += margin + fee;
    this.account.cash -= margin + fee;
    this.tell(direction > 0 ? Side.Buy : Side.Sell, fill, fee);
  }

  /** Gives back lots and settles their share of the margin. More than there is in it is never lost. */
  leave(fill: HoldingFill): void {
    const { lots } = fill;
    const all = lots === this.lots;
    const share: Ratio = { numerator: lots, denominator: this.lots };
    const margin = all ? this.margin : floorTimes(this.margin, share);
    const cost = all ? this.entryNotional : floorTimes(this.entryNotional, share);
    const notional = this.scale.notional(fill.ticks, lots);
    const before = Math.max(0, margin + this.direction * (notional - cost));
    const fee = Math.min(before, this.scale.fee(notional, fill.feeRate));
    this.lots -= lots;
    this.entryNotional -= cost;
    this.margin -= margin;
    this.leftLots += lots;
    this.leftNotional += notional;
    this.fees += fee;
    this.paidOut += before - fee;
    this.account.cash += before - fee;
    this.tell(this.direction > 0 ? Side.Sell : Side.Buy, fill, fee);
  }

  private tell(side: Side, { ticks, lots, timeMs }: HoldingFill, fee: number): void {
    const { account, strategy, scale } = this;
    account.onFill?.({
      ...{ strategy, symbol: scale.instrument.symbol, side, timeMs },
      price: scale.price(ticks),
      quantity: scale.quantity(lots),
      fee: quoteOf(fee),
    });
  }

  /** Pays funding from the margin, or receives it: a longs' payment rounds up, a receipt down. */
  payFunding(rate: number, price: number): void {
    const scaled = Math.round(rate * FUNDING_SCALE);
    const magnitude: Ratio = { numerator: Math.abs(scaled), denominator: FUNDING_SCALE };
    const notional = this.scale.mark(price, this.lots);
    const pays = this.direction * scaled > 0;
    const amount = pays ? -ceilTimes(notional, magnitude) : floorTimes(notional, magnitude);
    this.margin += amount;
    this.funding += amount;
  }

  /**
   * The price at which the margin that is left is just what the exchange asks to maintain; beyond every price when there is
   * none. Isolated margin: margin + d(p·q − entry) = m·p·q, so p = (d·entry − margin) / (q (d − m)).
   */
  liquidationPrice(): number {
    const { direction, perpetual } = this;
    if (perpetual === null || direction === 0) return direction > 0 ? -Infinity : Infinity;
    const quantity = this.scale.quantity(this.lots);
    const money = direction * this.entryNotional - this.margin;
    return money / UNITS / (quantity * (direction - perpetual.maintenanceMarginFraction));
  }

  /** The round trip that has just ended. Forgets it. */
  close(at: { readonly timeMs: number; readonly exitReason: string; readonly bars: number }): ClosedTrade {
    const trade: ClosedTrade = {
      strategy: this.strategy,
      symbol: this.scale.instrument.symbol,
      side: this.direction > 0 ? 'long' : 'short',
      openTimeMs: this.openTimeMs,
      closeTimeMs: at.timeMs,
      quantity: this.scale.quantity(this.enteredLots),
      entryPrice: this.scale.average(this.enteredNotional, this.enteredLots),
      exitPrice: this.scale.average(this.leftNotional, this.leftLots),
      fees: quoteOf(this.fees),
      funding: quoteOf(this.funding),
      profit: quoteOf(this.paidOut - this.paidIn),
      exitReason: at.exitReason,
      bars: at.bars,
    };
    this.direction = 0;
    this.openTimeMs = NaN;
    this.openIndex = -1;
    this.enteredLots = this.enteredNotional = this.leftLots = this.leftNotional = 0;
    this.fees = this.entryFees = this.funding = this.paidIn = this.paidOut = 0;
    return trade;
  }
}

/** Funding rates are told with up to eight decimals; four more leave room for what others compute. */
const FUNDING_SCALE = 1_000_000_000_000;
