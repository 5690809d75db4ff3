import { calibrated, NO_CALIBRATION, type Calibration } from '../../domain/learning/calibration';
import { compileTrees, scoreOf, type TreeEnsemble } from '../../domain/learning/trees';
import { UserError } from '../../domain/errors';
import { median } from '../../domain/statistics';
import { hash32 } from '../../domain/random';
import { firstAtOrAfter } from '../market';
import { trainBooster, type BoosterOptions } from './booster';
import { calibrate, type CalibrationKind } from './calibrate';
import type { Dataset } from './dataset';
import { judge, type Judgement, type Told } from './judge';
import { readRow, rowsFrom } from './matrix';
import { permutationLoss } from './permutation';
import { scoring, type Scoring } from './scoring';
import { makeAll, stepOf, type TrainingSteps } from './steps';
import { timeFolds, type Fold } from './time-folds';

export interface SignalTraining {
  readonly dataset: Dataset;
  /** Length of a bar, of the longest that a trade takes to end, and what else is kept apart: milliseconds. */
  readonly barMs: number;
  readonly purgeMs: number;
  readonly embargoMs: number;
  readonly folds: number;
  readonly booster: BoosterOptions;
  readonly calibration: CalibrationKind;
  /** What the probability must have above break-even for an entry. */
  readonly margin: number;
  readonly onProgress?: (done: number, all: number, what: string) => void;
}

/** How a fold did: learnt from what lies before it, calibrated on the folds before it. */
export interface FoldReport extends Scoring {
  readonly fromMs: number;
  readonly toMs: number;
  readonly trainExamples: number;
  readonly trees: number;
  /** False in the first fold, which has none before it. */
  readonly isCalibrated: boolean;
}

export interface Importance {
  readonly feature: string;
  /** Share of the gain of all splits of the model. */
  readonly gain: number;
  /** How much worse the log-loss out of sample becomes when the feature is shuffled; below zero when it did harm. */
  readonly permutation: number;
}

export interface TrainedSignal {
  readonly ensemble: TreeEnsemble;
  readonly calibration: Calibration;
  readonly breakEven: number;
  readonly folds: readonly FoldReport[];
  readonly importance: readonly Importance[];
  /** Over all calibrated folds, none of which was learnt from. */
  readonly judgement: Judgement;
}

/** Fewer examples than this in a fold, or before it, teach nothing. */
const LEAST_EXAMPLES = 50;
/** Share of the time learnt from that tells when to stop. */
const VALIDATION_SHARE = 0.15;

/** A fold's examples, what was learnt before it, and what that says of them. */
interface Tried {
  readonly fold: Fold;
  readonly train: Int32Array;
  readonly rows: Int32Array;
  readonly ensemble: TreeEnsemble;
  readonly scores: Float64Array;
}

/**
 * Trains walk-forward and then once more on everything: each fold tells how a model that knows nothing of it does, and its
 * scores calibrate the folds after it and, all together, the final model. That has as many trees as the folds needed (median).
 * @throws UserError when there are too few examples
 */
export const trainSignal = (training: SignalTraining): TrainedSignal =>
  makeAll(signalSteps(training), training.onProgress);

/** {@link trainSignal} fold by fold; a fold gives what was learnt before it. @throws UserError when the time is too short */
export function signalSteps(training: SignalTraining): TrainingSteps<TreeEnsemble, TrainedSignal> {
  const { dataset, booster } = training;
  const folds = timeFolds({ ...training, examples: dataset });
  return {
    names: folds.map((_, index) => `fold ${index + 1}`),
    make: (step) => learnBefore(training, stepOf(folds, step), hash32('fold', booster.seed, step)),
    conclude: (ensembles) =>
      conclude(
        training,
        folds.map((fold, index) => tryOn(training, fold, stepOf(ensembles, index))),
      ),
  };
}

function conclude(training: SignalTraining, tried: readonly Tried[]): TrainedSignal {
  const { dataset, booster } = training;
  const breakEven = breakEvenOf(dataset);
  const told = tried.map((fold, index) => tell(training, fold, tried.slice(0, index)));
  const rounds = Math.max(1, Math.round(median(tried.map(({ ensemble }) => ensemble.trees.length))));
  const all = rowsFrom(0, dataset.matrix.rows);
  const { ensemble, gain } = trainBooster({ ...dataset, rows: all, options: { ...booster, rounds } });
  const calibration = calibrate(training.calibration, heldOf(dataset, tried));
  return {
    ...{ ensemble, calibration, breakEven },
    folds: told.map(({ report }) => report),
    importance: importanceOf(training, tried, gain),
    judgement: judge({
      told: told.flatMap((one) => (one.report.isCalibrated ? one.told : [])),
      threshold: breakEven + training.margin,
      groupMs: training.purgeMs,
      seed: booster.seed,
    }),
  };
}

const trainRows = (dataset: Dataset, { train }: Fold): Int32Array =>
  rowsOf(dataset, train.fromMs, train.toMs);
