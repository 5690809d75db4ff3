import { lastCloseMs, timeframeMs, type Bar } from '../../domain/bar';
import type { BarNeed, BarSource } from '../../domain/strategy-columns';
import { windowKey, type ReadWindows } from '../evaluation';

/**
 * - `next`: it follows the newest one
 * - `known`: it was there already
 * - `gap`: bars between the newest one and this are missing, and it was not taken
 */
export type Added = 'next' | 'known' | 'gap';

interface Kept {
  readonly need: BarNeed;
  /** Oldest first, without gaps since they were last replaced. */
  bars: readonly Bar[];
}

/** Kept beyond what is looked at, for bars that come in while a decision looks at those before. */
const SPARE_BARS = 2;

/** The newest closed bars of every source that a lane looks at, in memory. */
export class LaneBars {
  private readonly kept: ReadonlyMap<string, Kept>;

  /** @param needs every source once, with as many bars as are looked at */
  constructor(readonly needs: readonly BarNeed[]) {
    this.kept = new Map(needs.map((need) => [windowKey(need), { need, bars: [] }]));
  }

  /** The source with as many bars as are kept of it. */
  needOf(source: BarSource): BarNeed {
    return this.of(source).need;
  }

  /** Takes what the journal has in place of what was there. Bars that have come since it was asked, and follow, stay. */
  replace(source: BarSource, bars: readonly Bar[]): void {
    const kept = this.of(source);
    const before = kept.bars;
    kept.bars = bars;
    for (const bar of before) this.add(source, bar);
  }

  /** Takes the bar that has just closed. */
  add(source: BarSource, bar: Bar): Added {
    const kept = this.of(source);
    const newest = kept.bars.at(-1);
    if (newest !== undefined && bar.openTimeMs <= newest.openTimeMs) return 'known';
    if (newest === undefined || bar.openTimeMs !== newest.openTimeMs + timeframeMs(source.timeframe))
      return 'gap';
    kept.bars = [...kept.bars.slice(1 - kept.need.bars - SPARE_BARS), bar];
    return 'next';
  }

  /** When the newest bar of a source closed, in market time; null while there is none. */
  newestCloseMs(source: BarSource): number | null {
    const newest = this.of(source).bars.at(-1);
    return newest === undefined ? null : newest.openTimeMs + timeframeMs(source.timeframe);
  }

  /** Those of `needs` whose bars are not there yet that had closed by `closeMs`. */
  missingAt(closeMs: number, needs: readonly BarSource[]): readonly BarSource[] {
    return needs.filter(
      (need) => (this.newestCloseMs(need) ?? -Infinity) < lastCloseMs(closeMs, need.timeframe),
    );
  }

  /** What a decision on the bar that closed at `barCloseMs` may look at. */
  readonly windows: ReadWindows = ({ barCloseMs }, needs) =>
    Promise.resolve(new Map(needs.map((need) => [windowKey(need), this.window(need, barCloseMs)])));

  /** The newest `need.bars` bars that had closed by `closeMs`, oldest first. */
  window(need: BarNeed, closeMs: number): readonly Bar[] {
    const untilMs = lastCloseMs(closeMs, need.timeframe) - timeframeMs(need.timeframe);
    const { bars } = this.of(need);
    const end = bars.findLastIndex(({ openTimeMs }) => openTimeMs <= untilMs) + 1;
    return bars.slice(Math.max(0, end - need.bars), end);
  }

  private of(source: BarSource): Kept {
    const kept = this.kept.get(windowKey(source));
    if (kept === undefined) throw new Error(`Nobody looks at ${windowKey(source)}.`);
    return kept;
  }
}
