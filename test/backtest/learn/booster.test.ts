import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { binMatrix, MISSING_BIN } from '../../../backtest/learn/bins';
import { logLoss, trainBooster, type BoosterOptions } from '../../../backtest/learn/booster';
import { readRow, rowsFrom, type FeatureMatrix } from '../../../backtest/learn/matrix';
import {
  compileTrees,
  contributionsOf,
  logistic,
  nodeMeans,
  scoreOf,
  type Tree,
} from '../../../domain/learning/trees';
import { RandomStream } from '../../../domain/random';

interface XgboostNode {
  readonly split?: string;
  readonly gain?: number;
  readonly leaf?: number;
  readonly children?: readonly XgboostNode[];
}

interface XgboostParameters {
  readonly max_depth: number;
  readonly eta: number;
  readonly lambda: number;
  readonly min_child_weight: number;
  readonly gamma?: number;
}

const fixture = JSON.parse(readFileSync(join(__dirname, 'fixtures/xgboost.json'), 'utf8')) as {
  readonly version: string;
  readonly cases: readonly {
    readonly name: string;
    readonly parameters: XgboostParameters;
    readonly rounds: number;
    readonly columns: readonly (readonly (number | null)[])[];
    readonly labels: readonly number[];
    readonly weights: readonly number[];
    readonly trees: readonly XgboostNode[];
    readonly scores: readonly number[];
  }[];
  readonly task: {
    readonly parameters: XgboostParameters;
    readonly rounds: number;
    readonly columns: readonly (readonly number[])[];
    readonly labels: string;
    readonly logLoss: number;
    readonly accuracy: number;
  };
};

const optionsOf = (parameters: XgboostParameters, rounds: number): BoosterOptions => ({
  rounds,
  maxDepth: parameters.max_depth,
  learningRate: parameters.eta,
  lambda: parameters.lambda,
  minChildWeight: parameters.min_child_weight,
  minSplitGain: parameters.gamma ?? 0,
  ...{ rowFraction: 1, columnFraction: 1, maxBins: 255, patience: null, seed: 1 },
});

const matrixOf = (columns: readonly (readonly (number | null)[])[]): FeatureMatrix => ({
  rows: columns[0]?.length ?? 0,
  names: columns.map((_, index) => `f${index}`),
  columns: columns.map((column) => Float64Array.from(column, (value) => value ?? NaN)),
});

/** What a tree asks for, in the order of a walk that goes left first. */
function asked(tree: Tree, node = 0): readonly string[] {
  const feature = tree.feature[node] ?? -1;
  if (feature < 0) return [];
  return [`f${feature}`, ...asked(tree, tree.left[node]), ...asked(tree, tree.right[node])];
}

const askedByXgboost = ({ split, children = [] }: XgboostNode): readonly string[] =>
  split === undefined ? [] : [split, ...children.flatMap((child) => askedByXgboost(child))];

const gainByXgboost = (node: XgboostNode, feature: string): number =>
  (node.split === feature ? (node.gain ?? 0) : 0) +
  (node.children ?? []).reduce((total, child) => total + gainByXgboost(child, feature), 0);

describe.each(fixture.cases)('against XGBoost, $name', (sample) => {
  const matrix = matrixOf(sample.columns);
  const { ensemble, gain } = trainBooster({
    matrix,
    labels: Uint8Array.from(sample.labels),
    weights: Float64Array.from(sample.weights),
    rows: rowsFrom(0, matrix.rows),
    options: optionsOf(sample.parameters, sample.rounds),
  });

  it('asks for the same features in the same order', () => {
    expect(ensemble.trees.map((tree) => asked(tree))).toEqual(
      sample.trees.map((tree) => askedByXgboost(tree)),
    );
  });

  it('gives every row the same score, to the precision of its floats', () => {
    const compiled = compileTrees(ensemble);
    const row = new Float64Array(sample.columns.length);
    const worst = sample.scores.map((score, index) =>
      Math.abs(score - scoreOf(compiled, readRow(matrix, index, row))),
    );
    expect(Math.max(...worst)).toBeLessThan(2e-6);
  });

  it('gains as much with each feature', () => {
    for (const [index, name] of matrix.names.entries()) {
      const expected = sample.trees.reduce((total, tree) => total + gainByXgboost(tree, name), 0);
      expect(Math.abs((gain[index] ?? NaN) - expected)).toBeLessThan(1e-4 * Math.max(1, expected));
    }
  });
});

