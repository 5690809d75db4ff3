import { timeframeMs, Timeframe } from '../bar';
import { UserError } from '../errors';
import { ObservedKind } from '../observations';
import type { IndicatorSpec } from '../indicators/spec';
import type { SeriesSpec, StrategyView } from '../strategy';
import type { SeriesSpecs } from '../strategy-columns';

/**
 * Raised whenever a feature changes its meaning: a model that was trained on other numbers under the same name must not be asked.
 */
export const FEATURES_VERSION = 1;

/** What a model sees of a bar: one number, NaN where there is none. Prices never come in as they are, only what compares. */
export interface Feature {
  /** One line for people. */
  readonly about: string;
  /** The columns it is made of, when bars of this timeframe are decided on. */
  series(own: Timeframe): Readonly<Record<string, SeriesSpec>>;
  /** How many bars back it looks at closes. Absent: none. */
  readonly lookback?: number;
  value(view: StrategyView): number;
}

/** Keeps the columns of features apart from those that a strategy names itself. */
const PREFIX = 'feature:';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const at = (view: StrategyView, name: string): number => view.indicators[PREFIX + name]?.at(0) ?? NaN;

const ATR = { atr: { kind: 'atr', period: 14 } } as const;

/** The change of the close over some bars, in average true ranges. */
const change = (bars: number): Feature => ({
  about: `Change of the close over ${bars} bars, in ATR(14)`,
  series: () => ATR,
  lookback: bars,
  value: (view) => (view.close.at(0) - view.close.at(bars)) / at(view, 'atr'),
});

const fromMean = (period: number): Feature => ({
  about: `Distance of the close from its SMA(${period}), in ATR(14)`,
  series: () => ({ ...ATR, [`sma${period}`]: { kind: 'sma', period } }),
  value: (view) => (view.close.at(0) - at(view, `sma${period}`)) / at(view, 'atr'),
});

/** One column as it is. */
const plain = (about: string, name: string, spec: SeriesSpec): Feature => ({
  about,
  series: () => ({ [name]: spec }),
  value: (view) => at(view, name),
});

/** A timeframe that shows what these bars are a part of. None above weeks. */
const COARSER: Readonly<Record<Timeframe, Timeframe | null>> = {
  '1m': Timeframe.M15,
  '3m': Timeframe.H1,
  '5m': Timeframe.H1,
  '15m': Timeframe.H4,
  '30m': Timeframe.H4,
  '1h': Timeframe.D1,
  '4h': Timeframe.D1,
  '1d': Timeframe.W1,
  '1w': null,
};

/** A column of the coarser timeframe; NaN where there is none. */
const coarser = (about: string, name: string, spec: IndicatorSpec): Feature => ({
  about,
  series: (own) => {
    const timeframe = COARSER[own];
    return timeframe === null ? {} : { [name]: { of: spec, timeframe } };
  },
  value: (view) => at(view, name),
});

const closeOf = (view: StrategyView): number => view.openTimeMs + timeframeMs(view.timeframe);

const bodyShare = (view: StrategyView): number =>
  (view.close.at(0) - view.open.at(0)) / (view.high.at(0) - view.low.at(0));

const channelPlace = (view: StrategyView): number => {
  const [upper, lower] = [at(view, 'channelHigh'), at(view, 'channelLow')];
  return (view.close.at(0) - lower) / (upper - lower);
};

