import type { Holding } from './holding';
import type { FundingRates } from './market';

/** Pays a perpetual position's funding at the moments at which it is due. */
export class Funding {
  private next = 0;

  constructor(
    private readonly rates: FundingRates,
    private readonly holding: Holding,
  ) {}

  /**
   * Settles what has come due by `timeMs` at this price.
   * @returns whether the margin has changed, and with it the price of liquidation
   */
  settle(timeMs: number, price: number): boolean {
    const { holding, rates } = this;
    let paid = false;
    while ((rates.timeMs[this.next] ?? Infinity) <= timeMs) {
      if (holding.direction !== 0) {
        holding.payFunding(rates.rate[this.next] ?? 0, price);
        paid = true;
      }
      this.next += 1;
    }
    return paid;
  }
}
