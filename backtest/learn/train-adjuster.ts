import { AdjusterInput, ADJUSTMENTS, POSITION_INPUTS, type Scaling } from '../../domain/learning/adjuster';
import { timeframeMs, type Timeframe } from '../../domain/bar';
import { UserError } from '../../domain/errors';
import { FEATURES_VERSION } from '../../domain/learning/features';
import type { AdjusterModel } from '../../domain/learning/model';
import { evaluate, indexOfLargest, type Network } from '../../domain/learning/network';
import { holdingLimit } from '../../domain/management';
import { hash32, RandomStream } from '../../domain/random';
import { mean } from '../../domain/statistics';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { blockFor, intervals, stationaryBootstrap, type Interval } from '../truth/resampling';
import { AdjusterEpisode, type AdjusterWorld } from './adjuster-episode';
import { entriesOf, type Entry } from './entries';
import { trainPpo, type PpoOptions } from './ppo';
import { learner, type TrainingData } from './signal-model';
import { makeAll, stepOf, type TrainingSteps } from './steps';

export interface AdjusterRequest {
  /** Whose positions are advised on. */
  readonly primary: PreparedStrategy;
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  readonly features: readonly string[];
  readonly horizonBars: number;
  readonly embargoBars: number;
  readonly feeFraction: number;
  /** So many policies are trained, from different beginnings. */
  readonly seeds: number;
  readonly ppo: Omit<PpoOptions, 'observations' | 'actions' | 'onProgress'>;
  readonly codeVersion: string;
  readonly onProgress?: (done: number, all: number, what: string) => void;
}

/** How one policy did, per position, beside doing nothing: parts of what was put in, net of fees. */
export interface PolicyReport {
  readonly seed: number;
  readonly trainDifference: number;
  readonly testDifference: number;
  /** How often each adjustment was chosen in the test. */
  readonly chosen: Readonly<Record<string, number>>;
}

export interface AdjusterEvaluation {
  readonly trainPositions: number;
  readonly testPositions: number;
  readonly testFromMs: number;
  /** Mean result of a position that is left alone, in the test. */
  readonly nothing: number;
  /** Mean difference that advice makes to a position in the test, over all seeds, by resampling. */
  readonly difference: Interval;
  readonly policies: readonly PolicyReport[];
  readonly isBetter: boolean;
  readonly verdict: string;
}

/** Advice, and how it compares with doing nothing. */
export interface TrainedAdjuster {
  readonly model: AdjusterModel;
  readonly evaluation: AdjusterEvaluation;
}

const TRAIN_SHARE = 0.65;
const LEAST_POSITIONS = 30;
const RUNS = 2_000;
const CONFIDENCE = 0.9;
const KEEP = 0;

/**
 * Trains policies on the older positions of a backtest and compares them with doing nothing on the newer ones, which are kept
 * apart by the longest holding time and an embargo. The policy that is kept is the one that did best on what it was trained on.
 * @throws UserError when the strategy opens too few positions
 */
export const trainAdjuster = (request: AdjusterRequest, data: TrainingData): TrainedAdjuster =>
  makeAll(adjusterSteps(request, data), request.onProgress);

/** {@link trainAdjuster} policy by policy. @throws UserError when the strategy opens too few positions */
export function adjusterSteps(
  request: AdjusterRequest,
  data: TrainingData,
): TrainingSteps<Network, TrainedAdjuster> {
  const { primary, symbols, timeframe, features, seeds, ppo } = request;
  const { set, proposer } = learner({ primary, features, timeframe });
  const horizonBars = holdingLimit(request.horizonBars, primary.maxHoldingBars) ?? request.horizonBars;
  const world = { strategy: proposer, maxHoldingBars: horizonBars, feeFraction: request.feeFraction };
  const entries = entriesOf({ ...data, symbols, strategy: proposer, maxHoldingBars: horizonBars });
  const embargoMs = (horizonBars + 2 + request.embargoBars) * timeframeMs(timeframe);
  const splitMs = data.fromMs + TRAIN_SHARE * (data.toMs - data.fromMs);
  const raw = new AdjusterInput(set, neutral(set.names.length), horizonBars);
  const open = ({ closeMs }: Entry): boolean => closeMs <= data.toMs;
  const decided = entries.filter(
    (entry) => open(entry) && new AdjusterEpisode({ ...world, input: raw }, entry).isOpen,
  );
  const train = decided.filter(({ closeMs }) => closeMs <= splitMs);
  const test = decided.filter(({ openMs }) => openMs >= splitMs + embargoMs);
  if (train.length < LEAST_POSITIONS || test.length < LEAST_POSITIONS)
    throw new UserError(
      `${primary.id} holds ${train.length} positions for more than a bar in the older part of this time and ${test.length} in the newer, where ${LEAST_POSITIONS} of both are needed.`,
      'Train over a longer time, on more --symbol, or on a strategy that enters more often.',
    );
  const scaling = scalingOf(train, set);
  const trained = { ...world, input: new AdjusterInput(set, scaling, horizonBars) };
  const testFromMs = splitMs + embargoMs;
  return {
    names: Array.from({ length: seeds }, (_, index) => `policy ${index + 1}`),
    make(step) {
      const options = { ...ppo, seed: hash32('adjuster', ppo.seed, step) };
      return trainPolicy(trained, train, options, set.names.length);
    },
    conclude(policies) {
      const evaluation = compare(trained, { train, test, policies, seed: ppo.seed, testFromMs });
      const best = evaluation.policies.reduce((a, b) => (b.trainDifference > a.trainDifference ? b : a));
      const model: AdjusterModel = {
        kind: 'adjuster',
        ...{ format: 'ballast-model', formatVersion: 1, codeVersion: request.codeVersion },
        ...{
          symbols: [...symbols],
          timeframe,
          trainedFromMs: data.fromMs,
          trainedToMs: data.toMs,
          embargoMs,
        },
        ...{ features: [...set.names], featuresVersion: FEATURES_VERSION },
        primary: { strategy: primary.id, parameters: { ...primary.parameters } },
        ...{ horizonBars, scaling, policy: stepOf(policies, best.seed) },
        evaluation: { ...evaluation, feeFraction: request.feeFraction, ppo },
      };
      return { model, evaluation };
    },
  };
}

