import type { Calibration } from '../../domain/learning/calibration';
import { logistic } from '../../domain/learning/trees';

export const CalibrationKind = { Platt: 'platt', Isotonic: 'isotonic' } as const;
export type CalibrationKind = (typeof CalibrationKind)[keyof typeof CalibrationKind];

/** Scores of examples that the model has not learnt from, and what became of them. */
export interface Held {
  readonly scores: Float64Array;
  readonly labels: Uint8Array;
}

/** @throws RangeError when there is nothing to calibrate with */
export function calibrate(kind: CalibrationKind, held: Held): Calibration {
  if (held.scores.length === 0) throw new RangeError('There are no scores to calibrate with.');
  return kind === CalibrationKind.Platt ? platt(held) : isotonic(held);
}

const MAX_STEPS = 50;
/** Of the mean gradient, and of a step: what is left is rounding. */
const PRECISION = 1e-9;
const LEAST_STEP = 1e-4;

/**
 * Platt's sigmoid with his regularised targets, by Newton's method with backtracking as in H. Lin, C. Lin and R. Weng, "A Note
 * on Platt's Probabilistic Outputs for Support Vector Machines", 2007.
 */
function platt({ scores, labels }: Held): Calibration {
  const ones = labels.reduce((total, label) => total + label, 0);
  const zeros = labels.length - ones;
  const [high, low] = [(ones + 1) / (ones + 2), 1 / (zeros + 2)];
  const targetOf = (index: number): number => (labels[index] === 1 ? high : low);
  const lossOf = (a: number, b: number): number =>
    scores.reduce((total, score, index) => {
      const z = a * score + b;
      // The cross-entropy, written so that nothing overflows.
      return total + Math.max(z, 0) - z * targetOf(index) + Math.log1p(Math.exp(-Math.abs(z)));
    }, 0);
  let [a, b] = [0, Math.log((ones + 1) / (zeros + 1))];
  let loss = lossOf(a, b);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    let [ga, gb, haa, hab, hbb] = [0, 0, 1e-12, 0, 1e-12];
    for (let index = 0; index < scores.length; index += 1) {
      const score = scores[index] ?? 0;
      const p = logistic(a * score + b);
      const [first, second] = [p - targetOf(index), p * (1 - p)];
      ga += first * score;
      gb += first;
      haa += second * score * score;
      hab += second * score;
      hbb += second;
    }
    if (Math.max(Math.abs(ga), Math.abs(gb)) < PRECISION * scores.length) break;
    const determinant = haa * hbb - hab * hab;
    const [da, db] = [-(hbb * ga - hab * gb) / determinant, -(haa * gb - hab * ga) / determinant];
    let size = 1;
    let next = lossOf(a + da, b + db);
    while (next > loss && size > LEAST_STEP) {
      size /= 2;
      next = lossOf(a + size * da, b + size * db);
    }
    if (next > loss) break;
    [a, b, loss] = [a + size * da, b + size * db, next];
  }
  // Scores that are worse than none say nothing; they are not believed the other way round.
  return a >= 0 ? { kind: 'platt', a, b } : { kind: 'platt', a: 0, b: Math.log((ones + 1) / (zeros + 1)) };
}

interface Block {
  readonly score: number;
  readonly ones: number;
  readonly count: number;
}

/** Isotonic regression: neighbours that fall are pooled until none does (pool adjacent violators, M. Ayer and others, 1955). */
function isotonic({ scores, labels }: Held): Calibration {
  const order = Array.from(scores, (score, index) => ({ score, label: labels[index] ?? 0 })).sort(
    (x, y) => x.score - y.score,
  );
  const blocks: Block[] = [];
  for (const { score, label } of order) {
    let block: Block = { score, ones: label, count: 1 };
    for (let last = blocks.at(-1); last !== undefined && mustPool(last, block); last = blocks.at(-1)) {
      blocks.pop();
      block = pool(last, block);
    }
    blocks.push(block);
  }
  return {
    kind: 'isotonic',
    scores: blocks.map(({ score }) => score),
    probabilities: blocks.map(({ ones, count }) => ones / count),
  };
}

const mustPool = (before: Block, after: Block): boolean =>
  before.score === after.score || before.ones * after.count >= after.ones * before.count;

/** A block stands at the mean of its scores. */
const pool = (a: Block, b: Block): Block => ({
  score: (a.score * a.count + b.score * b.count) / (a.count + b.count),
  ones: a.ones + b.ones,
  count: a.count + b.count,
});