/** Every feature there is. Numbers that are not finite count as missing. */
export const FEATURES: Readonly<Record<string, Feature>> = {
  change1: change(1),
  change3: change(3),
  change6: change(6),
  change12: change(12),
  change24: change(24),
  change48: change(48),
  rsi: plain('RSI(14)', 'rsi', { kind: 'rsi', period: 14, flatValue: 50 }),
  atrPercent: {
    about: 'ATR(14) in per cent of the close',
    series: () => ATR,
    value: (view) => (100 * at(view, 'atr')) / view.close.at(0),
  },
  adx: plain('ADX(14)', 'adx', { kind: 'adx', period: 14 }),
  macdHistogram: {
    about: 'Histogram of the MACD(12, 26, 9), in ATR(14)',
    series: () => ({
      ...ATR,
      macd: { of: { kind: 'macd', fastPeriod: 12, slowPeriod: 26, signalPeriod: 9 }, output: 'histogram' },
    }),
    value: (view) => at(view, 'macd') / at(view, 'atr'),
  },
  bollingerZ: plain('Deviations of the close from its mean of 20', 'z', { kind: 'zScore', period: 20 }),
  volumeZ: plain('Deviations of the volume from its mean of 48', 'volumeZ', {
    ...{ kind: 'zScore', period: 48, source: 'volume' },
  }),
  channelPlace: {
    about: 'Place of the close in its Donchian(48) channel, 0 to 1',
    series: () => ({
      channelHigh: { of: { kind: 'donchian', period: 48 }, output: 'upper' },
      channelLow: { of: { kind: 'donchian', period: 48 }, output: 'lower' },
    }),
    value: channelPlace,
  },
  fromMean50: fromMean(50),
  fromMean200: fromMean(200),
  bodyShare: { about: 'Body of the bar in its range, −1 to 1', series: () => ({}), value: bodyShare },
  volatilityRegime: {
    about: 'Realised volatility of 24 bars over that of 168',
    series: () => ({
      volatility24: { kind: 'realisedVolatility', period: 24 },
      volatility168: { kind: 'realisedVolatility', period: 168 },
    }),
    value: (view) => at(view, 'volatility24') / at(view, 'volatility168'),
  },
  coarserZ: coarser('Deviations of the close from its mean of 20 coarser bars', 'coarserZ', {
    ...{ kind: 'zScore', period: 20 },
  }),
  coarserChange: coarser('Change over 5 coarser bars, in per cent', 'coarserChange', {
    kind: 'roc',
    period: 5,
  }),
  hour: {
    about: 'Hour of the day at the close (UTC)',
    series: () => ({}),
    value: (view) => (closeOf(view) % DAY_MS) / HOUR_MS,
  },
  weekday: {
    about: 'Day of the week at the close (UTC), Monday is 0',
    series: () => ({}),
    value: (view) => (Math.floor(closeOf(view) / DAY_MS) + 3) % 7,
  },
  fearGreed: plain('Fear & Greed index', 'fearGreed', {
    ...{ of: ObservedKind.FearGreed, maxAgeMs: 3 * DAY_MS },
  }),
  fundingRate: plain('Funding rate paid last', 'fundingRate', {
    ...{ of: ObservedKind.Funding, maxAgeMs: 12 * HOUR_MS },
  }),
  mood: plain('Mood of the headlines', 'mood', { of: ObservedKind.Mood, maxAgeMs: 24 * HOUR_MS }),
};

/** Features with what they look at, in the order in which a model knows them. */
export interface FeatureSet {
  readonly names: readonly string[];
  readonly series: SeriesSpecs;
  readonly warmupBars: number;
  /** Writes a number for each feature of the view's newest closed bar. Allocates nothing. */
  read(view: StrategyView, into: Float64Array): void;
}

/** @throws UserError naming a feature that there is not, and those there are */
export function featureSet(names: readonly string[], own: Timeframe): FeatureSet {
  const features = names.map((name) => {
    const feature = Object.hasOwn(FEATURES, name) ? FEATURES[name] : undefined;
    if (feature !== undefined) return feature;
    throw new UserError(
      `There is no feature "${name}".`,
      `Known features: ${Object.keys(FEATURES).join(', ')}.`,
    );
  });
  const series = features.flatMap((feature) => Object.entries(feature.series(own)));
  return {
    names,
    series: Object.fromEntries(series.map(([name, spec]) => [PREFIX + name, spec])),
    warmupBars: 1 + Math.max(0, ...features.map(({ lookback = 0 }) => lookback)),
    read(view, into) {
      for (let index = 0; index < features.length; index += 1) {
        const value = features[index]?.value(view) ?? NaN;
        into[index] = Number.isFinite(value) ? value : NaN;
      }
    },
  };
}
