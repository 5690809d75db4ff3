import { timeframeMs, type Timeframe } from '../domain/bar';
import { marketTimeAt, type ClockReading } from '../domain/clock';
import { createCandleIngest } from './candle-ingest';
import type { ActivityDeps } from './deps';

export interface FetchCandlesInput {
  readonly session: string;
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  readonly barCloseMs: number;
  /** How many bars the strategy wants to see. */
  readonly lookback: number;
}

/** Whether a symbol's newest bar can be decided on. */
export interface CandleVerdict {
  readonly symbol: string;
  readonly ok: boolean;
  /** Why not, for people. */
  readonly problem: string | null;
}

export interface FetchedCandles {
  readonly verdicts: readonly CandleVerdict[];
  /** The market's clock about then, which spares its strategy a question of its own; null when it could not be read. */
  readonly clock: ClockReading | null;
}

export interface MarketStatus {
  readonly clock: ClockReading;
  readonly wallTimeMs: number;
}

/** Market data: the exchange's bars, journaled; decisions read them from there. */
export function createMarketActivities(deps: ActivityDeps) {
  const { exchange, store } = deps;

  const ingest = createCandleIngest(exchange, store);

  return {
    /** The clocks as the exchange tells them. */
    async readClock(): Promise<MarketStatus> {
      return { clock: await exchange.clock(), wallTimeMs: deps.wallTimeMs() };
    },

    /** Brings every symbol's candles up to date and says of each whether its bar closing at `barCloseMs` is there. */
    async fetchCandles(input: FetchCandlesInput): Promise<FetchedCandles> {
      const { barCloseMs, timeframe } = input;
      const verdict = async (symbol: string): Promise<CandleVerdict> => {
        const key = { venue: exchange.venue, session: input.session, symbol, timeframe };
        const newest = await ingest(key, barCloseMs, input.lookback);
        if (newest?.openTimeMs === barCloseMs - timeframeMs(timeframe))
          return { symbol, ok: true, problem: null };
        const at =
          newest === undefined
            ? 'there are no bars'
            : `the newest opened at ${new Date(newest.openTimeMs).toISOString()}`;
        return {
          symbol,
          ok: false,
          problem: `the bar closing at ${new Date(barCloseMs).toISOString()} is missing; ${at}`,
        };
      };
      const [verdicts, clock] = await Promise.all([
        Promise.all(input.symbols.map(verdict)),
        deps.clock.reading().catch(() => null),
      ]);
      return { verdicts, clock };
    },

    /** Market time now, for callers that wait for a close. */
    async marketTimeMs(): Promise<number> {
      return Math.floor(marketTimeAt(await deps.clock.reading(), deps.wallTimeMs()));
    },
  };
}

export type MarketActivities = ReturnType<typeof createMarketActivities>;
