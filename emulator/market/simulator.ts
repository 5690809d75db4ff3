import { type BarFeed, ColumnFeed, type FeedBar } from './bar-feed';
import { barMarket } from './bar-market';
import { MINUTE_MS } from './bar-path';
import { COMPANIONS } from './companions';
import { MarketDataError, MarketDataErrorCode } from './errors';
import { FITTED_PARAMETERS } from './fitted-parameters';
import type { Liquidity } from './liquidity';
import { simulatedWire } from '../news/simulated-wire';
import { NEWS_IMPACT } from './news-events';
import { chooseSessionStart } from './session-start';
import {
  type DayState,
  generateDay,
  initialState,
  MINUTES_PER_DAY,
  prepare,
  type PreparedModel,
} from './simulator-model';
import { allSymbols, type SimulatorParameters } from './simulator-parameters';
import { type IntegerBar, MarketMode, type MarketSource } from './source';
import { requireSpec } from './symbols';

const DAY_MS = MINUTES_PER_DAY * MINUTE_MS;

/** The simulated market begins on Monday 2026-01-05, whatever the wall clock says. */
export const SIMULATION_START_MS = Date.UTC(2026, 0, 5);
/** A new session begins this many minutes later: warm-up for any strategy, then Friday's American session. */
export const SIMULATION_OFFSET_MINUTES = 4 * MINUTES_PER_DAY + 18 * 60 + 45;

/** Generated days kept in memory: a reader moves forward and looks back at a few days of bars. */
const CACHED_DAYS = 16;
/** A century. A clock that asks beyond it is broken, and would have to wait for every day before. */
const MAX_DAYS = 36_525;

/** How a day begins, complete: model state and what each symbol's book knows of the past. */
interface Checkpoint {
  readonly state: DayState;
  readonly liquidity: readonly (Liquidity | undefined)[];
}

/** Days generated on demand. Days follow each other, so reaching day n for the first time generates all before it. */
class DayChain {
  private readonly model: PreparedModel;
  /** By day index; grows by a few hundred bytes a day. */
  private readonly checkpoints: Checkpoint[];
  private readonly days = new Map<number, readonly ColumnFeed[]>();

  constructor(
    parameters: SimulatorParameters,
    private readonly seed: number,
  ) {
    this.model = prepare(parameters);
    this.checkpoints = [
      { state: initialState(parameters, seed), liquidity: allSymbols(parameters).map(() => undefined) },
    ];
  }

  /** The bars of one day, by symbol; undefined before the market begins. */
  day(index: number): readonly ColumnFeed[] | undefined {
    if (index < 0) return undefined;
    if (index >= MAX_DAYS) throw new RangeError(`day ${index} of the simulated market; it has ${MAX_DAYS}`);
    const known = this.days.get(index);
    if (known) return known;
    for (let next = this.checkpoints.length - 1; next < index; next++) this.generate(next);
    const feeds = this.generate(index);
    this.days.set(index, feeds);
    const [oldest] = this.days.keys();
    if (this.days.size > CACHED_DAYS && oldest !== undefined) this.days.delete(oldest);
    return feeds;
  }

  private generate(index: number): readonly ColumnFeed[] {
    const checkpoint = this.checkpoints[index];
    if (!checkpoint) throw new RangeError(`day ${index} has no checkpoint`);
    const { bars, state } = generateDay(this.model, this.seed, {
      index,
      startMs: SIMULATION_START_MS + index * DAY_MS,
      state: checkpoint.state,
    });
    const feeds = bars.map((columns, symbol) => new ColumnFeed(columns, checkpoint.liquidity[symbol]));
    this.checkpoints[index + 1] ??= { state, liquidity: feeds.map((feed) => feed.liquidityAfter) };
    return feeds;
  }
}

const dayOf = (timeMs: number): number => Math.floor((timeMs - SIMULATION_START_MS) / DAY_MS);

/** One symbol of the chain, as an endless feed without gaps. */
class SimulatedFeed implements BarFeed {
  constructor(
    private readonly chain: DayChain,
    private readonly symbolIndex: number,
  ) {}

  atOrBefore(timeMs: number): FeedBar | undefined {
    return this.feed(dayOf(timeMs))?.atOrBefore(timeMs);
  }

  after(timeMs: number): FeedBar | undefined {
    const nextMinuteMs = Math.max(SIMULATION_START_MS, (Math.floor(timeMs / MINUTE_MS) + 1) * MINUTE_MS);
    return this.atOrBefore(nextMinuteMs);
  }

  between(fromMs: number, toMs: number): readonly IntegerBar[] {
    const bars: IntegerBar[] = [];
    const lastDay = dayOf(toMs - 1);
    for (let day = Math.max(0, dayOf(fromMs)); day <= lastDay; day++) {
      for (const bar of this.feed(day)?.between(fromMs, toMs) ?? []) bars.push(bar);
    }
    return bars;
  }

  private feed(day: number): ColumnFeed | undefined {
    return this.chain.day(day)?.[this.symbolIndex];
  }
}

/**
 * Opens the simulated market: endless, and a pure function of seed and time. `symbols` are exchange ids (default: all
 * that were fitted; companions are there when named); leaving some out changes nothing about the others. Throws
 * `invalid-options` for a symbol without parameters or a start before the market's own.
 */
export function openSimulator(options: {
  readonly seed: number;
  readonly symbols?: readonly string[];
  readonly startMs?: number;
  readonly parameters?: SimulatorParameters;
  /** Scheduled events move its prices, and it has feeds that tell of them; false by default. */
  readonly news?: boolean;
}): MarketSource {
  const withNews = options.news === true;
  const fitted = {
    ...(options.parameters ?? FITTED_PARAMETERS),
    ...(withNews && { news: NEWS_IMPACT }),
  };
  if (!Number.isSafeInteger(options.seed)) {
    throw new MarketDataError(
      MarketDataErrorCode.InvalidOptions,
      `The seed ${options.seed} is not an integer`,
      'Give a whole number.',
    );
  }
  const listed = options.symbols ?? fitted.symbols.map(({ symbol }) => symbol);
  const all = { companions: COMPANIONS, ...fitted };
  const known = allSymbols(all).map(({ symbol }) => symbol);
  const wantsCompanions = all.companions.some(({ symbol }) => listed.includes(symbol));
  const chain = new DayChain(wantsCompanions ? all : fitted, options.seed);
  const listings = listed.map((symbol) => {
    const index = known.indexOf(symbol);
    if (index < 0) {
      throw new MarketDataError(
        MarketDataErrorCode.InvalidOptions,
        `The simulated market has no ${symbol}`,
        `Choose from ${known.join(', ')}.`,
      );
    }
    return { spec: requireSpec(symbol), feed: new SimulatedFeed(chain, index) };
  });
  const assets = fitted.symbols.map(({ symbol }) => requireSpec(symbol).base);
  const market = barMarket(listings, {
    mode: MarketMode.Simulated,
    description: `simulated market${withNews ? ' with made-up news' : ''}, seed ${options.seed}: ${listings.map(({ spec }) => spec.symbol).join(', ')}`,
    startMs: SIMULATION_START_MS,
    endMs: Infinity,
    sessionStartMs: chooseSessionStart({
      startMs: SIMULATION_START_MS,
      endMs: Infinity,
      usualMs: SIMULATION_START_MS + SIMULATION_OFFSET_MINUTES * MINUTE_MS,
      wantedMs: options.startMs,
    }),
  });
  return withNews ? { ...market, news: simulatedWire(options.seed, assets, SIMULATION_START_MS) } : market;
}
