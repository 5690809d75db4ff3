import { mean } from '../../../domain/statistics';
import { allocateColumns, barAt, type BarColumns, setBar } from '../bar-feed';
import { cholesky } from '../cholesky';
import { hash32, RandomStream } from '../../../domain/random';
import { generateDay, initialState, MINUTES_PER_DAY, prepare } from '../simulator-model';
import type { SimulatorParameters } from '../simulator-parameters';
import { type PairFacts, pairFacts, type SeriesFacts, seriesFacts } from './statistics';

/** Recorded facts to be met, of the two assets that were recorded by the minute. */
export interface DynamicsTargets {
  readonly series: readonly [SeriesFacts, SeriesFacts];
  readonly pair: PairFacts;
}

/** Samples are as long as the recording: autocorrelations of slow processes depend on the length of the sample. */
const SAMPLE_DAYS = 30;
const SAMPLES = 6;
/** Monday 2024-01-01: the samples' calendar only places them in the week. */
const SAMPLE_START_MS = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

/** Generates `days` of bars for each symbol of the parameters. */
export function simulateSample(parameters: SimulatorParameters, seed: number, days: number): BarColumns[] {
  const prepared = prepare(parameters);
  const samples = parameters.symbols.map(() => allocateColumns(days * MINUTES_PER_DAY));
  let state = initialState(parameters, seed);
  for (let index = 0; index < days; index++) {
    const day = generateDay(prepared, seed, { index, startMs: SAMPLE_START_MS + index * DAY_MS, state });
    state = day.state;
    for (const [symbol, sample] of samples.entries()) {
      const columns = day.bars[symbol];
      if (!columns) continue;
      for (let minute = 0; minute < MINUTES_PER_DAY; minute++) {
        setBar(sample, index * MINUTES_PER_DAY + minute, barAt(columns, minute));
      }
    }
  }
  return samples;
}

/** Facts of the first two symbols, averaged over independent samples. */
export function simulatedFacts(
  parameters: SimulatorParameters,
  seed: number,
  samples = SAMPLES,
): DynamicsTargets {
  const two = firstTwo(parameters);
  const runs = Array.from({ length: samples }, (_, sample) => {
    const [first, second] = simulateSample(two, hash32('sample', seed, sample), SAMPLE_DAYS);
    if (!first || !second) throw new RangeError('the facts need two symbols');
    return { first: seriesFacts(first), second: seriesFacts(second), pair: pairFacts(first, second) };
  });
  return {
    series: [averageFacts(runs.map(({ first }) => first)), averageFacts(runs.map(({ second }) => second))],
    pair: averageFacts(runs.map(({ pair }) => pair)),
  };
}

/** The mean of each fact over several samples. Throws RangeError without a sample. */
function averageFacts<T extends Record<keyof T, number>>(samples: readonly T[]): T {
  const [first] = samples;
  if (!first) throw new RangeError('no facts to average');
  const averages = { ...first };
  for (const name in averages) {
    averages[name] = mean(samples.map((sample) => sample[name])) as T[typeof name];
  }
  return averages;
}

/** A fact that the search matches, and the difference that counts as one unit of error. */
type Tolerances<T> = readonly (readonly [name: keyof T, tolerance: number])[];

const SERIES_TOLERANCES: Tolerances<SeriesFacts> = [
  ['median', 0.02],
  ['quantile90', 0.05],
  ['quantile99', 0.15],
  ['quantile999', 0.4],
  ['absoluteLag1', 0.015],
  ['absoluteLag5', 0.015],
  ['absoluteLag15', 0.015],
  ['absoluteLag60', 0.015],
  ['absoluteLag240', 0.015],
  ['jumpsPerDay', 0.5],
];
const PAIR_TOLERANCES: Tolerances<PairFacts> = [['commonJumpShare', 0.05]];

/** Sum of squared differences between the means of simulated and recorded facts, in units of tolerance. */
function squaredError<T>(simulated: readonly T[], recorded: readonly T[], tolerances: Tolerances<T>): number {
  let sum = 0;
  for (const [name, tolerance] of tolerances) {
    const average = (facts: readonly T[]): number => mean(facts.map((fact) => Number(fact[name])));
    sum += ((average(simulated) - average(recorded)) / tolerance) ** 2;
  }
  return sum;
}

/** The searched parameters as a point in the unit cube, and the box it stands for. */
const BOX = [
  { name: 'lowVariance', from: 0.3, to: 0.85, logarithmic: false },
  { name: 'slowestRenewal', from: 1e-5, to: 1e-3, logarithmic: true },
  { name: 'spacing', from: 1.5, to: 6, logarithmic: true },
  { name: 'perMinute', from: 1e-4, to: 1e-2, logarithmic: true },
  { name: 'deviations', from: 2, to: 12, logarithmic: false },
  { name: 'commonShare', from: 0.05, to: 0.95, logarithmic: false },
] as const;
type Searched = (typeof BOX)[number]['name'];

