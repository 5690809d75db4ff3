import type { NewsImpact } from './news-events';

/** One asset of the simulated market. */
export interface SymbolParameters {
  /** Exchange id, e.g. `BTCUSDT`. */
  readonly symbol: string;
  /** Price at the start of the market, which it is very slowly pulled back to; quote units. */
  readonly startPrice: number;
  /** Standard deviation of a one-minute log return without its jumps, over all regimes and hours. */
  readonly minuteDeviation: number;
  /** Deviation of the path inside a minute relative to that of the minute's return; sets the length of the wicks. */
  readonly wick: number;
  /** Level of the natural logarithm of a minute's volume in base units. */
  readonly logVolume: number;
}

/** An asset that was not fitted: its returns follow the first fitted one's. Listed only where it is asked for. */
export interface CompanionParameters extends SymbolParameters {
  /** Correlation of its ordinary returns with those of the asset that it follows, from 0 to 1. */
  readonly correlation: number;
}

/** What the simulated market is made of; docs/market.md explains the model and how the numbers are fitted. */
export interface SimulatorParameters {
  readonly volatility: {
    /** Variance multiplier of a component in its low state, in (0, 1); the high state has 2 − this. */
    readonly lowVariance: number;
    /** Probability per minute that the slowest component is drawn anew. */
    readonly slowestRenewal: number;
    /** How much faster each component is than the one before. */
    readonly spacing: number;
  };
  readonly jumps: {
    /** Probability per minute and asset of a jump. */
    readonly perMinute: number;
    /** Share of an asset's jumps that hit all assets at once. */
    readonly commonShare: number;
    /** Deviation of a jump in deviations of an ordinary return at that minute. */
    readonly deviations: number;
  };
  /** Volatility multiplier by hour of the week from Monday 00:00 UTC; mean square 1. */
  readonly volatilityByHour: readonly number[];
  /** Addition to the logarithm of the volume by hour of the week; mean 0. */
  readonly volumeByHour: readonly number[];
  readonly volume: {
    /** Volume grows as volatility regime to this power. */
    readonly regimeExponent: number;
    /** Addition to log volume per deviation of the minute's move. */
    readonly perDeviation: number;
    /** Autocorrelation per minute of the persistent disturbance of log volume. */
    readonly persistence: number;
    readonly persistentDeviation: number;
    readonly passingDeviation: number;
    /** Share of the disturbances' variance that all assets have in common. */
    readonly commonShare: number;
  };
  /** Correlations of the ordinary returns, in the order of `symbols`. */
  readonly correlations: readonly (readonly number[])[];
  readonly symbols: readonly SymbolParameters[];
  /** Assets beside these. Whether they are there changes nothing about `symbols`. */
  readonly companions?: readonly CompanionParameters[];
  /** What scheduled events do to prices; absent: there are none. */
  readonly news?: NewsImpact;
}

/** Every asset, in the order in which the model keeps them. */
export const allSymbols = ({
  symbols,
  companions = [],
}: SimulatorParameters): readonly SymbolParameters[] => [...symbols, ...companions];
