import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { BarSourceError, type BarPage } from '../adapters/exchange/bar-source';
import { candleRows } from '../adapters/history/rows';
import { candlesKey } from '../adapters/history/port';
import { lastCloseMs, type Bar, type Timeframe } from '../domain/bar';
import { columnsOf } from '../domain/bar-columns';
import { PriceKind } from '../domain/series';
import type { ActivityDeps } from './deps';

export interface BackfillPagesInput {
  /** Who is asked: ccxt's name of a venue, or what the worker calls its own exchange. */
  readonly source: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly fromMs: number;
  /** Exclusive; no later than what has closed by then. */
  readonly toMs: number;
  /** Requests to make before coming back. */
  readonly maxPages: number;
}

export interface BackfillPagesResult {
  /** Where to go on. */
  readonly nextMs: number;
  readonly done: boolean;
  readonly pages: number;
  readonly bars: number;
  readonly inserted: number;
  readonly changed: number;
  /** Open time of the first bar that was told; null when none was. */
  readonly firstMs: number | null;
}

/**
 * Brings past candles from a venue into the history, some pages at a time. A page is one transaction, and writing it again
 * changes nothing: whoever dies in between loses nothing, and repeats a few requests.
 */
export function createBackfillActivities({
  history,
  barSource,
}: Pick<ActivityDeps, 'history' | 'barSource'>) {
  async function ask<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof BarSourceError && error.isFinal)
        throw ApplicationFailure.nonRetryable(error.message, error.name);
      throw error;
    }
  }

  async function save(venue: string, input: BackfillPagesInput, { bars }: BarPage) {
    const { symbol, timeframe } = input;
    const key = candlesKey({ venue, symbol, timeframe, price: PriceKind.Last });
    return history.write(key, candleRows(columnsOf(bars.filter(isStorable))));
  }

  return {
    async backfillPages(input: BackfillPagesInput): Promise<BackfillPagesResult> {
      const { symbol, timeframe, maxPages } = input;
      const source = await barSource(input.source);
      const endMs = Math.min(input.toMs, lastCloseMs(await ask(() => source.nowMs()), timeframe));
      const sum = { pages: 0, bars: 0, inserted: 0, changed: 0 };
      let nextMs = input.fromMs;
      let firstMs: number | null = null;
      while (nextMs < endMs && sum.pages < maxPages) {
        if (Context.current().cancellationSignal.aborted)
          throw new CancelledFailure('The download was cancelled.');
        const fromMs = nextMs;
        const page = await ask(() => source.page({ symbol, timeframe, fromMs, toMs: endMs }));
        if (page.bars.length > 0) {
          const { inserted, changed } = await save(source.venue, input, page);
          sum.inserted += inserted;
          sum.changed += changed;
        }
        firstMs ??= page.bars[0]?.openTimeMs ?? null;
        sum.pages += 1;
        sum.bars += page.bars.length;
        nextMs = Math.max(page.nextMs, fromMs + 1);
      }
      return { ...sum, nextMs: Math.min(nextMs, endMs), done: nextMs >= endMs, firstMs };
    },
  };
}

export type BackfillActivities = ReturnType<typeof createBackfillActivities>;

/** What a venue told wrongly is kept as it was told, as far as it is a price at all. */
const isStorable = ({ open, high, low, close, volume }: Bar): boolean =>
  [open, high, low, close].every((price) => price > 0 && price < Infinity) && volume >= 0;
