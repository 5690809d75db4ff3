import type { SymbolBook } from '../engine/book';

/** Ids per market millisecond: they come from market time, so they grow across restarts without being stored. */
const IDS_PER_MS = 1000;

/** The update ids of the symbols' books, and the tie between snapshots and diffs which they are for. */
export class DepthIds {
  private readonly known = new Map<string, { id: number; version: number }>();
  private readonly snapshotActs = new Map<string, Set<() => void>>();

  /** The id of the book as it is: a new one whenever it has changed since it was last asked for. */
  idOf(symbol: string, book: SymbolBook, nowMs: number): number {
    const known = this.known.get(symbol) ?? { id: 0, version: -1 };
    if (known.version !== book.version) {
      known.id = Math.max(known.id + 1, nowMs * IDS_PER_MS);
      known.version = book.version;
      this.known.set(symbol, known);
    }
    return known.id;
  }

  /** Calls `act` just before each snapshot of the symbol's book is taken, until the returned function is called. */
  beforeSnapshot(symbol: string, act: () => void): () => void {
    const acts = this.snapshotActs.get(symbol) ?? new Set();
    this.snapshotActs.set(symbol, acts.add(act));
    return () => acts.delete(act);
  }

  /**
   * To be called before a snapshot is taken. Open diff streams then send what they have, so that the snapshot shows no
   * level which appeared after one diff and will have gone by the next: neither would ever mention it.
   */
  announceSnapshot(symbol: string): void {
    for (const act of this.snapshotActs.get(symbol) ?? []) act();
  }
}
