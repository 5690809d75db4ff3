import { normalCdf, normalQuantile, studentTwoSided } from '../../domain/distributions';

/** The answers are SciPy's: `stats.norm.cdf(x)`, `stats.norm.ppf(p)` and `2 * stats.t.sf(abs(t), d)`. */
const near = (value: number, expected: number, relative = 1e-12): void => {
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(relative * Math.max(Math.abs(expected), 1e-300));
};

it.each([
  [-8, 6.22096057427174e-16],
  [-3, 0.0013498980316300933],
  [-1.5, 0.06680720126885807],
  [-0.4, 0.3445782583896758],
  [0, 0.5],
  [0.7, 0.758036347776927],
  [1.96, 0.9750021048517795],
  [4.2, 0.9999866542509841],
])('the normal distribution function at %d', (x, expected) => {
  near(normalCdf(x), expected);
});

it.each([
  [1e-9, -5.9978070150076865],
  [0.001, -3.090232306167813],
  [0.025, -1.9599639845400545],
  [0.3, -0.5244005127080409],
  [0.8, 0.8416212335729143],
  [0.99, 2.3263478740408408],
  [0.999999, 4.753424308817087],
])('the normal quantile at %d', (share, expected) => {
  near(normalQuantile(share), expected);
});

it('the normal quantile at its edges and its middle', () => {
  expect([0, 1].map(normalQuantile)).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  expect(normalQuantile(0.5)).toBeCloseTo(0, 15);
});

it.each([
  [0, 5, 1],
  [0.3, 1, 0.8144528418445154],
  [-2.1, 9, 0.06511828241215196],
  [4, 59, 0.0001789606787297292],
  [0.1414, 59, 0.8880356583498196],
  [12, 199, 2.5799606747931776e-25],
  [1e-3, 3, 0.9992648949694609],
])('a t of %d with %d degrees of freedom', (t, degrees, expected) => {
  near(studentTwoSided(t, degrees), expected, 1e-10);
});
