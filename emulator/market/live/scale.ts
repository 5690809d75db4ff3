import { createInstrument, type Instrument } from '../../engine/instrument';
import { requireUnits } from '../../engine/units';
import type { IntegerBar, SymbolSpec } from '../source';
import type { FeedBar, FeedLevel } from './feed';
import type { BookRow } from './news';

/** Turns a venue's decimals into the ticks and lots of one symbol, exactly. */
export class LiveScale {
  private readonly instrument: Instrument;

  constructor(spec: SymbolSpec) {
    this.instrument = createInstrument(spec);
  }

  /** @throws Error when the price is not a positive multiple of the tick. */
  ticks(price: string): number {
    const { symbol, tickUnits } = this.instrument;
    const units = requireUnits(price, `a price of ${symbol}`);
    if (units === 0n || units % tickUnits !== 0n)
      throw new Error(`${symbol} was quoted at ${price}, which is off its tick; its rules may have changed`);
    return Number(units / tickUnits);
  }

  /** Whole lots, rounded down: books hold remainders from times of a finer step, which nobody can trade. */
  lots(quantity: string): number {
    return Number(
      requireUnits(quantity, `a quantity of ${this.instrument.symbol}`) / this.instrument.lotUnits,
    );
  }

  rows(levels: readonly FeedLevel[]): BookRow[] {
    return levels.map(([price, quantity]) => [this.ticks(price), this.lots(quantity)]);
  }

  bar({ openTimeMs, open, high, low, close, volume }: FeedBar): IntegerBar {
    return {
      openTimeMs,
      open: this.ticks(open),
      high: this.ticks(high),
      low: this.ticks(low),
      close: this.ticks(close),
      volumeLots: this.lots(volume),
    };
  }
}
