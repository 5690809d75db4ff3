import { mean } from '../../../domain/statistics';
import type { BarColumns } from '../bar-feed';

/** The stylised facts by which a simulated market is held against a recorded one. Plain numbers, no units unless named. */
export interface SeriesFacts {
  /** Standard deviation of one-minute log returns. */
  readonly returnDeviation: number;
  readonly kurtosis: number;
  /** Quantiles of the absolute return over its mean. */
  readonly median: number;
  readonly quantile90: number;
  readonly quantile99: number;
  readonly quantile999: number;
  /** Autocorrelation of absolute returns at a lag in minutes. */
  readonly absoluteLag1: number;
  readonly absoluteLag5: number;
  readonly absoluteLag15: number;
  readonly absoluteLag60: number;
  readonly absoluteLag240: number;
  readonly jumpsPerDay: number;
  /** Mean high − low over mean |close − open|. */
  readonly rangeToMove: number;
  /** Of the natural logarithm of volume. */
  readonly logVolumeDeviation: number;
  readonly logVolumeLag1: number;
  readonly logVolumeLag60: number;
  /** Correlation of log volume with the absolute return. */
  readonly volumeToMove: number;
}

export interface PairFacts {
  readonly returnCorrelation: number;
  readonly absoluteCorrelation: number;
  readonly logVolumeCorrelation: number;
  /** Share of the first series' jumps at which the second jumps too. */
  readonly commonJumpShare: number;
}

const MINUTES_PER_DAY = 1_440;
/** A jump is a return beyond this many times the local scale. */
const JUMP_DEVIATIONS = 6;
const JUMP_WINDOW_MINUTES = 60;
/** Mean absolute value of a normal over its deviation. */
const MEAN_ABSOLUTE = Math.sqrt(2 / Math.PI);

/** Pearson's correlation of two equally long series, the second `lag` places later. */
export function correlation(first: Float64Array, second: Float64Array, lag = 0): number {
  const count = first.length - lag;
  const firstMean = mean(first);
  const secondMean = mean(second);
  let cross = 0;
  let firstSquares = 0;
  let secondSquares = 0;
  for (let index = 0; index < count; index++) {
    const x = (first[index] ?? 0) - firstMean;
    const y = (second[index + lag] ?? 0) - secondMean;
    cross += x * y;
    firstSquares += x * x;
    secondSquares += y * y;
  }
  return cross / Math.sqrt(firstSquares * secondSquares);
}

/** Close-to-close log returns, one fewer than bars. Meant for series without gaps. */
export function logReturns(close: Float64Array): Float64Array {
  const returns = new Float64Array(close.length - 1);
  for (let index = 0; index < returns.length; index++) {
    returns[index] = Math.log((close[index + 1] ?? 1) / (close[index] ?? 1));
  }
  return returns;
}

/** Marks returns beyond six local deviations, the local one taken from the hour before; 1 for a jump. */
function markJumps(absolute: Float64Array): Uint8Array {
  const jumps = new Uint8Array(absolute.length);
  let window = 0;
  for (let index = 0; index < absolute.length; index++) {
    const local = window / JUMP_WINDOW_MINUTES / MEAN_ABSOLUTE;
    if (index >= JUMP_WINDOW_MINUTES && (absolute[index] ?? 0) > JUMP_DEVIATIONS * local) jumps[index] = 1;
    window += (absolute[index] ?? 0) - (absolute[index - JUMP_WINDOW_MINUTES] ?? 0);
  }
  return jumps;
}

const logVolumes = (bars: BarColumns): Float64Array =>
  bars.volumeLots.map((lots) => Math.log(Math.max(1, lots)));

/** The facts of one series of one-minute bars. */
export function seriesFacts(bars: BarColumns): SeriesFacts {
  const returns = logReturns(bars.close);
  const absolute = returns.map(Math.abs);
  const sorted = absolute.slice().sort();
  const meanAbsolute = mean(absolute);
  const secondMoment = mean(returns.map((value) => value * value));
  const fourthMoment = mean(returns.map((value) => value ** 4));
  const quantile = (share: number): number => (sorted[Math.floor(share * sorted.length)] ?? 0) / meanAbsolute;
  const ranges = bars.high.map((high, index) => high - (bars.low[index] ?? 0));
  const moves = bars.close.map((close, index) => Math.abs(close - (bars.open[index] ?? 0)));
  const volume = logVolumes(bars);
  return {
    returnDeviation: Math.sqrt(secondMoment),
    kurtosis: fourthMoment / (secondMoment * secondMoment),
    median: quantile(0.5),
    quantile90: quantile(0.9),
    quantile99: quantile(0.99),
    quantile999: quantile(0.999),
    absoluteLag1: correlation(absolute, absolute, 1),
    absoluteLag5: correlation(absolute, absolute, 5),
    absoluteLag15: correlation(absolute, absolute, 15),
    absoluteLag60: correlation(absolute, absolute, 60),
    absoluteLag240: correlation(absolute, absolute, 240),
    jumpsPerDay: mean(markJumps(absolute)) * MINUTES_PER_DAY,
    rangeToMove: mean(ranges) / mean(moves),
    logVolumeDeviation: Math.sqrt(mean(volume.map((value) => value * value)) - mean(volume) ** 2),
    logVolumeLag1: correlation(volume, volume, 1),
    logVolumeLag60: correlation(volume, volume, 60),
    volumeToMove: correlation(volume.subarray(1), absolute),
  };
}

/** The facts of two series over the same minutes. */
export function pairFacts(first: BarColumns, second: BarColumns): PairFacts {
  const [firstReturns, secondReturns] = [logReturns(first.close), logReturns(second.close)];
  const [firstAbsolute, secondAbsolute] = [firstReturns.map(Math.abs), secondReturns.map(Math.abs)];
  const [firstJumps, secondJumps] = [markJumps(firstAbsolute), markJumps(secondAbsolute)];
  const jumps = mean(firstJumps);
  const both = mean(firstJumps.map((jump, index) => jump & (secondJumps[index] ?? 0)));
  return {
    returnCorrelation: correlation(firstReturns, secondReturns),
    absoluteCorrelation: correlation(firstAbsolute, secondAbsolute),
    logVolumeCorrelation: correlation(logVolumes(first), logVolumes(second)),
    commonJumpShare: jumps === 0 ? 0 : both / jumps,
  };
}
