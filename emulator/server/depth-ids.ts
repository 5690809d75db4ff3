import type { SymbolBook } from '../engine/book';

/** Ids per market millisecond: they come from market time, so they grow across restarts without being stored. */
const IDS_PER_MS = 1000;

/** The update id of each symbol's book: a new one whenever the book has changed since it was last asked for. */
export class DepthIds {
  private readonly known = new Map<string, { id: number; version: number }>();

  idOf(symbol: string, book: SymbolBook, nowMs: number): number {
    const known = this.known.get(symbol) ?? { id: 0, version: -1 };
    if (known.version !== book.version) {
      known.id = Math.max(known.id + 1, nowMs * IDS_PER_MS);
      known.version = book.version;
      this.known.set(symbol, known);
    }
    return known.id;
  }
}
