import { allocateColumns, type BarColumns, setBar } from './bar-feed';
import { MINUTE_MS } from './bar-path';
import { cholesky } from './cholesky';
import { hash32, RandomStream } from '../../domain/random';
import { newsOfDay, type DayOfNews } from './news-events';
import {
  allSymbols,
  type CompanionParameters,
  type SimulatorParameters,
  type SymbolParameters,
} from './simulator-parameters';
import type { IntegerBar } from './source';
import { requireSpec, type Scale, scaleOf } from './symbols';

/**
 * The generator of simulated minutes, a day at a time. A day is a pure function of the parameters, the seed, its index
 * and the state in which the day before ended, so whoever keeps the states of some day boundaries can enter anywhere.
 *
 * Per minute: the volatility regimes switch (Calvet and Fisher's Markov-switching multifractal: eight components, each
 * high or low, each drawn anew at its own rate, their product is the variance); each asset's return is its deviation ×
 * regime × hour of the week × a correlated normal, plus jumps that hit one asset or all; the extremes are those of a
 * Brownian bridge from open to close; the logarithm of the volume follows regime, size of the move and hour, plus a
 * persistent and a passing disturbance. Where there are news, their events add a drift and volatility of their own.
 */

export const MINUTES_PER_DAY = 1_440;
const HOURS_PER_WEEK = 168;
const HOUR_MS = 3_600_000;
/** 1970-01-01 was a Thursday; weeks here begin on Monday. */
const MONDAY_OFFSET_HOURS = 72;

/** Number of multifractal components: renewal times from minutes to months. */
const COMPONENTS = 8;

/**
 * Log prices are pulled to their start with this half-life, so that a market that runs for years stays in a range
 * whose ticks are meaningful. It is far too slow to be seen in a month.
 */
const PULL_PER_MINUTE = Math.LN2 / (365 * MINUTES_PER_DAY);

/** A move beyond this many deviations adds no further volume. */
const MAX_VOLUME_MOVE = 6;

/** Where one symbol stands between two minutes. */
interface SymbolState {
  readonly logPrice: number;
  /** Close of the newest bar in ticks, which the next one opens at. */
  readonly closeTicks: number;
  /** The persistent disturbance of log volume. */
  readonly volumeDisturbance: number;
}

/** Everything a day hands to the next. */
export interface DayState {
  /** Per component: whether it is high. */
  readonly high: readonly boolean[];
  /** In the parameters' order. */
  readonly symbols: readonly SymbolState[];
}

/** Hour of the week, 0 = Monday 00:00 UTC. */
export const hourOfWeek = (timeMs: number): number =>
  (Math.floor(timeMs / HOUR_MS) + MONDAY_OFFSET_HOURS) % HOURS_PER_WEEK;

/** The state before the first day. */
export function initialState(parameters: SimulatorParameters, seed: number): DayState {
  const random = new RandomStream(hash32('simulator', seed));
  return {
    high: Array.from({ length: COMPONENTS }, () => random.uniform() < 0.5),
    symbols: allSymbols(parameters).map(({ symbol, startPrice }) => ({
      logPrice: Math.log(startPrice),
      closeTicks: Math.round(startPrice * scaleOf(requireSpec(symbol)).ticksPerOne),
      volumeDisturbance: 0,
    })),
  };
}

/** One correlated normal per symbol. */
function correlatedNormals(lower: readonly (readonly number[])[], random: RandomStream): number[] {
  const independent = lower.map(() => random.normal());
  return lower.map((row) => row.reduce((sum, weight, k) => sum + weight * (independent[k] ?? 0), 0));
}

/** A normal for each symbol that shares `share` of its variance with the others'. */
function sharedNormals(count: number, share: number, random: RandomStream): number[] {
  const common = Math.sqrt(share) * random.normal();
  return Array.from({ length: count }, () => common + Math.sqrt(1 - share) * random.normal());
}

