import { LOOKBACK_BARS, type Bar } from '../../domain/bar';
import { isSound } from '../../domain/quality/quality';
import type { Reason } from '../../domain/strategy';
import type { BarNeed, BarSource } from '../../domain/strategy-columns';
import { isUnlisted } from '../../adapters/exchange/try-each';
import type { CandleKey } from '../../adapters/store/port';
import { createCandleIngest, doubtsOf } from '../candle-ingest';
import type { ActivityDeps } from '../deps';
import { windowKey } from '../evaluation';
import { missingBar } from '../market';
import type { Added, LaneBars } from './lane-bars';

/** What is kept of each source for decisions that need these bars. */
export const keptFor = (needs: readonly BarNeed[]): readonly BarNeed[] =>
  needs.map((need) => ({ ...need, bars: Math.max(LOOKBACK_BARS, need.bars) }));

export interface Looked {
  /** Why there is nothing to decide on, for people; null when there is. */
  readonly problem: string | null;
}

/**
 * Where a lane's bars come from and where they go: from the stream, and by a request where it has left a gap; into the journal, behind
 * the decisions.
 */
export class LaneCandles {
  private readonly ingest: ReturnType<typeof createCandleIngest>;
  private readonly unsaved = new Map<string, { readonly source: BarSource; readonly bars: readonly Bar[] }>();
  private readonly elsewhere = new Map<string, readonly Bar[]>();
  private saving: Promise<void> = Promise.resolve();

  constructor(
    private readonly deps: Pick<ActivityDeps, 'exchange' | 'store' | 'reference' | 'log'>,
    private readonly session: string,
    private readonly bars: LaneBars,
  ) {
    this.ingest = createCandleIngest(deps.exchange, deps.store);
  }

  /** Takes a bar of the stream. One that cannot be true is not taken: the exchange is asked for it. */
  add(source: BarSource, bar: Bar): Added {
    if (!isSound(bar)) return 'gap';
    const added = this.bars.add(source, bar);
    if (added !== 'next') return added;
    this.keepUnsaved(source, [bar]);
    this.askElsewhere(source, bar);
    return added;
  }

  /** Asks the exchange for what is missing of a source up to a close. */
  async look(source: BarSource, closeMs: number): Promise<Looked> {
    const key = this.keyOf(source);
    const { bars: kept } = this.bars.needOf(source);
    try {
      const { newest } = await this.ingest(key, closeMs, kept);
      this.bars.replace(source, await this.deps.store.candles(key, closeMs, kept));
      return { problem: missingBar(newest, closeMs, source.timeframe) };
    } catch (error) {
      if (!isUnlisted(error)) throw error;
      return { problem: `the exchange does not know ${source.symbol}, or not any more` };
    }
  }

  /** Why no position may be opened on what a decision looks at. The other venue is heard as of the bar before. */
  doubts(needs: readonly BarSource[], barCloseMs: number): readonly Reason[] {
    const { reference } = this.deps;
    return needs.flatMap((source) => {
      const window = this.bars.window(this.bars.needOf(source), barCloseMs);
      return doubtsOf(source, window, reference, this.elsewhere.get(windowKey(source)) ?? []);
    });
  }

  /** Journals what the stream has told, in the background. What fails is tried again with what comes next, lest a hole be left. */
  save(): void {
    const batches = [...this.unsaved.values()];
    this.unsaved.clear();
    this.saving = this.saving.then(async () => {
      for (const { source, bars } of batches)
        await this.deps.store.saveCandles(this.keyOf(source), bars).catch((error: unknown) => {
          this.deps.log.warn({ ...source, error }, 'bars could not be journaled; it is tried again');
          this.keepUnsaved(source, bars);
        });
    });
  }

  /** Resolves when everything is journaled. */
  saved(): Promise<void> {
    this.save();
    return this.saving;
  }

  /** No more than are looked at: a journal that has been away for longer has them fetched anew. */
  private keepUnsaved(source: BarSource, more: readonly Bar[]): void {
    const key = windowKey(source);
    const known = this.unsaved.get(key)?.bars ?? [];
    const bars = [...known, ...more].sort((a, b) => a.openTimeMs - b.openTimeMs);
    this.unsaved.set(key, { source, bars: bars.slice(-this.bars.needOf(source).bars) });
  }

  private askElsewhere(source: BarSource, { openTimeMs }: Bar): void {
    const closeMs = this.bars.newestCloseMs(source) ?? openTimeMs;
    void this.deps.reference
      ?.bars(source, closeMs)
      .then((bars) => this.elsewhere.set(windowKey(source), bars));
  }

  private keyOf({ symbol, timeframe }: BarSource): CandleKey {
    return { venue: this.deps.exchange.venue, session: this.session, symbol, timeframe };
  }
}