function trainPolicy(
  world: AdjusterWorld,
  train: readonly Entry[],
  options: AdjusterRequest['ppo'],
  features: number,
): Network {
  const random = new RandomStream(options.seed);
  const begin = (): AdjusterEpisode => {
    const entry = train[Math.floor(random.uniform() * train.length)];
    if (entry === undefined) throw new Error('There is no position to learn from.');
    return new AdjusterEpisode(world, entry);
  };
  return trainPpo(begin, {
    ...options,
    ...{ observations: features + POSITION_INPUTS, actions: ADJUSTMENTS.length },
  });
}

/** What a position brings when this is chosen at every close. */
export function resultOf(
  world: AdjusterWorld,
  entry: Entry,
  choose: (seen: Float64Array) => number,
  chosen?: Map<string, number>,
): number {
  const episode = new AdjusterEpisode(world, entry);
  for (let isOver = !episode.isOpen; !isOver;) {
    const action = choose(episode.observe());
    const name = ADJUSTMENTS[action] ?? '';
    chosen?.set(name, (chosen.get(name) ?? 0) + 1);
    ({ isOver } = episode.act(action));
  }
  return episode.path.netNow();
}

function compare(
  world: AdjusterWorld,
  parts: {
    readonly train: readonly Entry[];
    readonly test: readonly Entry[];
    readonly policies: readonly Network[];
    readonly seed: number;
    readonly testFromMs: number;
  },
): AdjusterEvaluation {
  const { train, test, policies, seed, testFromMs } = parts;
  const alone = (entries: readonly Entry[]): readonly number[] =>
    entries.map((entry) => resultOf(world, entry, () => KEEP));
  const [trainAlone, testAlone] = [alone(train), alone(test)];
  const differences = test.map(() => 0);
  const reports = policies.map((policy, index): PolicyReport => {
    const chosen = new Map<string, number>();
    const choose = (seen: Float64Array): number => indexOfLargest(evaluate(policy, seen));
    const gained = (entries: readonly Entry[], without: readonly number[], count?: Map<string, number>) =>
      entries.map((entry, at) => resultOf(world, entry, choose, count) - (without[at] ?? 0));
    const onTest = gained(test, testAlone, chosen);
    for (const [at, difference] of onTest.entries())
      differences[at] = (differences[at] ?? 0) + difference / policies.length;
    return {
      ...{ seed: index, trainDifference: mean(gained(train, trainAlone)), testDifference: mean(onTest) },
      chosen: Object.fromEntries(chosen),
    };
  });
  const { difference } = intervals({
    values: differences,
    statistics: (drawn) => ({ difference: mean(drawn) }),
    resample: stationaryBootstrap(blockFor(differences.length)),
    ...{ runs: RUNS, seed, confidence: CONFIDENCE },
  });
  const isBetter = (difference.low ?? -Infinity) > 0;
  return {
    ...{ trainPositions: train.length, testPositions: test.length, testFromMs },
    ...{ nothing: mean(testAlone), difference, policies: reports, isBetter },
    verdict: verdictOf(difference, isBetter, policies.length),
  };
}

function verdictOf({ observed, low, high }: Interval, isBetter: boolean, seeds: number): string {
  const part = (value: number | null): string => `${(100 * (value ?? NaN)).toFixed(3)} %`;
  const found = `${part(observed)} a position (90 % interval ${part(low)} to ${part(high)}, mean of ${seeds} policies)`;
  return isBetter
    ? `Better than doing nothing, out of sample: ${found}.`
    : `No better than doing nothing, out of sample: ${found}. Do not follow its advice.`;
}

const neutral = (count: number): Scaling => ({
  means: Array.from({ length: count }, () => 0),
  deviations: Array.from({ length: count }, () => 1),
});

/** Mean and deviation of each feature at the closes at which the positions could have been adjusted. */
function scalingOf(entries: readonly Entry[], set: ReturnType<typeof learner>['set']): Scaling {
  const row = new Float64Array(set.names.length);
  const sums = set.names.map(() => ({ count: 0, total: 0, squares: 0 }));
  for (const { view, market, index, closeMs } of entries) {
    for (let at = index; (market.bars.openTimeMs[at] ?? Infinity) < closeMs; at += 1) {
      view.moveTo(at);
      set.read(view, row);
      for (const [feature, sum] of sums.entries()) {
        const value = row[feature] ?? NaN;
        if (Number.isNaN(value)) continue;
        sum.count += 1;
        sum.total += value;
        sum.squares += value * value;
      }
    }
  }
  const means = sums.map(({ count, total }) => (count === 0 ? 0 : total / count));
  const deviations = sums.map(({ count, squares }, index) => {
    const variance = count === 0 ? 0 : squares / count - (means[index] ?? 0) ** 2;
    return variance > 1e-12 ? Math.sqrt(variance) : 1;
  });
  return { means, deviations };
}
