import { logistic, logOdds, type Tree, type TreeEnsemble } from '../../domain/learning/trees';
import { RandomStream } from '../../domain/random';
import { binMatrix } from './bins';
import type { FeatureMatrix } from './matrix';
import { leafValueOf, TreeGrower, type Gradients, type TreeLimits } from './tree-grower';

export interface BoosterOptions extends TreeLimits {
  /** The most trees. */
  readonly rounds: number;
  /** Share of the rows that each tree learns from, and of the features that it may ask for. */
  readonly rowFraction: number;
  readonly columnFraction: number;
  /** The most bins of a feature. */
  readonly maxBins: number;
  /** Rounds without a better loss on the rows kept aside after which learning ends; null for never. */
  readonly patience: number | null;
  readonly seed: number;
}

export interface BoosterInput {
  readonly matrix: FeatureMatrix;
  /** 0 or 1 for each row. */
  readonly labels: Uint8Array;
  /** How much each row counts; all the same when left out. */
  readonly weights?: Float64Array;
  readonly rows: Int32Array;
  /** Rows that nothing is learnt from but when to stop. */
  readonly validation?: Int32Array;
  readonly options: BoosterOptions;
}

export interface TrainedBooster {
  /** Up to the best round on the rows kept aside, where there are any. */
  readonly ensemble: TreeEnsemble;
  /** Total gain of the splits on each feature, over all rounds. */
  readonly gain: readonly number[];
  /** Mean loss on the rows kept aside after each round. */
  readonly validationLoss: readonly number[];
}

/** Probabilities nearer to 0 or 1 say nothing more, and their logarithm too much. */
const CLIP = 1e-15;

/** Mean binary log-loss of scores in log-odds. */
export function logLoss(
  scores: Float64Array,
  labels: Uint8Array,
  rows: Int32Array,
  weights?: Float64Array,
): number {
  let [total, weight] = [0, 0];
  for (const row of rows) {
    const share = weights?.[row] ?? 1;
    total += share * logLossOf(logistic(scores[row] ?? 0), labels[row] ?? 0);
    weight += share;
  }
  return total / weight;
}

/** Binary log-loss of one probability. */
export function logLossOf(probability: number, label: number): number {
  const clipped = Math.min(1 - CLIP, Math.max(CLIP, probability));
  return -Math.log(label === 1 ? clipped : 1 - clipped);
}

/**
 * Gradient boosting of histogram trees on binary log-loss, by second-order gain (Chen and Guestrin 2016; histograms as in G. Ke
 * and others, "LightGBM", NIPS 2017). The same input and seed give the same trees.
 * @throws RangeError for options out of range, or rows that are all of one class
 */
export function trainBooster(input: BoosterInput): TrainedBooster {
  const { matrix, rows, validation, options } = input;
  checkOptions(options);
  const binned = binMatrix(matrix, rows, options.maxBins);
  const grower = new TreeGrower(binned, options, rows.length);
  const random = new RandomStream(options.seed);
  const baseScore = baseScoreOf(input);
  const scores = new Float64Array(matrix.rows).fill(baseScore);
  const gradients = { first: new Float64Array(matrix.rows), second: new Float64Array(matrix.rows) };
  const scored = validation === undefined ? rows : Int32Array.from([...rows, ...validation]);
  const trees: Tree[] = [];
  const validationLoss: number[] = [];
  let best = 0;
  for (let round = 0; round < options.rounds; round += 1) {
    differentiate(input, scores, gradients);
    const features = drawFeatures(binned.columns.length, options.columnFraction, random);
    const grown = grower.grow(drawRows(rows, options.rowFraction, random), features, gradients);
    trees.push(grown.tree);
    for (const row of scored) scores[row] = (scores[row] ?? 0) + leafValueOf(grown, binned, row);
    if (validation === undefined) continue;
    validationLoss.push(logLoss(scores, input.labels, validation, input.weights));
    if ((validationLoss[round] ?? NaN) < (validationLoss[best] ?? NaN)) best = round;
    if (options.patience !== null && round - best >= options.patience) break;
  }
  const kept = validation === undefined ? trees : trees.slice(0, best + 1);
  return { ensemble: { baseScore, trees: kept }, gain: [...grower.gain], validationLoss };
}

/** The log-odds of the share of ones: the best score that is the same for all. */
function baseScoreOf({ labels, rows, weights }: BoosterInput): number {
  let [ones, all] = [0, 0];
  for (const row of rows) {
    const weight = weights?.[row] ?? 1;
    ones += weight * (labels[row] ?? 0);
    all += weight;
  }
  if (!(ones > 0 && ones < all))
    throw new RangeError('There is nothing to learn where all labels are the same.');
  return logOdds(ones / all);
}

function differentiate({ rows, labels, weights }: BoosterInput, scores: Float64Array, into: Gradients): void {
  for (const row of rows) {
    const probability = logistic(scores[row] ?? 0);
    const weight = weights?.[row] ?? 1;
    into.first[row] = weight * (probability - (labels[row] ?? 0));
    into.second[row] = weight * Math.max(probability * (1 - probability), 1e-16);
  }
}

function drawRows(rows: Int32Array, fraction: number, random: RandomStream): Int32Array {
  if (fraction === 1) return Int32Array.from(rows);
  const drawn = rows.filter(() => random.uniform() < fraction);
  return drawn.length === 0 ? Int32Array.from(rows) : drawn;
}

/** So many different features, ascending. */
function drawFeatures(count: number, fraction: number, random: RandomStream): readonly number[] {
  const features = Array.from({ length: count }, (_, index) => index);
  if (fraction === 1) return features;
  const wanted = Math.max(1, Math.round(fraction * count));
  return features
    .map((feature) => ({ feature, draw: random.uniform() }))
    .sort((a, b) => a.draw - b.draw)
    .slice(0, wanted)
    .map(({ feature }) => feature)
    .sort((a, b) => a - b);
}

function checkOptions(options: BoosterOptions): void {
  const { rounds, maxDepth, learningRate, lambda, minChildWeight, rowFraction, columnFraction } = options;
  const isShare = (value: number): boolean => value > 0 && value <= 1;
  const faults: readonly (readonly [boolean, string])[] = [
    [Number.isInteger(rounds) && rounds >= 1, `rounds ${rounds}`],
    [Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= 16, `maxDepth ${maxDepth}`],
    [isShare(learningRate), `learningRate ${learningRate}`],
    [lambda >= 0, `lambda ${lambda}`],
    [minChildWeight >= 0, `minChildWeight ${minChildWeight}`],
    [isShare(rowFraction), `rowFraction ${rowFraction}`],
    [isShare(columnFraction), `columnFraction ${columnFraction}`],
  ];
  const fault = faults.find(([isFine]) => !isFine);
  if (fault !== undefined) throw new RangeError(`A booster cannot have ${fault[1]}.`);
}
