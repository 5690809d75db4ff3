import { isUnlisted } from '../adapters/exchange/try-each';
import { lastCloseMs, timeframeMs, type Bar, type Timeframe } from '../domain/bar';
import { marketTimeAt, type ClockReading } from '../domain/clock';
import { BARS_WANTED, TREND_TIMEFRAMES } from '../domain/deliberation/trend';
import type { FilterSettings } from '../domain/strategies/filters/filter';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import type { BarNeed } from '../domain/strategy-columns';
import type { Reason } from '../domain/strategy';
import { createCandleIngest, type Ingested } from './candle-ingest';
import { adviceNeeds } from './advice';
import { chooseStrategy } from './chosen-strategy';
import type { ActivityDeps } from './deps';

export interface FetchCandlesInput {
  readonly session: string;
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  readonly barCloseMs: number;
  /** How many bars the journal is to hold at least. */
  readonly lookback: number;
  /** Who decides on them: what it needs, of other timeframes and symbols too, is fetched with them. Absent in old histories. */
  readonly strategyId?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly filters?: readonly FilterSettings[];
  /** What it looks at is fetched too, and held against nobody. */
  readonly adviser?: string;
  readonly strategyVersion?: string;
}

/** Whether a symbol's newest bar can be decided on. */
export interface CandleVerdict {
  readonly symbol: string;
  readonly ok: boolean;
  /** Why not, for people. */
  readonly problem: string | null;
  /** Why no position may be opened on it, though it can be decided on; absent when one may. */
  readonly doubts?: readonly Reason[];
}

/** What there is to say about the bars of one source. */
interface Looked {
  readonly problem: string | null;
  readonly doubts: readonly Reason[];
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

  const ingest = createCandleIngest(exchange, store, deps.reference);

  return {
    /** The clocks as the exchange tells them. */
    async readClock(): Promise<MarketStatus> {
      return { clock: await exchange.clock(), wallTimeMs: deps.wallTimeMs() };
    },

    /** Brings every symbol's candles up to date; says of each whether its bar closing at `barCloseMs` is there and can be trusted. */
    async fetchCandles(input: FetchCandlesInput): Promise<FetchedCandles> {
      const { session, lookback, barCloseMs } = input;
      const look = async ({ symbol, timeframe, bars }: BarNeed): Promise<Looked> => {
        const closeMs = lastCloseMs(barCloseMs, timeframe);
        const key = { venue: exchange.venue, session, symbol, timeframe };
        let ingested: Ingested;
        try {
          ingested = await ingest(key, closeMs, Math.max(lookback, bars));
        } catch (error) {
          if (!isUnlisted(error)) throw error;
          return { problem: `the exchange does not know ${symbol}, or not any more`, doubts: [] };
        }
        const { newest, doubts } = ingested;
        const problem = missingBar(newest, closeMs, timeframe);
        if (timeframe === input.timeframe && input.symbols.includes(symbol)) return { problem, doubts };
        const named = (text: string): string => `${symbol} ${timeframe}: ${text}`;
        return {
          problem: problem === null ? null : named(problem),
          doubts: doubts.map((doubt) => ({ ...doubt, text: named(doubt.text) })),
        };
      };
      const verdict = async (symbol: string): Promise<CandleVerdict> => {
        const looked = await Promise.all(needsOf(deps.strategies, input, symbol).map(look));
        const own = { symbol, timeframe: input.timeframe };
        const wanted = adviceNeeds(deps.strategies.models, input.adviser, own);
        await Promise.allSettled(wanted.map(look));
        const problem = looked.find((found) => found.problem !== null)?.problem ?? null;
        const doubts = looked.flatMap((found) => found.doubts);
        return { symbol, ok: problem === null, problem, ...(doubts.length > 0 && { doubts }) };
      };
      const [verdicts, clock] = await Promise.all([
        Promise.all(input.symbols.map(verdict)),
        deps.clock.reading().catch(() => null),
      ]);
      return { verdicts, clock };
    },

    /**
     * Brings the candles of the trend's timeframes up to date, each as far as it can be had by the close. @returns which could not
     */
    async fetchTrendCandles(input: {
      readonly session: string;
      readonly symbol: string;
      readonly barCloseMs: number;
    }): Promise<readonly Timeframe[]> {
      const { session, symbol, barCloseMs } = input;
      const fetched = await Promise.all(
        TREND_TIMEFRAMES.map(async (timeframe) => {
          const key = { venue: exchange.venue, session, symbol, timeframe };
          const closeMs = lastCloseMs(barCloseMs, timeframe);
          const ingested = ingest(key, closeMs, BARS_WANTED).then(() => true);
          return { timeframe, ok: await ingested.catch(() => false) };
        }),
      );
      return fetched.flatMap(({ timeframe, ok }) => (ok ? [] : [timeframe]));
    },

    /** Market time now, for callers that wait for a close. */
    async marketTimeMs(): Promise<number> {
      return Math.floor(marketTimeAt(await deps.clock.reading(), deps.wallTimeMs()));
    },
  };
}

/** What a decision on the symbol looks at, its own bars first. */
function needsOf(catalogue: StrategyCatalogue, input: FetchCandlesInput, symbol: string): readonly BarNeed[] {
  const own = { symbol, timeframe: input.timeframe };
  const { strategyId, parameters = {} } = input;
  return strategyId === undefined
    ? [{ ...own, bars: input.lookback }]
    : chooseStrategy(catalogue, { ...input, strategyId, parameters }, own).needs;
}

/** Says which bar is missing, for people; null when it is there. */
export function missingBar(newest: Bar | undefined, closeMs: number, timeframe: Timeframe): string | null {
  if (newest !== undefined && newest.openTimeMs + timeframeMs(timeframe) === closeMs) return null;
  const at =
    newest === undefined
      ? 'there are no bars'
      : `the newest opened at ${new Date(newest.openTimeMs).toISOString()}`;
  return `the bar closing at ${new Date(closeMs).toISOString()} is missing; ${at}`;
}

export type MarketActivities = ReturnType<typeof createMarketActivities>;
