import { lengthOf, maximum, percentile, union, without } from './statistics';

describe('percentile', () => {
  it.each([
    [[5], 50, 5],
    [[1, 2, 3, 4], 50, 2],
    [[4, 3, 2, 1, 5], 50, 3],
    [[10, 1, 2], 99, 10],
    [Array.from({ length: 100 }, (_, index) => index + 1), 99, 99],
    [Array.from({ length: 101 }, (_, index) => index + 1), 99, 100],
    [[1, 2, 3], 0, 1],
  ])('of %j at %d is %d', (values, percent, expected) => {
    expect(percentile(values, percent)).toBe(expected);
  });

  it('of nothing is null', () => {
    expect(percentile([], 50)).toBeNull();
    expect(maximum([])).toBeNull();
  });

  it('leaves its argument alone', () => {
    const values = [3, 1, 2];
    percentile(values, 50);
    expect(values).toEqual([3, 1, 2]);
  });
});

describe('spans', () => {
  const span = (fromMs: number, toMs: number) => ({ fromMs, toMs });

  it('are joined where they touch or overlap', () => {
    expect(union([span(5, 8), span(0, 3), span(3, 4), span(6, 7)])).toEqual([span(0, 4), span(5, 8)]);
  });

  it.each([
    ['in the middle', [span(2, 4)], [span(0, 2), span(4, 10)]],
    ['at both ends', [span(-5, 1), span(9, 12)], [span(1, 9)]],
    ['everywhere', [span(-1, 11)], []],
    ['nowhere', [span(20, 30)], [span(0, 10)]],
    ['twice the same', [span(2, 4), span(3, 5)], [span(0, 2), span(5, 10)]],
  ])('lose what is cut out %s', (_, excluded, left) => {
    expect(without([span(0, 10)], excluded)).toEqual(left);
  });

  it('have a length', () => {
    expect(lengthOf([span(0, 2), span(5, 6)])).toBe(3);
  });
});
