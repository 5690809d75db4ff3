/** Which symbols' books are the venue's at this moment, and who waits for one. */
export class Freshness {
  /** Why each symbol is stale, and since when. */
  private readonly stale = new Map<string, { readonly sinceMs: number; readonly reason: string }>();
  private readonly waiting = new Set<() => void>();

  constructor(
    symbols: readonly string[],
    private readonly wallMs: () => number,
  ) {
    for (const symbol of symbols) this.lose(symbol, 'not connected yet');
  }

  isFresh(symbol: string): boolean {
    return !this.stale.has(symbol);
  }

  /** The first reason stays until the symbol is fresh again. */
  lose(symbol: string, reason: string): void {
    if (!this.stale.has(symbol)) this.stale.set(symbol, { sinceMs: this.wallMs(), reason });
  }

  /** @returns whether it was stale. */
  refresh(symbol: string): boolean {
    const was = this.stale.delete(symbol);
    if (was) for (const wake of this.waiting) wake();
    return was;
  }

  /** The oldest loss, or undefined when everything is fresh. */
  worst(): { readonly sinceMs: number; readonly reason: string } | undefined {
    return [...this.stale.values()].sort((a, b) => a.sinceMs - b.sinceMs)[0];
  }

  /** Waits until the symbol is fresh, or has been stale for `limitMs`. @returns whether it is fresh. */
  async wait(symbol: string, limitMs: number): Promise<boolean> {
    for (;;) {
      const loss = this.stale.get(symbol);
      if (loss === undefined) return true;
      const leftMs = loss.sinceMs + limitMs - this.wallMs();
      if (leftMs <= 0) return false;
      await this.change(leftMs);
    }
  }

  private change(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, limitMs);
      this.waiting.add(wake);
    });
  }
}
