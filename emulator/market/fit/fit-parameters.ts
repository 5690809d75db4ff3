import { mean } from '../../../domain/statistics';
import type { FitData, PlainSeries } from './fit-data';
import { fitJumpsAndRegimes, fitWicks, type DynamicsTargets } from './fit-dynamics';
import { hourOfWeek } from '../simulator-model';
import type { SimulatorParameters } from '../simulator-parameters';
import { correlation, logReturns, pairFacts, seriesFacts } from './statistics';
import { fitVolume } from './fit-volume';

const HOURS_PER_WEEK = 168;
/** The hourly series are used for their newest year: correlations drift. */
const RECENT_HOURS = 8_760;

const recent = (series: PlainSeries): PlainSeries => ({
  openTimeMs: series.openTimeMs.subarray(-RECENT_HOURS),
  close: series.close.subarray(-RECENT_HOURS),
  volume: series.volume.subarray(-RECENT_HOURS),
});

const rootMeanSquare = (values: Float64Array): number =>
  Math.sqrt(mean(values.map((value) => value * value)));

/** Averages `values` by the hour of the week of `times`. */
function byHourOfWeek(times: Float64Array, values: Float64Array): number[] {
  const sums = new Array<number>(HOURS_PER_WEEK).fill(0);
  const counts = new Array<number>(HOURS_PER_WEEK).fill(0);
  values.forEach((value, index) => {
    const hour = hourOfWeek(times[index] ?? 0);
    sums[hour] = (sums[hour] ?? 0) + value;
    counts[hour] = (counts[hour] ?? 0) + 1;
  });
  return sums.map((sum, hour) => sum / (counts[hour] ?? 1));
}

const average = (profiles: readonly (readonly number[])[]): number[] =>
  Array.from({ length: HOURS_PER_WEEK }, (_, hour) => mean(profiles.map((profile) => profile[hour] ?? 0)));

/** Mean absolute return by hour of the week, scaled to mean square 1: absolute values because single jumps must not make an hour. */
export function volatilityProfile(series: readonly PlainSeries[]): number[] {
  const profile = average(
    series.map(({ openTimeMs, close }) => {
      const absolute = logReturns(close).map(Math.abs);
      const overall = mean(absolute);
      return byHourOfWeek(openTimeMs.subarray(1), absolute).map((value) => value / overall);
    }),
  );
  const scale = Math.sqrt(mean(profile.map((value) => value * value)));
  return profile.map((value) => value / scale);
}

/** Mean log volume by hour of the week, less its mean. */
export function volumeProfile(series: readonly PlainSeries[]): number[] {
  const profile = average(
    series.map(({ openTimeMs, volume }) =>
      byHourOfWeek(
        openTimeMs,
        volume.map((value) => Math.log(Math.max(value, Number.MIN_VALUE))),
      ),
    ),
  );
  const level = mean(profile);
  return profile.map((value) => value - level);
}

/** Correlations of returns: the minute assets' own from minutes, all others from hours. */
function measureCorrelations(data: FitData): number[][] {
  const hourlyReturns = data.hourly.map(({ series }) => logReturns(recent(series).close));
  const [first, second] = data.minute;
  const minuteCorrelation = pairFacts(first.series, second.series).returnCorrelation;
  return hourlyReturns.map((rowReturns, row) =>
    hourlyReturns.map((columnReturns, column) => {
      if (row === column) return 1;
      return row + column === 1 ? minuteCorrelation : correlation(rowReturns, columnReturns);
    }),
  );
}

/** Last hourly close at or before `timeMs`. */
function closeAt(series: PlainSeries, timeMs: number): number {
  const index = series.openTimeMs.findLastIndex((openTimeMs) => openTimeMs <= timeMs);
  return series.close[index] ?? NaN;
}

/** Recorded targets of the search: the mean over the two minute assets. */
export function measureTargets(data: FitData): DynamicsTargets {
  const [first, second] = data.minute;
  return {
    series: [seriesFacts(first.series), seriesFacts(second.series)],
    pair: pairFacts(first.series, second.series),
  };
}

/**
 * Fits the simulator's parameters: hours of the week and volumes directly, regimes and jumps by a seeded search
 * (`evaluations` simulations), wicks by bisection. Deterministic. `report` is told of progress.
 */
export function fitParameters(
  data: FitData,
  options: {
    readonly seed: number;
    readonly evaluations: number;
    readonly report: (line: string) => void;
  },
): SimulatorParameters {
  const [reference, other] = data.minute;
  const targets = measureTargets(data);
  const volatilityByHour = volatilityProfile(data.fiveMinute);
  const volumeByHour = volumeProfile(data.fiveMinute);
  const volume = fitVolume(data.minute, { volatilityByHour, volumeByHour });
  const hourly = data.hourly.map(({ series }) => recent(series));
  const hourlyDeviation = hourly.map(({ close }) => rootMeanSquare(logReturns(close)));
  const hourlyVolume = hourly.map((series) => mean(series.volume));
  const endMs = reference.series.openTimeMs.at(-1) ?? 0;
  const draft: SimulatorParameters = {
    volatility: { lowVariance: 0.5, slowestRenewal: 1e-4, spacing: 3 },
    jumps: { perMinute: 0, commonShare: 0, deviations: 0 },
    volatilityByHour,
    volumeByHour,
    volume: volume.shared,
    correlations: measureCorrelations(data),
    symbols: data.hourly.map(({ symbol, series, ticksPerOne }, index) => ({
      symbol,
      startPrice: Math.round(closeAt(series, endMs) * ticksPerOne) / ticksPerOne,
      minuteDeviation:
        targets.series[index]?.returnDeviation ??
        targets.series[0].returnDeviation * ((hourlyDeviation[index] ?? 0) / (hourlyDeviation[0] ?? 1)),
      wick: 1,
      logVolume:
        volume.levels[index] ??
        (volume.levels[0] ?? 0) + Math.log((hourlyVolume[index] ?? 1) / (hourlyVolume[0] ?? 1)),
    })),
  };
  options.report(`targets measured on ${reference.symbol} and ${other.symbol}`);
  const dynamic = fitJumpsAndRegimes(draft, targets, options);
  return fitWicks(dynamic, targets, options.seed);
}
