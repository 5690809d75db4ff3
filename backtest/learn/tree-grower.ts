import type { Tree } from '../../domain/learning/trees';
import { MISSING_BIN, type BinnedMatrix } from './bins';

/** What holds a tree back. Weights are sums of hessians, as in XGBoost. */
export interface TreeLimits {
  readonly maxDepth: number;
  readonly learningRate: number;
  /** L2 penalty of leaf values. */
  readonly lambda: number;
  readonly minChildWeight: number;
  /** Splits that gain less are not made. */
  readonly minSplitGain: number;
}

/** First and second derivatives of the loss by the score, one for each row of the matrix. */
export interface Gradients {
  readonly first: Float64Array;
  readonly second: Float64Array;
}

export interface GrownTree {
  readonly tree: Tree;
  /** The bin below and in which rows go left, by node: for rows that are in bins already. */
  readonly bin: readonly number[];
}

interface Split {
  readonly feature: number;
  readonly bin: number;
  readonly missingLeft: boolean;
  readonly gain: number;
}

/** Rows `from` to just before `to` of the grower's order, and the sums of their derivatives. */
interface Segment {
  readonly from: number;
  readonly to: number;
  readonly first: number;
  readonly second: number;
}

/** Histograms of two children; `counted` is the one of them that is not their parent's memory. */
interface Shares {
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly counted: Float64Array;
}

const SLOTS = 256;
/** Two numbers per slot. */
const STRIDE = 2 * SLOTS;
/** What differences of sums leave behind where there is no row. */
const NOTHING = 1e-9;
/** XGBoost's kRtEps: gains of rounding errors alone. */
const LEAST_GAIN = 1e-6;

/**
 * Grows one tree after another over the same bins, depth first. Of two children only the smaller one's histogram is counted;
 * the other is the difference from their parent's. Split gain and leaf values are those of T. Chen and C. Guestrin, "XGBoost:
 * A Scalable Tree Boosting System", KDD 2016, section 2.2, the gain without its factor ½, as XGBoost reports it.
 */
export class TreeGrower {
  /** Total gain of the splits on each feature, over all trees. */
  readonly gain: Float64Array;
  private readonly spare: Float64Array[] = [];
  private readonly aside: Int32Array;
  private rows: Int32Array = new Int32Array(0);
  private features: readonly number[] = [];
  private gradients: Gradients = { first: new Float64Array(0), second: new Float64Array(0) };
  private nodes = new NodeList();

  constructor(
    private readonly binned: BinnedMatrix,
    private readonly limits: TreeLimits,
    maxRows: number,
  ) {
    this.gain = new Float64Array(binned.columns.length);
    this.aside = new Int32Array(maxRows);
  }

  /**
   * @param rows the rows to learn from, which come out in another order
   * @param features the features that may be asked for, ascending
   */
  grow(rows: Int32Array, features: readonly number[], gradients: Gradients): GrownTree {
    this.rows = rows;
    this.features = features;
    this.gradients = gradients;
    this.nodes = new NodeList();
    const whole = this.segment(0, rows.length);
    const histogram = this.count(whole);
    this.growNode(whole, histogram, this.limits.maxDepth);
    this.spare.push(histogram);
    return this.nodes.grown();
  }

  /** @returns the index of the node */
  private growNode(segment: Segment, histogram: Float64Array | null, depth: number): number {
    const { nodes } = this;
    const split = histogram === null ? null : this.bestSplit(segment, histogram);
    if (histogram === null || split === null) {
      const { learningRate, lambda } = this.limits;
      return nodes.addLeaf((-learningRate * segment.first) / (segment.second + lambda));
    }
    const { feature, bin } = split;
    this.gain[feature] = (this.gain[feature] ?? 0) + split.gain;
    const node = nodes.addSplit(split, this.binned.cuts[feature]?.[bin] ?? Number.MAX_VALUE);
    const middle = this.partition(segment, split);
    const left = this.segment(segment.from, middle);
    const right = this.segment(middle, segment.to);
    const shares = depth > 1 ? this.shareOut(histogram, left, right) : null;
    nodes.left[node] = this.growNode(left, shares?.left ?? null, depth - 1);
    nodes.right[node] = this.growNode(right, shares?.right ?? null, depth - 1);
    if (shares !== null) this.spare.push(shares.counted);
    return node;
  }

  /** Histograms of both children; that of the larger one takes the place of their parent's. */
  private shareOut(parent: Float64Array, left: Segment, right: Segment): Shares {
    const leftIsSmaller = left.to - left.from <= right.to - right.from;
    const counted = this.count(leftIsSmaller ? left : right);
    for (const feature of this.features) {
      const end = (feature + 1) * STRIDE;
      for (let at = feature * STRIDE; at < end; at += 1) parent[at] = (parent[at] ?? 0) - (counted[at] ?? 0);
    }
    const [ofLeft, ofRight] = leftIsSmaller ? [counted, parent] : [parent, counted];
    return { left: ofLeft, right: ofRight, counted };
  }

  private segment(from: number, to: number): Segment {
    const { rows, gradients } = this;
    let [first, second] = [0, 0];
    for (let at = from; at < to; at += 1) {
      const row = rows[at] ?? 0;
      first += gradients.first[row] ?? 0;
      second += gradients.second[row] ?? 0;
    }
    return { from, to, first, second };
  }

