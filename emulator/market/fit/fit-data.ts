import type { BarColumns } from '../bar-feed';

/** A recorded series of any timeframe, in plain numbers. */
export interface PlainSeries {
  readonly openTimeMs: Float64Array;
  readonly close: Float64Array;
  /** Base units. */
  readonly volume: Float64Array;
}

/** What the fit reads. All series of one kind cover the same times. */
export interface FitData {
  /** One-minute bars of the two assets that set the dynamics, the reference asset first. */
  readonly minute: readonly [FitAsset<BarColumns>, FitAsset<BarColumns>];
  /** Five-minute series of the same assets, longer: they set the hours of the week. */
  readonly fiveMinute: readonly PlainSeries[];
  /** Hourly series of every simulated asset, the minute assets first: they scale the others. */
  readonly hourly: readonly FitAsset<PlainSeries>[];
}

/** A series and the scale of its symbol. */
export interface FitAsset<T> {
  readonly symbol: string;
  readonly lotsPerOne: number;
  readonly ticksPerOne: number;
  readonly series: T;
}
