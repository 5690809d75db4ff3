import fc from 'fast-check';
import { calibrate } from '../../../backtest/learn/calibrate';
import { buildDataset, uniqueness, type Dataset } from '../../../backtest/learn/dataset';
import { judge } from '../../../backtest/learn/judge';
import { areaUnderCurve, reliability, scoring } from '../../../backtest/learn/scoring';
import { learner, trainSignalModel } from '../../../backtest/learn/signal-model';
import { timeFolds } from '../../../backtest/learn/time-folds';
import { sliceColumns } from '../../../domain/bar-columns';
import { UserError } from '../../../domain/errors';
import { calibrated } from '../../../domain/learning/calibration';
import { logistic } from '../../../domain/learning/trees';
import { RandomStream } from '../../../domain/random';
import { findStrategy } from '../../../domain/strategies/registry';
import { START_MS } from '../support';
import { clockMarket, dataOf, HOUR_MS, request } from './setup';

const BARS = 1_600;

function datasetOf(bars = clockMarket(1, 800, 0.002), change: Parameters<typeof request>[0] = {}): Dataset {
  const wanted = request(change);
  const { set, proposer } = learner(wanted);
  const { horizonBars, feeFraction, symbols } = wanted;
  return buildDataset({ ...dataOf(bars), symbols, features: set, proposer, horizonBars, feeFraction });
}

const rowOf = ({ matrix, closeMs, net }: Dataset, index: number) => ({
  closeMs: closeMs[index],
  net: net[index],
  features: matrix.columns.map((column) => column[index]),
});

describe('examples', () => {
  it('are decided on closed bars only: another future changes nothing of what was known', () => {
    const bars = clockMarket(1, 800, 0.002);
    const whole = datasetOf(bars);
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 790 }), (known) => {
        const other = clockMarket(2, 800, -0.01);
        const mixed = Object.fromEntries(
          (['open', 'high', 'low', 'close', 'volume'] as const).map((name) => [
            name,
            bars[name].map((value, index) => (index < known ? value : (other[name][index] ?? NaN))),
          ]),
        );
        const altered = datasetOf({ ...bars, ...mixed });
        const until = START_MS + known * HOUR_MS;
        whole.closeMs.forEach((closeMs, index) => {
          if (closeMs > until) return;
          expect(rowOf(altered, index).features).toEqual(rowOf(whole, index).features);
          if ((whole.endMs[index] ?? Infinity) <= until)
            expect(rowOf(altered, index).net).toBe(rowOf(whole, index).net);
        });
      }),
      { numRuns: 8 },
    );
  });

  it('end with the data: an outcome that lies beyond it makes none', () => {
    const bars = clockMarket(1, 800, 0.002);
    const { endMs, closeMs } = datasetOf(sliceColumns(bars, 0, 600));
    const until = START_MS + 600 * HOUR_MS;
    expect(Math.max(...endMs)).toBeLessThanOrEqual(until);
    const all = datasetOf(bars);
    const early = all.endMs.filter((end) => end <= until).length;
    expect(closeMs.length).toBe(early);
  });

  it('of a strategy are its entries, ended by its exits', () => {
    const primary = findStrategy('rsi').parse({ period: 5, atrPeriod: 5, oversold: 40, overbought: 55 });
    const { closeMs } = datasetOf(clockMarket(1, 800, 0.002), { primary });
    const all = datasetOf();
    expect(closeMs.length).toBeGreaterThan(5);
    expect(closeMs.length).toBeLessThan(all.closeMs.length / 3);
  });

  it('count by how much of their time they have for themselves', () => {
    // The first two share a moment, the third is alone.
    const weights = uniqueness(Float64Array.of(0, 5, 20), Float64Array.of(10, 8, 25));
    // Decisions at 0 (alone), 5 (two alive), 20: means 3/4, 1/2, 1, scaled to a mean of 1.
    const mean = (0.75 + 0.5 + 1) / 3;
    expect([...weights]).toEqual([0.75 / mean, 0.5 / mean, 1 / mean]);
  });
});

