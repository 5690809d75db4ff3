import { z } from 'zod';

/**
 * A decision tree as columns, one value per node, the root first and children after their parents. A row goes left at an
 * inner node when its feature is below the threshold, and where the tree has learnt to send it when it has none (NaN).
 */
export interface Tree {
  /** Index of the feature that an inner node asks for; −1 at a leaf. */
  readonly feature: readonly number[];
  readonly threshold: readonly number[];
  /** Indices of the children within the tree; 0 at a leaf. */
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly missingLeft: readonly boolean[];
  /** What a leaf adds to the score, in log-odds; 0 at an inner node. */
  readonly value: readonly number[];
}

/** The sum of many trees. Scores are log-odds. */
export interface TreeEnsemble {
  /** The score before the first tree. */
  readonly baseScore: number;
  readonly trees: readonly Tree[];
}

const MAX_TREES = 10_000;
const MAX_NODES = 100_000;

const treeSchema = z
  .strictObject({
    feature: z.array(z.int().min(-1)).min(1).max(MAX_NODES).readonly(),
    threshold: z.array(z.number()).readonly(),
    left: z.array(z.int().min(0)).readonly(),
    right: z.array(z.int().min(0)).readonly(),
    missingLeft: z.array(z.boolean()).readonly(),
    value: z.array(z.number()).readonly(),
  })
  .refine(
    ({ feature, ...columns }) => Object.values(columns).every(({ length }) => length === feature.length),
    'the columns of a tree must be equally long',
  )
  .refine(
    ({ feature, left, right }) =>
      feature.every(
        (asked, node) =>
          asked < 0 ||
          [left[node], right[node]].every(
            (child) => child !== undefined && child > node && child < feature.length,
          ),
      ),
    'the children of a node must come after it',
  );

export const treeEnsembleSchema = z.strictObject({
  baseScore: z.number(),
  trees: z.array(treeSchema).max(MAX_TREES).readonly(),
});

/** Trees laid out for inference: all nodes of all trees one after the other. */
export interface CompiledTrees {
  readonly baseScore: number;
  /** Where each tree begins. */
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly missingLeft: Uint8Array;
  readonly value: Float64Array;
}

export function compileTrees({ baseScore, trees }: TreeEnsemble): CompiledTrees {
  const nodes = trees.reduce((total, { feature }) => total + feature.length, 0);
  const compiled: CompiledTrees = {
    baseScore,
    roots: new Int32Array(trees.length),
    feature: new Int32Array(nodes),
    threshold: new Float64Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    value: new Float64Array(nodes),
  };
  let root = 0;
  for (const [index, tree] of trees.entries()) {
    compiled.roots[index] = root;
    compiled.feature.set(tree.feature, root);
    compiled.threshold.set(tree.threshold, root);
    compiled.value.set(tree.value, root);
    for (let node = 0; node < tree.feature.length; node += 1) {
      compiled.left[root + node] = root + (tree.left[node] ?? 0);
      compiled.right[root + node] = root + (tree.right[node] ?? 0);
      compiled.missingLeft[root + node] = tree.missingLeft[node] === true ? 1 : 0;
    }
    root += tree.feature.length;
  }
  return compiled;
}

/**
 * The score of one row in log-odds. Allocates nothing.
 * @param features the row, NaN for what is missing
 */
export function scoreOf(trees: CompiledTrees, features: Float64Array): number {
  let score = trees.baseScore;
  for (const root of trees.roots) score += trees.value[leafOf(trees, root, features)] ?? 0;
  return score;
}

/** The leaf that a row ends in, from a node on. */
function leafOf(trees: CompiledTrees, root: number, features: Float64Array): number {
  let node = root;
  for (let asked = trees.feature[node] ?? -1; asked >= 0; asked = trees.feature[node] ?? -1)
    node = childOf(trees, node, features[asked] ?? NaN);
  return node;
}

/** Where a row goes from an inner node. NaN is not below anything: it goes right unless the tree says otherwise. */
function childOf(
  { threshold, left, right, missingLeft }: CompiledTrees,
  node: number,
  value: number,
): number {
  const goesLeft = value < (threshold[node] ?? NaN) || (missingLeft[node] === 1 && Number.isNaN(value));
  return (goesLeft ? left[node] : right[node]) ?? 0;
}

/**
 * What each feature has added to the score of one row: the changes of the mean score along its path through every tree, each
 * counted to the feature that was asked for (A. Saabas, "Interpreting random forests", 2014). Together with the mean score of
 * the roots they make the score. For reasons, not for hot loops.
 * @param means of {@link nodeMeans}
 */
export function contributionsOf(
  trees: CompiledTrees,
  means: Float64Array,
  features: Float64Array,
): Float64Array {
  const contributions = new Float64Array(features.length);
  for (const root of trees.roots) {
    let node = root;
    for (let asked = trees.feature[node] ?? -1; asked >= 0; asked = trees.feature[node] ?? -1) {
      const next = childOf(trees, node, features[asked] ?? NaN);
      contributions[asked] = (contributions[asked] ?? 0) + (means[next] ?? 0) - (means[node] ?? 0);
      node = next;
    }
  }
  return contributions;
}

/** The mean score below every node, each leaf counting the same. Children come after their parents. */
export function nodeMeans({ feature, left, right, value }: CompiledTrees): Float64Array {
  const means = Float64Array.from(value);
  const leaves = new Float64Array(value.length).fill(1);
  for (let node = value.length - 1; node >= 0; node -= 1) {
    if ((feature[node] ?? -1) < 0) continue;
    const [a, b] = [left[node] ?? 0, right[node] ?? 0];
    const [inA, inB] = [leaves[a] ?? 1, leaves[b] ?? 1];
    leaves[node] = inA + inB;
    means[node] = ((means[a] ?? 0) * inA + (means[b] ?? 0) * inB) / (inA + inB);
  }
  return means;
}

/** The probability that belongs to log-odds. */
export const logistic = (score: number): number => 1 / (1 + Math.exp(-score));

/** The log-odds of a probability. */
export const logOdds = (probability: number): number => Math.log(probability / (1 - probability));