/** Jumps of this minute in deviations: one for all assets, or one of an asset's own. */
function drawJumps(parameters: SimulatorParameters, random: RandomStream): number[] {
  const { perMinute, commonShare, deviations } = parameters.jumps;
  const common = random.uniform() < perMinute * commonShare ? deviations * random.normal() : 0;
  return parameters.symbols.map(() => {
    const own = random.uniform() < perMinute * (1 - commonShare) ? deviations * random.normal() : 0;
    return common + own;
  });
}

/** High and low of a minute in ticks: the extremes of a Brownian bridge, (x ± √(x² + 2σ²E)) / 2 with E exponential. */
function drawExtremes(
  openTicks: number,
  closeTicks: number,
  bridgeTicks: number,
  random: RandomStream,
): { readonly high: number; readonly low: number } {
  const move = closeTicks - openTicks;
  const reach = (): number => Math.sqrt(move * move + 2 * bridgeTicks * bridgeTicks * random.exponential());
  const up = (move + reach()) / 2;
  const down = (move - reach()) / 2;
  return {
    high: Math.max(openTicks, closeTicks, openTicks + Math.floor(up)),
    low: Math.max(1, Math.min(openTicks, closeTicks, openTicks + Math.ceil(down))),
  };
}

/** What is constant over all days. */
export interface PreparedModel {
  readonly parameters: SimulatorParameters;
  readonly lower: readonly (readonly number[])[];
  /** Per component: probability per minute of being drawn anew. */
  readonly renewals: readonly number[];
  readonly symbols: readonly (SymbolParameters & Scale)[];
}

/** Prepares parameters for `generateDay`. Throws RangeError when the correlations are not positive definite. */
export function prepare(parameters: SimulatorParameters): PreparedModel {
  const { slowestRenewal, spacing } = parameters.volatility;
  return {
    parameters,
    lower: cholesky(parameters.correlations),
    // Calvet and Fisher (2004), eq. 2: γ_k = 1 − (1 − γ_1)^(b^(k−1)).
    renewals: Array.from({ length: COMPONENTS }, (_, k) => 1 - (1 - slowestRenewal) ** (spacing ** k)),
    symbols: allSymbols(parameters).map((symbol) => ({ ...symbol, ...scaleOf(requireSpec(symbol.symbol)) })),
  };
}

/** What one minute brings to all symbols. Arrays are by symbol. */
interface MinuteDraws {
  readonly hour: number;
  readonly regime: number;
  /** In deviations of an ordinary return. */
  readonly moves: readonly number[];
  readonly persistentShocks: readonly number[];
  readonly passingShocks: readonly number[];
}

/** Draws one minute; `high` is updated in place. */
function drawMinute(
  { parameters, lower, renewals }: PreparedModel,
  high: boolean[],
  timeMs: number,
  random: RandomStream,
): MinuteDraws {
  const { lowVariance } = parameters.volatility;
  let variance = 1;
  for (const [k, renewal] of renewals.entries()) {
    if (random.uniform() < renewal) high[k] = random.uniform() < 0.5;
    variance *= high[k] ? 2 - lowVariance : lowVariance;
  }
  const normals = correlatedNormals(lower, random);
  const jumps = drawJumps(parameters, random);
  const { commonShare } = parameters.volume;
  return {
    hour: hourOfWeek(timeMs),
    regime: Math.sqrt(variance),
    moves: normals.map((normal, index) => normal + (jumps[index] ?? 0)),
    persistentShocks: sharedNormals(normals.length, commonShare, random),
    passingShocks: sharedNormals(normals.length, commonShare, random),
  };
}

/** The same minute with what the news make of it. */
function withNews(draws: MinuteDraws, news: readonly DayOfNews[], minute: number): MinuteDraws {
  if (news.length === 0) return draws;
  const moves = draws.moves.map((move, index) => {
    const { volatility, drift } = news[index] ?? {};
    return move * (volatility?.[minute] ?? 1) + (drift?.[minute] ?? 0);
  });
  return { ...draws, moves };
}

