import { fitLine, interleave, mean, median, percentile, ratio } from '../../bench/statistics';

const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

describe('percentile', () => {
  it.each([
    [50, 50],
    [99, 99],
    [99.5, 100],
    [100, 100],
    [1, 1],
  ])('the %sth of 1 to 100 is %s', (p, expected) => {
    expect(percentile(hundred, p)).toBe(expected);
  });

  it('is the largest of few samples, and always one that was measured', () => {
    expect(percentile([3, 9, 5], 99)).toBe(9);
    expect(percentile([3, 9, 5], 50)).toBe(5);
  });

  it.each([0, -1, 101, Number.NaN])('refuses the %sth', (p) => {
    expect(() => percentile([1], p)).toThrow(RangeError);
  });

  it('refuses nothing, and what is no number', () => {
    expect(() => percentile([], 50)).toThrow('no samples');
    expect(() => percentile([1, Number.NaN], 50)).toThrow('finite');
  });
});

it('median: the middle one, or the mean of two; the order does not matter', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 6])).toBe(5.5);
  expect(mean([1, 2, 6])).toBe(3);
});

it('ratio: value over baseline, and none to nothing', () => {
  expect(ratio(3, 2)).toBe(1.5);
  expect(() => ratio(3, 0)).toThrow(RangeError);
});

describe('interleave', () => {
  it('takes turns, changes the order with each pair and throws the warm-up away', async () => {
    const order: string[] = [];
    const run = (name: string) => (): Promise<number> => {
      order.push(name);
      return Promise.resolve(order.length);
    };
    const paired = await interleave({ subject: run('A'), baseline: run('B'), pairs: 3, warmUp: 1 });
    expect(order.join('')).toBe('BAABBAAB');
    expect(paired).toEqual({ subject: [3, 6, 7], baseline: [4, 5, 8] });
  });
});

describe('fitLine', () => {
  it('finds the line that points lie on', () => {
    const points = [0, 1, 2, 3].map((x) => [x, 5 - 2 * x] as const);
    const line = fitLine(points);
    expect(line.slope).toBeCloseTo(-2, 12);
    expect(line.intercept).toBeCloseTo(5, 12);
    expect(line.slopeError).toBeCloseTo(0, 12);
  });

  it('tells by how much chance moves the slope', () => {
    // Worked by hand: slope 0.6, residual sum 2.4, spread 10, so the error is √(2.4 / 3 / 10).
    const line = fitLine([
      [1, 2],
      [2, 4],
      [3, 5],
      [4, 4],
      [5, 5],
    ]);
    expect(line.slope).toBeCloseTo(0.6, 12);
    expect(line.slopeError).toBeCloseTo(Math.sqrt(0.08), 12);
  });

  it('refuses one point, and points above each other', () => {
    expect(() => fitLine([[1, 1]])).toThrow('two points');
    expect(() =>
      fitLine([
        [1, 1],
        [1, 2],
      ]),
    ).toThrow('same x');
  });
});
