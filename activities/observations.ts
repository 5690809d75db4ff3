import { askListed, listedQuotes } from '../adapters/exchange/try-each';
import type { AccountState } from '../adapters/store/port';
import { Timeframe, timeframeMs, type Bar } from '../domain/bar';
import { fromNumber } from '../domain/decimal';
import type { EquityState } from '../domain/equity';
import { FindingKind, isUnexplained } from '../domain/findings';
import { TradingMode } from '../domain/risk';
import { RequestKind, type Observations, type TriggerLimits } from '../domain/triggers';
import type { ActivityDeps } from './deps';
import type { StopWatch } from './stop-watch';

/** Prices of bars are numbers; the exchange's own have no more places. */
const PRICE_PLACES = 8;
const BAR = Timeframe.M1;
const RECONCILED = 'reconciliation: ';

type Prices = Pick<Observations, 'prices' | 'dataAges'>;

export interface ObserveInput {
  readonly state: AccountState;
  readonly symbols: readonly string[];
  readonly triggers: TriggerLimits;
  /** The latest mark, made just now, or null when there is none. */
  readonly marks: EquityState | null;
  /** Told of what could not be learnt. Requests to the exchange are bounded by whoever gives it. */
  readonly tried: <T>(what: string, work: () => Promise<T>) => Promise<T | undefined>;
}

/**
 * Gathers what the triggers are judged by. What the exchange does not tell is left out, and that it does not is an
 * observation of its own; without the journal there are none.
 * @throws when the journal does not answer
 */
export async function observe(
  deps: ActivityDeps,
  stopWatch: StopWatch,
  input: ObserveInput,
): Promise<Observations> {
  const { store, exchangeHealth, wallTimeMs } = deps;
  const { state, triggers, marks, tried } = input;
  const { account } = state;
  const [market, missing] = await Promise.all([
    tried('prices', () => readPrices(deps, input)),
    tried('resident stops', () => stopWatch.look(account)),
  ]);
  // Only now, so that this look's own requests count.
  const streaks = await exchangeHealth.streaks();
  const silent = streaks.some(({ kind }) => kind === RequestKind.Any);
  const nowMs = wallTimeMs();
  const since = await store.noteMissingStops(account, silent ? [] : (missing ?? []), nowMs);
  const floodMs = triggers.orderFlood?.withinMs ?? 0;
  const sinceMs = Math.max(nowMs - floodMs, state.measuredSince.wallTimeMs);
  return {
    streaks,
    ...(market ?? { prices: [], dataAges: [] }),
    ordersSent: triggers.orderFlood === null ? 0 : await store.ordersSent(account, sinceMs),
    marks,
    unguarded: [...since].map(([positionId, missingMs]) => ({ positionId, forMs: nowMs - missingMs })),
    findings: await findingsOf(deps, state),
  };
}

/** What the last reconciliation could not explain, while that is the reason for which the account is reduced. */
async function findingsOf(
  { store }: Pick<ActivityDeps, 'store'>,
  { account, mode, modeReason }: AccountState,
): Promise<Observations['findings']> {
  if (mode !== TradingMode.Reducing || !modeReason.startsWith(RECONCILED)) return [];
  const last = await store.lastReconciliation(account);
  const unexplained = (last?.report.findings ?? []).filter(isUnexplained);
  // The mode is set before the report is kept.
  if (unexplained.length === 0) return [{ missingCoins: false, text: modeReason.slice(RECONCILED.length) }];
  return unexplained.map(({ kind, message }) => ({
    ...{ missingCoins: kind === FindingKind.MissingCoins, text: message },
  }));
}

/** Prices and the ages of bars, as far as the market runs, the exchange lists the pair, and somebody asks for them. */
async function readPrices({ exchange }: ActivityDeps, input: ObserveInput): Promise<Prices> {
  const { symbols, triggers, state } = input;
  const { flashCrash, staleDataMs } = triggers;
  const nothing = { prices: [], dataAges: [] };
  if (flashCrash === null && staleDataMs === null) return nothing;
  // Asked now, and before the bars: a reading carried on by our clock makes data look old in a market that was just paused.
  const { state: marketState, marketTimeMs } = await exchange.clock();
  if (marketState !== 'running') return nothing;
  const withinMs = flashCrash?.withinMs ?? 0;
  const sinceMs = Math.max(marketTimeMs - withinMs, state.measuredSince.marketTimeMs);
  const limit = Math.ceil(withinMs / timeframeMs(BAR)) + 1;
  const readBars = async (symbol: string): Promise<[string, readonly Bar[]]> => [
    symbol,
    await exchange.bars({ symbol, timeframe: BAR, limit }),
  ];
  const [{ answers: quotes }, { answers: bars }] = await Promise.all([
    listedQuotes(exchange, flashCrash === null ? [] : symbols),
    askListed(symbols, readBars),
  ]);
  const bySymbol = new Map(bars);
  const barsOf = (symbol: string): readonly Bar[] => bySymbol.get(symbol) ?? [];
  return {
    prices: quotes.flatMap(({ symbol, bid }) => {
      const highs = barsOf(symbol).flatMap(({ openTimeMs, high }) => (openTimeMs >= sinceMs ? [high] : []));
      return highs.length === 0
        ? []
        : [{ symbol, highest: fromNumber(Math.max(...highs), PRICE_PLACES), now: bid }];
    }),
    dataAges: symbols.flatMap((symbol) => {
      const newest = barsOf(symbol).at(-1);
      // Without any bar there is no telling how old the data is: a market that has just begun has none.
      return newest === undefined
        ? []
        : [{ symbol, ageMs: marketTimeMs - newest.openTimeMs - timeframeMs(BAR) }];
    }),
  };
}
