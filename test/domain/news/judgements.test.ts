import fc from 'fast-check';
import { judgementQuality, majority, type Direction, type Judgement } from '../../../domain/news/judgements';

const row = (truth: Direction, label: Direction | null, sentiment: number = label ?? 0): Judgement => ({
  truth,
  answer: label === null ? null : { label, sentiment },
});

it('are as worked out by hand', () => {
  const rows = [
    row(1, 1, 0.8),
    row(1, 0, 0),
    row(1, -1, -0.4),
    row(0, 0, 0),
    row(0, 1, 0.8),
    row(-1, -1, -0.4),
    row(-1, null),
    row(-1, -1, -0.4),
  ];
  const quality = judgementQuality(rows);
  // Right: rows 1, 4, 6 and 8 of 8; the row without an answer is wrong.
  expect(quality.accuracy).toBe(4 / 8);
  // Bullish: 1 right, 3 true, 2 told. Neutral: 1, 2, 2. Bearish: 2, 3, 3.
  expect(quality.macroF1).toBeCloseTo((2 / 5 + 2 / 4 + 4 / 6) / 3, 12);
  // Both have a direction in rows 1, 3, 6 and 8, and the same in three of them.
  expect(quality.direction).toBe(3 / 4);
  // Truth 1 1 1 0 0 -1 -1 (mean 1/7), sentiment 0.8 0 -0.4 0 0.8 -0.4 -0.4 (mean 0.4/7).
  const cross = 1.2 - (1 / 7) * 0.4;
  const spread = (5 - 1 / 7) * (1.76 - (0.4 * 0.4) / 7);
  expect(quality.correlation).toBeCloseTo(cross / Math.sqrt(spread), 12);
  // Bins: -0.4 three times, truths 1 -1 -1; 0 twice, truths 1 0; 0.8 twice, truths 1 0.
  expect(quality.calibrationError).toBeCloseTo(
    (Math.abs(-1.2 + 1) + Math.abs(0 - 1) + Math.abs(1.6 - 1)) / 7,
    12,
  );
  const squares = 0.04 + 1 + 1.96 + 0 + 0.64 + 0.36 + 0.36;
  expect(quality.squaredError).toBeCloseTo(squares / 7, 12);
});

it('are null where they are not defined', () => {
  const nothing = {
    ...{ accuracy: null, macroF1: null, direction: null, correlation: null },
    ...{ calibrationError: null, squaredError: null },
  };
  expect(judgementQuality([])).toEqual(nothing);
  expect(judgementQuality([row(1, null)])).toEqual({ ...nothing, accuracy: 0, macroF1: 0 });
  expect(judgementQuality([row(0, 0), row(0, 0)])).toMatchObject({ direction: null, correlation: null });
});

it('are perfect for whoever knows, and stay within their bounds for anybody', () => {
  const direction = fc.constantFrom<Direction>(-1, 0, 1);
  const judgement = fc.tuple(direction, fc.option(direction), fc.double({ min: -1, max: 1, noNaN: true }));
  fc.assert(
    fc.property(fc.array(judgement, { minLength: 1, maxLength: 40 }), (drawn) => {
      const knowing = judgementQuality(drawn.map(([truth]) => row(truth, truth)));
      expect(knowing).toMatchObject({ accuracy: 1, macroF1: 1, calibrationError: 0, squaredError: 0 });
      const quality = judgementQuality(
        drawn.map(([truth, label, sentiment]) => row(truth, label, sentiment)),
      );
      for (const value of [quality.accuracy, quality.macroF1, quality.direction ?? 0])
        expect(value).toBeGreaterThanOrEqual(0);
      expect(quality.calibrationError ?? 0).toBeLessThanOrEqual(2);
      expect(quality.squaredError ?? 0).toBeLessThanOrEqual(4);
    }),
  );
});

it('a majority is the most frequent label, and of equals the neutral one', () => {
  expect(majority([1, 1, 0, -1])).toBe(1);
  expect(majority([1, 1, 0, 0])).toBe(0);
  expect(majority([-1, 1])).toBe(-1);
  expect(majority([])).toBe(0);
});