  private count({ from, to }: Segment): Float64Array {
    const { rows } = this;
    const { first, second } = this.gradients;
    const histogram = this.spare.pop() ?? new Float64Array(this.binned.columns.length * STRIDE);
    histogram.fill(0);
    for (const feature of this.features) {
      const bins = this.binned.columns[feature] ?? new Uint8Array(0);
      const start = feature * STRIDE;
      for (let at = from; at < to; at += 1) {
        const row = rows[at] ?? 0;
        const slot = start + 2 * (bins[row] ?? 0);
        histogram[slot] = (histogram[slot] ?? 0) + (first[row] ?? 0);
        histogram[slot + 1] = (histogram[slot + 1] ?? 0) + (second[row] ?? 0);
      }
    }
    return histogram;
  }

  private bestSplit(segment: Segment, histogram: Float64Array): Split | null {
    let best: Split | null = null;
    for (const feature of this.features) {
      const found = this.bestOf(feature, segment, histogram);
      if (found !== null && (best === null || found.gain > best.gain)) best = found;
    }
    return best;
  }

  /** Rows without a value are tried on both sides; where there is none, it would go with the heavier child. */
  private bestOf(feature: number, { first, second }: Segment, histogram: Float64Array): Split | null {
    const { lambda, minChildWeight, minSplitGain } = this.limits;
    const start = feature * STRIDE;
    const missing = start + 2 * MISSING_BIN;
    const [missingFirst, missingSecond] = [histogram[missing] ?? 0, histogram[missing + 1] ?? 0];
    const hasMissing = missingSecond > NOTHING;
    const ofParent = (first * first) / (second + lambda);
    const bins = this.binned.cuts[feature]?.length ?? 0;
    let [leftFirst, leftSecond] = [0, 0];
    let best: Split | null = null;
    let least = Math.max(minSplitGain, LEAST_GAIN);
    const consider = (bin: number, a: number, b: number, missingLeft: boolean): void => {
      const rest = second - b;
      if (b <= NOTHING || rest <= NOTHING || b < minChildWeight || rest < minChildWeight) return;
      const gain = (a * a) / (b + lambda) + (first - a) ** 2 / (rest + lambda) - ofParent;
      if (gain <= least) return;
      least = gain;
      best = { feature, bin, gain, missingLeft: hasMissing ? missingLeft : 2 * b > second };
    };
    for (let bin = 0; bin < bins; bin += 1) {
      leftFirst += histogram[start + 2 * bin] ?? 0;
      leftSecond += histogram[start + 2 * bin + 1] ?? 0;
      consider(bin, leftFirst, leftSecond, false);
      if (hasMissing) consider(bin, leftFirst + missingFirst, leftSecond + missingSecond, true);
    }
    // All that have a value against those that have none.
    if (hasMissing) consider(bins, first - missingFirst, second - missingSecond, false);
    return best;
  }

  /** Brings the rows that go left before those that go right, each in the order they had. @returns where the latter begin */
  private partition({ from, to }: Segment, { feature, bin, missingLeft }: Split): number {
    const { rows, aside } = this;
    const bins = this.binned.columns[feature] ?? new Uint8Array(0);
    let middle = from;
    let away = 0;
    for (let at = from; at < to; at += 1) {
      const row = rows[at] ?? 0;
      if (binGoesLeft(bins[row] ?? 0, bin, missingLeft)) rows[middle++] = row;
      else aside[away++] = row;
    }
    rows.set(aside.subarray(0, away), middle);
    return middle;
  }
}

const binGoesLeft = (found: number, bin: number, missingLeft: boolean): boolean =>
  found === MISSING_BIN ? missingLeft : found <= bin;

/** The value of the leaf that a row of the bins ends in: the same leaf that its values lead to. */
export function leafValueOf({ tree, bin }: GrownTree, { columns }: BinnedMatrix, row: number): number {
  let node = 0;
  for (let asked = tree.feature[node] ?? -1; asked >= 0; asked = tree.feature[node] ?? -1) {
    const found = columns[asked]?.[row] ?? MISSING_BIN;
    const goesLeft = binGoesLeft(found, bin[node] ?? 0, tree.missingLeft[node] === true);
    node = (goesLeft ? tree.left[node] : tree.right[node]) ?? 0;
  }
  return tree.value[node] ?? 0;
}

/** A tree that is being put together. */
class NodeList {
  readonly left: number[] = [];
  readonly right: number[] = [];
  private readonly feature: number[] = [];
  private readonly threshold: number[] = [];
  private readonly missingLeft: boolean[] = [];
  private readonly value: number[] = [];
  private readonly bin: number[] = [];

  addLeaf(value: number): number {
    return this.add(-1, 0, false, value, 0);
  }

  addSplit({ feature, bin, missingLeft }: Split, threshold: number): number {
    return this.add(feature, threshold, missingLeft, 0, bin);
  }

  grown(): GrownTree {
    const { feature, threshold, left, right, missingLeft, value, bin } = this;
    return { tree: { feature, threshold, left, right, missingLeft, value }, bin };
  }

  private add(feature: number, threshold: number, missingLeft: boolean, value: number, bin: number): number {
    this.feature.push(feature);
    this.threshold.push(threshold);
    this.missingLeft.push(missingLeft);
    this.value.push(value);
    this.bin.push(bin);
    this.left.push(0);
    return this.right.push(0) - 1;
  }
}