function valueAt(point: readonly number[], name: Searched): number {
  const index = BOX.findIndex((axis) => axis.name === name);
  const { from, to, logarithmic } = BOX[index] ?? BOX[0];
  const share = point[index] ?? 0;
  return logarithmic ? from * (to / from) ** share : from + (to - from) * share;
}

/** Applies a point to the draft; the ordinary returns give way so that deviations and correlations stay as measured. */
function applyPoint(draft: SimulatorParameters, point: readonly number[]): SimulatorParameters {
  const jumps = {
    perMinute: valueAt(point, 'perMinute'),
    commonShare: valueAt(point, 'commonShare'),
    deviations: valueAt(point, 'deviations'),
  };
  const jumpVariance = jumps.perMinute * jumps.deviations ** 2;
  const ordinary = (correlation: number): number =>
    correlation * (1 + jumpVariance) - jumpVariance * jumps.commonShare;
  return {
    ...draft,
    volatility: {
      lowVariance: valueAt(point, 'lowVariance'),
      slowestRenewal: valueAt(point, 'slowestRenewal'),
      spacing: valueAt(point, 'spacing'),
    },
    jumps,
    correlations: draft.correlations.map((row, i) => row.map((value, j) => (i === j ? 1 : ordinary(value)))),
    symbols: draft.symbols.map((symbol) => ({
      ...symbol,
      minuteDeviation: symbol.minuteDeviation / Math.sqrt(1 + jumpVariance),
    })),
  };
}

/** The draft with its first two symbols only: all that the search looks at. */
const firstTwo = (parameters: SimulatorParameters): SimulatorParameters => ({
  ...parameters,
  symbols: parameters.symbols.slice(0, 2),
  correlations: parameters.correlations.slice(0, 2).map((row) => row.slice(0, 2)),
});

/** Whether ordinary returns can be so correlated: jumps that are too frequent or too common leave them no room. */
function isFeasible({ correlations }: SimulatorParameters): boolean {
  try {
    cholesky(correlations);
    return true;
  } catch {
    return false;
  }
}

/** Share of the evaluations that explore the whole box before the search narrows around the best point. */
const EXPLORING_SHARE = 0.3;

/**
 * Finds regimes and jumps by the simulated method of moments: a seeded random search over the box, then around the
 * best point with a shrinking step. The same random numbers drive every evaluation.
 */
export function fitJumpsAndRegimes(
  draft: SimulatorParameters,
  targets: DynamicsTargets,
  options: { readonly seed: number; readonly evaluations: number; readonly report: (line: string) => void },
): SimulatorParameters {
  const random = new RandomStream(hash32('fit', options.seed));
  const exploring = Math.floor(options.evaluations * EXPLORING_SHARE);
  let best = { error: Infinity, point: BOX.map(() => 0.5) };
  for (let evaluation = 0; evaluation < options.evaluations; evaluation++) {
    const step = 0.25 * 0.05 ** ((evaluation - exploring) / (options.evaluations - exploring));
    const point = best.point.map((value) =>
      evaluation < exploring ? random.uniform() : Math.min(1, Math.max(0, value + step * random.normal())),
    );
    const candidate = applyPoint(draft, point);
    if (!isFeasible(candidate)) continue;
    const facts = simulatedFacts(candidate, options.seed);
    const error =
      squaredError(facts.series, targets.series, SERIES_TOLERANCES) +
      squaredError([facts.pair], [targets.pair], PAIR_TOLERANCES);
    if (error < best.error) {
      best = { error, point };
      options.report(`evaluation ${evaluation + 1} of ${options.evaluations}: error ${error.toFixed(2)}`);
    }
  }
  return applyPoint(draft, best.point);
}

const BISECTIONS = 14;
const BISECTION_DAYS = 14;

/** Bisects the wick of each recorded asset until range over move is as recorded; the others get the mean. */
export function fitWicks(
  parameters: SimulatorParameters,
  targets: DynamicsTargets,
  seed: number,
): SimulatorParameters {
  const withWicks = (wicks: readonly number[]): SimulatorParameters => ({
    ...parameters,
    symbols: parameters.symbols.map((symbol, index) => ({ ...symbol, wick: wicks[index] ?? mean(wicks) })),
  });
  const bounds = targets.series.map(() => ({ low: 0, high: 2 }));
  const middles = (): number[] => bounds.map(({ low, high }) => (low + high) / 2);
  for (let round = 0; round < BISECTIONS; round++) {
    const wicks = middles();
    const bars = simulateSample(firstTwo(withWicks(wicks)), seed, BISECTION_DAYS);
    for (const [index, bound] of bounds.entries()) {
      const columns = bars[index];
      const recorded = targets.series[index];
      if (!columns || !recorded) continue;
      const wick = wicks[index] ?? 0;
      if (seriesFacts(columns).rangeToMove > recorded.rangeToMove) bound.high = wick;
      else bound.low = wick;
    }
  }
  return withWicks(middles());
}
