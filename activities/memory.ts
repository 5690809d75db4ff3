import { NEWS_ORIGIN, sessionOrigin } from '../adapters/history/origins';
import type { TradeMemory } from '../adapters/store/memories';
import { lastCloseMs } from '../domain/bar';
import { columnsOf } from '../domain/bar-columns';
import { BARS_WANTED, predictTrend, TREND_TIMEFRAMES } from '../domain/deliberation/trend';
import { situationTrend, type SituationTrend } from '../domain/memory/situation';
import type { PositionView } from '../domain/position';
import type { ActivityDeps } from './deps';

/** A memory as small as a history likes it. */
export interface RememberedTrade extends Pick<TradeMemory, 'situationText' | 'outcome'> {
  readonly positionId: string;
}

/** The facts of a trade's memory, from PostgreSQL alone: they need no model, and no process that asks one. */
export function createMemoryActivities({
  store,
  memories,
  exchange,
  market,
  clock,
}: Pick<ActivityDeps, 'store' | 'memories' | 'exchange' | 'market' | 'clock'>) {
  /** What the predictor says of the bars that had closed by the entry's close. */
  async function trendAt({ session, symbol, barCloseMs }: PositionView): Promise<SituationTrend | null> {
    const read = TREND_TIMEFRAMES.map(async (timeframe) => {
      const key = { venue: exchange.venue, session, symbol, timeframe };
      const bars = await store.candles(key, lastCloseMs(barCloseMs, timeframe), BARS_WANTED);
      return [timeframe, columnsOf(bars)] as const;
    });
    const columns = new Map(await Promise.all(read));
    return situationTrend(predictTrend((timeframe) => columns.get(timeframe), barCloseMs));
  }

  return {
    /** Writes what is known of a closed trade, once. @returns null when it is none (any more) */
    async rememberTrade({ positionId }: { readonly positionId: string }): Promise<RememberedTrade | null> {
      const position = await store.position(positionId);
      if (position === undefined) return null;
      const memory = await memories.remember(positionId, {
        venue: exchange.venue,
        origins: [market === 'real' ? NEWS_ORIGIN : sessionOrigin(position.session)],
        trend: await trendAt(position),
      });
      if (memory === undefined) return null;
      const { situationText, outcome } = memory;
      return { positionId, situationText, outcome };
    },

    /** The memory is complete as it is, without a lesson: `missing` says why. One that is written stays. */
    async concludeMemory(input: {
      readonly positionId: string;
      readonly outcomeAtMs: number;
      readonly missing: string;
    }): Promise<void> {
      const { positionId, outcomeAtMs, missing } = input;
      const reflection = { lesson: null, missing, callIds: [] };
      await memories.saveReflection({ positionId, outcomeAtMs }, reflection, await clock.nowMs());
    },
  };
}

export type MemoryActivities = ReturnType<typeof createMemoryActivities>;
