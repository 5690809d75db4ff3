import { timeframeMs } from '../../domain/bar';
import { UserError } from '../../domain/errors';
import { featureSet, FEATURES, FEATURES_VERSION } from '../../domain/learning/features';
import type { SignalModel } from '../../domain/learning/model';
import type { TreeEnsemble } from '../../domain/learning/trees';
import { holdingLimit } from '../../domain/management';
import { withColumns } from '../../domain/strategies/extended';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import type { Timeframe } from '../../domain/bar';
import type { ObservedSeries } from '../../domain/observations';
import type { MarketData } from '../market';
import type { BoosterOptions } from './booster';
import type { CalibrationKind } from './calibrate';
import { buildDataset, type Dataset } from './dataset';
import { makeAll, type TrainingSteps } from './steps';
import { signalSteps, type SignalTraining, type TrainedSignal } from './train-signal';

export interface SignalModelRequest {
  /** Its entries are the examples. */
  readonly primary: PreparedStrategy;
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  readonly features: readonly string[];
  readonly horizonBars: number;
  /** Bars that are kept apart beyond the longest that an outcome takes to show. */
  readonly embargoBars: number;
  readonly feeFraction: number;
  readonly folds: number;
  readonly booster: BoosterOptions;
  readonly calibration: CalibrationKind;
  readonly margin: number;
  readonly codeVersion: string;
  readonly onProgress?: SignalTraining['onProgress'];
}

/** Where the examples come from; decisions from `fromMs` on, outcomes by `toMs`. */
export interface TrainingData {
  readonly markets: readonly MarketData[];
  readonly observations?: readonly ObservedSeries[];
  readonly fromMs: number;
  readonly toMs: number;
}

export const FEATURE_NAMES: readonly string[] = Object.keys(FEATURES);

/** Everything that a training is good for. */
export const DEFAULT_BOOSTER: BoosterOptions = {
  ...{ rounds: 300, maxDepth: 3, learningRate: 0.05, lambda: 5, minChildWeight: 10, minSplitGain: 0 },
  ...{ rowFraction: 0.7, columnFraction: 0.6, maxBins: 64, patience: 30, seed: 1 },
};

/**
 * What must be loaded for a training: the primary strategy with the columns of the features.
 * @throws UserError naming a feature that there is not
 */
export function learner({
  primary,
  features,
  timeframe,
}: Pick<SignalModelRequest, 'primary' | 'features' | 'timeframe'>) {
  const set = featureSet(features, timeframe);
  return { set, proposer: withColumns(primary, set.series, set.warmupBars) };
}

/** A model, and what was found out on the way. */
export interface TrainedModel {
  readonly model: SignalModel;
  readonly trained: TrainedSignal;
  readonly notes: readonly string[];
}

/** Trains a model. @throws UserError when there is too little to learn from */
export const trainSignalModel = (request: SignalModelRequest, data: TrainingData): TrainedModel =>
  makeAll(signalModelSteps(request, data), request.onProgress);

/** {@link trainSignalModel} in steps. @throws UserError when there is too little to learn from */
export function signalModelSteps(
  request: SignalModelRequest,
  data: TrainingData,
): TrainingSteps<TreeEnsemble, TrainedModel> {
  const { symbols, timeframe, feeFraction, folds, booster, calibration, margin } = request;
  const { set, proposer } = learner(request);
  const horizonBars =
    holdingLimit(request.horizonBars, request.primary.maxHoldingBars) ?? request.horizonBars;
  const built = buildDataset({ ...data, symbols, features: set, proposer, horizonBars, feeFraction });
  const { dataset, absent } = presentFeatures(built);
  const barMs = timeframeMs(timeframe);
  // Decided on at a close, entered at the next open, sold at the open after the time stop.
  const purgeMs = (horizonBars + 2) * barMs;
  const embargoMs = request.embargoBars * barMs;
  const { names, make, conclude } = signalSteps({
    ...{ dataset, barMs, purgeMs, embargoMs },
    ...{ folds, booster, calibration, margin },
  });
  const notes =
    absent.length === 0 ? [] : [`Not there in this data, so not learnt from: ${absent.join(', ')}.`];
  const kept = { dataset, horizonBars, embargoMs: purgeMs + embargoMs };
  return {
    ...{ names, make },
    conclude(parts) {
      const trained = conclude(parts);
      return { trained, notes, model: modelOf(request, data, kept, trained) };
    },
  };
}

function modelOf(
  request: SignalModelRequest,
  data: TrainingData,
  kept: { readonly dataset: Dataset; readonly horizonBars: number; readonly embargoMs: number },
  trained: TrainedSignal,
): SignalModel {
  const { symbols, timeframe, feeFraction, booster } = request;
  const { dataset, horizonBars, embargoMs } = kept;
  const { judgement, importance } = trained;
  return {
    kind: 'signal',
    ...{ format: 'ballast-model', formatVersion: 1, codeVersion: request.codeVersion },
    ...{ symbols: [...symbols], timeframe, trainedFromMs: data.fromMs, trainedToMs: data.toMs },
    embargoMs,
    ...{ features: [...dataset.matrix.names], featuresVersion: FEATURES_VERSION },
    primary: { strategy: request.primary.id, parameters: { ...request.primary.parameters } },
    ...{ horizonBars, breakEven: trained.breakEven },
    ...{ calibration: trained.calibration, ensemble: trained.ensemble },
    evaluation: {
      ...{ ...judgement, examples: dataset.matrix.rows, calibratedExamples: judgement.examples },
      ...{ folds: trained.folds, importance, feeFraction, booster },
    },
  };
}

/** Without the features that no example has. @throws UserError when there is no example at all */
function presentFeatures(dataset: Dataset): {
  readonly dataset: Dataset;
  readonly absent: readonly string[];
} {
  const { matrix } = dataset;
  if (matrix.rows === 0)
    throw new UserError(
      'The strategy proposes no entry in this time whose outcome is known.',
      'Train over a longer time, or on a strategy that enters more often.',
    );
  const isPresent = matrix.columns.map((column) => column.some((value) => !Number.isNaN(value)));
  const kept = <T>(list: readonly T[]): readonly T[] => list.filter((_, index) => isPresent[index] === true);
  return {
    dataset: {
      ...dataset,
      matrix: { rows: matrix.rows, names: kept(matrix.names), columns: kept(matrix.columns) },
    },
    absent: matrix.names.filter((_, index) => isPresent[index] !== true),
  };
}
