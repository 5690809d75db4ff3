import {
  compileTrees,
  logistic,
  scoreOf,
  type CompiledTrees,
  type TreeEnsemble,
} from '../../domain/learning/trees';
import { RandomStream } from '../../domain/random';
import { shuffled } from '../truth/resampling';
import { logLossOf } from './booster';
import type { Dataset } from './dataset';
import { readRow } from './matrix';

/** A model and examples that it has not learnt from. */
interface OutOfSample {
  readonly ensemble: TreeEnsemble;
  readonly rows: Int32Array;
}

/**
 * How much worse the mean log-loss becomes when one feature is shuffled between the examples of a fold, for each feature
 * (L. Breiman, "Random Forests", 2001), over all folds. The same seed shuffles the same way.
 */
export function permutationLoss(
  dataset: Dataset,
  folds: readonly OutOfSample[],
  seed: number,
): readonly number[] {
  const random = new RandomStream(seed);
  const { names, columns } = dataset.matrix;
  const row = new Float64Array(names.length);
  let examples = 0;
  const worse = names.map(() => 0);
  for (const { ensemble, rows } of folds) {
    const trees = compileTrees(ensemble);
    examples += rows.length;
    const asked = new Set(trees.feature);
    const lossOf = (index: number): number => lossOfRow(trees, row, dataset.labels[rows[index] ?? 0] ?? 0);
    const plain = Array.from(rows, (source, index) => {
      readRow(dataset.matrix, source, row);
      return lossOf(index);
    });
    for (const feature of names.keys()) {
      const order = shuffled([...rows], random);
      if (!asked.has(feature)) continue;
      for (const [index, source] of rows.entries()) {
        readRow(dataset.matrix, source, row);
        row[feature] = columns[feature]?.[order[index] ?? 0] ?? NaN;
        worse[feature] = (worse[feature] ?? 0) + lossOf(index) - (plain[index] ?? 0);
      }
    }
  }
  return worse.map((total) => total / examples);
}

const lossOfRow = (trees: CompiledTrees, row: Float64Array, label: number): number =>
  logLossOf(logistic(scoreOf(trees, row)), label);
