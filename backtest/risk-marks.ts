import { DAY_MS } from '../domain/performance/realised-equity';
import type { Account } from './account';

/** `markEquity` of the domain in whole units of money: what losses are measured from. */
export class RiskMarks {
  equity: number;
  equityAtDayStart: number;
  peakEquity: number;
  private dayStartMs = -Infinity;

  constructor(private readonly account: Account) {
    this.equity = this.equityAtDayStart = this.peakEquity = account.start;
  }

  mark(timeMs: number): void {
    const equity = this.account.equity();
    const dayStartMs = Math.floor(timeMs / DAY_MS) * DAY_MS;
    if (this.dayStartMs === -Infinity) this.dayStartMs = dayStartMs;
    if (dayStartMs > this.dayStartMs) {
      this.dayStartMs = dayStartMs;
      this.equityAtDayStart = Math.max(this.equity, equity);
    }
    this.peakEquity = Math.max(this.peakEquity, equity);
    this.equity = equity;
  }
}