describe('on a task', () => {
  const { columns, labels: digits, parameters, rounds, logLoss: theirs, accuracy } = fixture.task;
  const matrix = matrixOf(columns.map((column) => column.map((value) => value / 64)));
  const labels = Uint8Array.from(digits, Number);
  const [train, test] = [rowsFrom(0, 2_000), rowsFrom(2_000, 3_000)];
  const learn = (options: Partial<BoosterOptions>, validation?: Int32Array) =>
    trainBooster({
      ...{ matrix, labels, rows: train },
      ...(validation !== undefined && { validation }),
      options: { ...optionsOf(parameters, rounds), ...options },
    });
  const judge = ({ ensemble }: ReturnType<typeof learn>): { loss: number; right: number } => {
    const compiled = compileTrees(ensemble);
    const row = new Float64Array(columns.length);
    const scores = Float64Array.from({ length: matrix.rows }, (_, index) =>
      scoreOf(compiled, readRow(matrix, index, row)),
    );
    const right = test.filter((index) => (scores[index] ?? 0) > 0 === (labels[index] === 1)).length;
    return { loss: logLoss(scores, labels, test), right: right / test.length };
  };

  it('is as good as XGBoost with as many trees, with few bins too', () => {
    for (const maxBins of [255, 32]) {
      const { loss, right } = judge(learn({ maxBins }));
      expect(loss).toBeLessThan(theirs * 1.03);
      expect(right).toBeGreaterThan(accuracy - 0.015);
    }
  });

  it('stops early where more trees do harm, and keeps the best', () => {
    const options = { learningRate: 0.5, maxDepth: 6, rounds: 200, patience: 10 };
    const { ensemble, validationLoss } = learn(options, test);
    const best = validationLoss.indexOf(Math.min(...validationLoss));
    expect([ensemble.trees.length, validationLoss.length]).toEqual([best + 1, best + 11]);
    expect(best).toBeLessThan(100);
    expect(judge({ ensemble, gain: [], validationLoss }).loss).toBeCloseTo(validationLoss[best] ?? NaN, 12);
  });

  it('draws rows and features by its seed alone', () => {
    const drawn = { rowFraction: 0.5, columnFraction: 0.5, rounds: 5 };
    const once = JSON.stringify(learn({ ...drawn, seed: 7 }));
    expect(JSON.stringify(learn({ ...drawn, seed: 7 }))).toBe(once);
    expect(JSON.stringify(learn({ ...drawn, seed: 8 }))).not.toBe(once);
  });
});

it('learns where to send missing values', () => {
  const random = new RandomStream(4);
  const values = Array.from({ length: 400 }, () => (random.uniform() < 0.5 ? NaN : random.uniform()));
  const labels = Uint8Array.from(values, (value) => (Number.isNaN(value) || value > 0.8 ? 1 : 0));
  const { ensemble } = trainBooster({
    matrix: { rows: 400, names: ['x'], columns: [Float64Array.from(values)] },
    ...{ labels, rows: rowsFrom(0, 400) },
    options: optionsOf({ max_depth: 2, eta: 1, lambda: 0, min_child_weight: 0 }, 3),
  });
  const compiled = compileTrees(ensemble);
  const probability = (value: number): number => logistic(scoreOf(compiled, Float64Array.of(value)));
  expect([NaN, 0.9, 0.1].map((value) => Math.round(probability(value)))).toEqual([1, 1, 0]);
});

it('puts a row on the same side by its value as by its bin', () => {
  const value = fc.oneof(fc.double({ noNaN: false }), fc.constantFrom(0, -0, 1, 1, 1, Number.MIN_VALUE));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 2, maxLength: 60 }),
      fc.integer({ min: 2, max: 8 }),
      (values, maxBins) => {
        const column = Float64Array.from(values);
        const matrix = { rows: column.length, names: ['x'], columns: [column] };
        const { cuts, columns } = binMatrix(matrix, rowsFrom(0, column.length), maxBins);
        const [own = new Float64Array(0), bins] = [cuts[0], columns[0]];
        expect(own.length).toBeLessThan(maxBins);
        for (const [row, found] of column.entries()) {
          if (Number.isNaN(found)) expect(bins?.[row]).toBe(MISSING_BIN);
          else for (const [bin, cut] of own.entries()) expect((bins?.[row] ?? NaN) <= bin).toBe(found < cut);
        }
      },
    ),
  );
});

it('tells what each feature has added to a score', () => {
  const { columns, labels } = fixture.cases[0] ?? { columns: [], labels: [] };
  const matrix = matrixOf(columns);
  const { ensemble } = trainBooster({
    matrix,
    ...{ labels: Uint8Array.from(labels), rows: rowsFrom(0, matrix.rows) },
    options: optionsOf({ max_depth: 3, eta: 0.3, lambda: 1, min_child_weight: 1 }, 5),
  });
  const compiled = compileTrees(ensemble);
  const means = nodeMeans(compiled);
  const atRoots = compiled.roots.reduce((total, root) => total + (means[root] ?? 0), compiled.baseScore);
  const row = readRow(matrix, 3, new Float64Array(columns.length));
  const parts = contributionsOf(compiled, means, row);
  expect(parts.reduce((total, part) => total + part, atRoots)).toBeCloseTo(scoreOf(compiled, row), 12);
});

it('refuses what cannot be learnt', () => {
  const input = {
    matrix: { rows: 2, names: ['x'], columns: [Float64Array.of(1, 2)] },
    rows: rowsFrom(0, 2),
    options: optionsOf({ max_depth: 2, eta: 1, lambda: 0, min_child_weight: 0 }, 3),
  };
  expect(() => trainBooster({ ...input, labels: Uint8Array.of(1, 1) })).toThrow('all labels are the same');
  const labels = Uint8Array.of(0, 1);
  expect(() => trainBooster({ ...input, labels, options: { ...input.options, maxDepth: 0 } })).toThrow(
    'maxDepth 0',
  );
  expect(() => trainBooster({ ...input, labels, options: { ...input.options, maxBins: 256 } })).toThrow(
    '256',
  );
});