const testRows = (dataset: Dataset, { test }: Fold): Int32Array =>
  rowsOf(dataset, test.fromMs, test.toMs, true);

function learnBefore({ dataset, booster, purgeMs }: SignalTraining, fold: Fold, seed: number): TreeEnsemble {
  const [train, rows] = [trainRows(dataset, fold), testRows(dataset, fold)];
  if (train.length < LEAST_EXAMPLES || rows.length < LEAST_EXAMPLES)
    throw new UserError(
      `There are too few examples: ${train.length} before a fold and ${rows.length} in it, where ${LEAST_EXAMPLES} of both are needed.`,
      'Train over a longer time (--from, --to), on more --symbol, in fewer --folds, or on a strategy that enters more often.',
    );
  // The newest examples tell when to stop; those whose outcome reaches into them are left out.
  const cut = dataset.closeMs[train[Math.floor(train.length * (1 - VALIDATION_SHARE))] ?? 0] ?? Infinity;
  const learn = train.filter((row) => (dataset.closeMs[row] ?? 0) + purgeMs <= cut);
  const validation = train.filter((row) => (dataset.closeMs[row] ?? 0) >= cut);
  return trainBooster({ ...dataset, rows: learn, validation, options: { ...booster, seed } }).ensemble;
}

function tryOn({ dataset }: SignalTraining, fold: Fold, ensemble: TreeEnsemble): Tried {
  const rows = testRows(dataset, fold);
  return { fold, train: trainRows(dataset, fold), rows, ensemble, scores: scoresOf(dataset, ensemble, rows) };
}

/** The examples decided on from `fromMs` to before `toMs` and over by then; or, to be tried on, whenever they end. */
function rowsOf({ closeMs, endMs }: Dataset, fromMs: number, toMs: number, isTest = false): Int32Array {
  const rows = rowsFrom(firstAtOrAfter(closeMs, fromMs), firstAtOrAfter(closeMs, toMs));
  return isTest ? rows : rows.filter((row) => (endMs[row] ?? Infinity) <= toMs);
}

function scoresOf({ matrix }: Dataset, ensemble: TreeEnsemble, rows: Int32Array): Float64Array {
  const trees = compileTrees(ensemble);
  const row = new Float64Array(matrix.names.length);
  return Float64Array.from(rows, (index) => scoreOf(trees, readRow(matrix, index, row)));
}

function heldOf({ labels }: Dataset, tried: readonly Tried[]) {
  return {
    scores: Float64Array.from(tried.flatMap(({ scores }) => [...scores])),
    labels: Uint8Array.from(tried.flatMap(({ rows }) => [...rows].map((row) => labels[row] ?? 0))),
  };
}

const rateOf = (labels: Uint8Array, rows: Int32Array): number =>
  rows.reduce((total, row) => total + (labels[row] ?? 0), 0) / rows.length;

function tell(training: SignalTraining, tried: Tried, before: readonly Tried[]) {
  const { dataset } = training;
  const { fold, train, rows, ensemble, scores } = tried;
  const calibration =
    before.length === 0 ? NO_CALIBRATION : calibrate(training.calibration, heldOf(dataset, before));
  const probabilities = scores.map((score) => calibrated(calibration, score));
  const labels = Uint8Array.from(rows, (row) => dataset.labels[row] ?? 0);
  const baseRate = rateOf(dataset.labels, train);
  const told = Array.from(rows, (row, index): Told => ({
    closeMs: dataset.closeMs[row] ?? NaN,
    probability: probabilities[index] ?? NaN,
    label: labels[index] ?? 0,
    net: dataset.net[row] ?? NaN,
    baseRate,
  }));
  const report: FoldReport = {
    ...{ fromMs: fold.test.fromMs, toMs: fold.test.toMs, trainExamples: train.length },
    trees: ensemble.trees.length,
    isCalibrated: before.length > 0,
    ...scoring(probabilities, labels, baseRate),
  };
  return { told, report };
}

/** Where an average gain times its probability is an average loss times its own. */
function breakEvenOf({ net, labels }: Dataset): number {
  const mean = (label: number): number => {
    const values = net.filter((_, index) => labels[index] === label);
    return values.reduce((total, value) => total + value, 0) / values.length;
  };
  const [gain, loss] = [mean(1), -mean(0)];
  return loss / (gain + loss);
}

function importanceOf(
  { dataset, booster }: SignalTraining,
  tried: readonly Tried[],
  gain: readonly number[],
): readonly Importance[] {
  const all = gain.reduce((total, value) => total + value, 0);
  const permutation = permutationLoss(dataset, tried, hash32('permutation', booster.seed));
  return dataset.matrix.names
    .map((feature, index) => ({
      feature,
      gain: all === 0 ? 0 : (gain[index] ?? 0) / all,
      permutation: permutation[index] ?? 0,
    }))
    .sort((a, b) => b.gain - a.gain);
}