/** The same minute for the companions too: each moves with the first asset and in part on its own. */
function withCompanions(
  draws: MinuteDraws,
  companions: readonly CompanionParameters[],
  random: RandomStream,
): MinuteDraws {
  if (companions.length === 0) return draws;
  const [leader = 0] = draws.moves;
  const own = ({ correlation }: CompanionParameters): number =>
    correlation * leader + Math.sqrt(1 - correlation ** 2) * random.normal();
  const shocks = (): number[] => companions.map(() => random.normal());
  return {
    ...draws,
    moves: [...draws.moves, ...companions.map(own)],
    persistentShocks: [...draws.persistentShocks, ...shocks()],
    passingShocks: [...draws.passingShocks, ...shocks()],
  };
}

/** Turns a minute's draws into the bar of the symbol at `index` and the symbol's next state. */
function makeBar(
  { parameters, symbols }: PreparedModel,
  index: number,
  draws: MinuteDraws,
  before: SymbolState,
  random: RandomStream,
): { readonly bar: Omit<IntegerBar, 'openTimeMs'>; readonly state: SymbolState } {
  const symbol = symbols[index];
  if (!symbol) throw new RangeError(`no symbol ${index}`);
  const move = draws.moves[index] ?? 0;
  const deviation = symbol.minuteDeviation * draws.regime * (parameters.volatilityByHour[draws.hour] ?? 1);
  const pull = PULL_PER_MINUTE * (Math.log(symbol.startPrice) - before.logPrice);
  const logPrice = before.logPrice + deviation * move + pull;
  const close = Math.max(1, Math.round(Math.exp(logPrice) * symbol.ticksPerOne));
  const { volume } = parameters;
  const innovation = volume.persistentDeviation * Math.sqrt(1 - volume.persistence ** 2);
  const volumeDisturbance =
    volume.persistence * before.volumeDisturbance + innovation * (draws.persistentShocks[index] ?? 0);
  const logVolume =
    symbol.logVolume +
    (parameters.volumeByHour[draws.hour] ?? 0) +
    volume.regimeExponent * Math.log(draws.regime) +
    volume.perDeviation * Math.min(MAX_VOLUME_MOVE, Math.abs(move)) +
    volumeDisturbance +
    volume.passingDeviation * (draws.passingShocks[index] ?? 0);
  return {
    bar: {
      open: before.closeTicks,
      ...drawExtremes(before.closeTicks, close, symbol.wick * deviation * close, random),
      close,
      volumeLots: Math.max(1, Math.round(Math.exp(logVolume) * symbol.lotsPerOne)),
    },
    state: { logPrice, closeTicks: close, volumeDisturbance },
  };
}

/** One day of bars of every symbol, and the state it ends in. */
export function generateDay(
  model: PreparedModel,
  seed: number,
  day: { readonly index: number; readonly startMs: number; readonly state: DayState },
): { readonly bars: readonly BarColumns[]; readonly state: DayState } {
  const { symbols: fitted, companions = [], news: impact } = model.parameters;
  const random = new RandomStream(hash32('day', seed, day.index));
  // Drawn apart, so that companions leave the market of the fitted assets as it is.
  const companionRandom = new RandomStream(hash32('companions', seed, day.index));
  const assets = fitted.map(({ symbol }) => requireSpec(symbol).base);
  const news = impact === undefined ? [] : newsOfDay(impact, seed, day.index, assets);
  const high = [...day.state.high];
  const symbols = day.state.symbols.map((state) => ({ state, columns: allocateColumns(MINUTES_PER_DAY) }));
  for (let minute = 0; minute < MINUTES_PER_DAY; minute++) {
    const openTimeMs = day.startMs + minute * MINUTE_MS;
    const fittedDraws = withNews(drawMinute(model, high, openTimeMs, random), news, minute);
    const draws = withCompanions(fittedDraws, companions, companionRandom);
    for (const [index, symbol] of symbols.entries()) {
      const own = index < fitted.length ? random : companionRandom;
      const { bar, state } = makeBar(model, index, draws, symbol.state, own);
      setBar(symbol.columns, minute, { openTimeMs, ...bar });
      symbol.state = state;
    }
  }
  return {
    bars: symbols.map(({ columns }) => columns),
    state: { high, symbols: symbols.map(({ state }) => state) },
  };
}