it('folds never learn from what shows only in a test, or stands too near to it', () => {
  fc.assert(
    fc.property(
      fc.record({
        bars: fc.integer({ min: 200, max: 900 }),
        folds: fc.integer({ min: 2, max: 6 }),
        purge: fc.integer({ min: 1, max: 20 }),
        embargo: fc.integer({ min: 0, max: 10 }),
      }),
      ({ bars, folds, purge, embargo }) => {
        const closeMs = Float64Array.from({ length: bars }, (_, index) => START_MS + index * HOUR_MS);
        const [purgeMs, embargoMs] = [purge * HOUR_MS, embargo * HOUR_MS];
        const found = timeFolds({ examples: { closeMs }, barMs: HOUR_MS, purgeMs, embargoMs, folds });
        expect(found).toHaveLength(folds);
        for (const [index, { train, test }] of found.entries()) {
          expect(test.fromMs - train.toMs).toBeGreaterThanOrEqual(purgeMs + embargoMs);
          if (index > 0) expect(test.fromMs).toBe(found[index - 1]?.test.toMs);
        }
      },
    ),
  );
});

describe('calibration', () => {
  const drawn = (seed: number, a: number, b: number, count: number) => {
    const random = new RandomStream(seed);
    const scores = Float64Array.from({ length: count }, () => 2 * random.normal());
    const labels = Uint8Array.from(scores, (score) => (random.uniform() < logistic(a * score + b) ? 1 : 0));
    return { scores, labels };
  };

  it("finds Platt's sigmoid, at which the sum of what is told is that of its targets", () => {
    const held = drawn(3, 0.5, -1, 8_000);
    const found = calibrate('platt', held);
    if (found.kind !== 'platt') throw new Error('It is no sigmoid.');
    expect(found.a).toBeCloseTo(0.5, 1);
    expect(Math.abs(found.b + 1)).toBeLessThan(0.1);
    const ones = held.labels.reduce((total, label) => total + label, 0);
    const told = held.scores.reduce((total, score) => total + calibrated(found, score), 0);
    const zeros = 8_000 - ones;
    expect(told).toBeCloseTo((ones * (ones + 1)) / (ones + 2) + zeros / (zeros + 2), 3);
  });

  it('does not believe scores the other way round', () => {
    const found = calibrate('platt', drawn(3, -1, 0, 500));
    expect(calibrated(found, 5)).toBe(calibrated(found, -5));
  });

  it('pools what falls, so that the isotonic line rises and keeps the mean of every block', () => {
    const found = calibrate('isotonic', {
      scores: Float64Array.of(1, 2, 3, 4, 5, 6),
      labels: Uint8Array.of(0, 1, 0, 0, 1, 1),
    });
    // 1, 0, 0 are pooled to a third at their mean score; the two ones at the end to one.
    expect(found).toEqual({ kind: 'isotonic', scores: [1, 3, 5.5], probabilities: [0, 1 / 3, 1] });
    expect([0, 1, 2, 3, 9].map((score) => calibrated(found, score))).toEqual([0, 0, 1 / 6, 1 / 3, 1]);
  });

  it('never falls with the score, whatever it has seen', () => {
    const example = fc.record({
      score: fc.integer({ min: -20, max: 20 }),
      label: fc.integer({ min: 0, max: 1 }),
    });
    fc.assert(
      fc.property(fc.array(example, { minLength: 1, maxLength: 40 }), (examples) => {
        const held = {
          scores: Float64Array.from(examples, ({ score }) => score / 4),
          labels: Uint8Array.from(examples, ({ label }) => label),
        };
        for (const kind of ['platt', 'isotonic'] as const) {
          const found = calibrate(kind, held);
          const line = Array.from({ length: 61 }, (_, index) => calibrated(found, (index - 30) / 5));
          line.forEach((value, index) => {
            expect(value).toBeGreaterThanOrEqual(line[index - 1] ?? 0);
          });
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('scores of probabilities', () => {
  it('are the written formulas', () => {
    const { logLoss, brier, auc, rate, baseBrier } = scoring(
      Float64Array.of(0.9, 0.2, 0.6),
      Uint8Array.of(1, 0, 0),
      0.5,
    );
    expect(logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.8) + Math.log(0.4)) / 3, 12);
    expect(brier).toBeCloseTo((0.01 + 0.04 + 0.36) / 3, 12);
    expect([auc, rate, baseBrier]).toEqual([1, 1 / 3, 0.25]);
  });

  it('the area under the curve counts pairs, ties half', () => {
    const row = fc.record({ told: fc.integer({ min: 0, max: 5 }), label: fc.integer({ min: 0, max: 1 }) });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 25 }), (rows) => {
        const pairs = rows.flatMap((one) =>
          rows
            .filter(({ label }) => one.label === 1 && label === 0)
            .map((zero) => Math.sign(one.told - zero.told) / 2 + 0.5),
        );
        const expected =
          pairs.length === 0 ? null : pairs.reduce((total, part) => total + part, 0) / pairs.length;
        const found = areaUnderCurve(
          Float64Array.from(rows, ({ told }) => told),
          Uint8Array.from(rows, ({ label }) => label),
        );
        if (expected === null) expect(found).toBeNull();
        else expect(found).toBeCloseTo(expected, 9);
      }),
      { numRuns: 200 },
    );
  });

  it('reliability holds what was told against what was found', () => {
    expect(reliability(Float64Array.of(0.1, 0.9, 0.3, 0.7), Uint8Array.of(0, 1, 1, 1), 2)).toEqual([
      { examples: 2, told: 0.2, found: 0.5 },
      { examples: 2, told: 0.8, found: 1 },
    ]);
  });

  it('a judgement tells knowledge from chance', () => {
    const told = (edge: number) => {
      const random = new RandomStream(5);
      return Array.from({ length: 2_000 }, (_, index) => {
        const probability = 0.3 + 0.4 * random.uniform();
        const label = random.uniform() < (edge === 0 ? 0.5 : probability) ? 1 : 0;
        return {
          closeMs: index * HOUR_MS,
          probability,
          label,
          net: label === 1 ? 0.01 : -0.01,
          baseRate: 0.5,
        };
      });
    };
    const judgeOf = (edge: number) =>
      judge({ told: told(edge), threshold: 0.6, groupMs: 6 * HOUR_MS, seed: 1 });
    const [knows, guesses] = [judgeOf(1), judgeOf(0)];
    expect([knows.isBetter, guesses.isBetter]).toEqual([true, false]);
    expect(knows.verdict).toMatch(/^Better than the base rate by .* a gain that chance hardly explains\.$/);
    expect(guesses.verdict).toMatch(/^No better than the base rate: .* no gain that is more than chance\.$/);
    expect(knows.chosenNet.observed).toBeGreaterThan(knows.allNet);
  });
});

describe('training', () => {
  const known = trainSignalModel(request(), dataOf(clockMarket(1, BARS, 0.003)));

  it('finds what there is to know, and which feature knows it', () => {
    const { judgement, importance, folds } = known.trained;
    expect(judgement.isBetter).toBe(true);
    expect(judgement.auc).toBeGreaterThan(0.65);
    const byShuffling = importance.toSorted((a, b) => b.permutation - a.permutation);
    expect([importance[0]?.feature, byShuffling[0]?.feature]).toEqual(['hour', 'hour']);
    expect(folds.map(({ isCalibrated }) => isCalibrated)).toEqual([false, true, true]);
    expect(known.notes).toEqual(['Not there in this data, so not learnt from: mood.']);
    for (const { told, found } of judgement.reliability) expect(Math.abs(told - found)).toBeLessThan(0.2);
  });

  it('says so where there is nothing to know', () => {
    const { trained } = trainSignalModel(request(), dataOf(clockMarket(2, BARS, 0)));
    expect(trained.judgement.isBetter).toBe(false);
    expect(trained.judgement.verdict).toMatch(/^No better than the base rate/);
  });

  it('gives the same model for the same seed, another for another', () => {
    const bars = clockMarket(1, 900, 0.003);
    const train = (seed: number): string => {
      const wanted = request();
      const { model } = trainSignalModel({ ...wanted, booster: { ...wanted.booster, seed } }, dataOf(bars));
      return JSON.stringify(model);
    };
    expect(train(1)).toBe(train(1));
    expect(train(1)).not.toBe(train(2));
  });

  it('refuses too little to learn from, and says what to do', () => {
    const train = () => trainSignalModel(request({ folds: 5 }), dataOf(clockMarket(1, 600, 0.003)));
    expect(train).toThrow(UserError);
    expect(train).toThrow('There are too few examples');
    expect(() => trainSignalModel(request(), dataOf(clockMarket(1, 12, 0)))).toThrow('proposes no entry');
    expect(() => trainSignalModel(request({ features: ['luck'] }), dataOf(clockMarket(1, 12, 0)))).toThrow(
      'There is no feature "luck".',
    );
  });
});
