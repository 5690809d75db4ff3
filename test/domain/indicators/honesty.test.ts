import { correlation } from '../../../domain/indicators/correlation';
import { rollingMoments, zScore } from '../../../domain/indicators/moments';
import { ema, sma } from '../../../domain/indicators/moving-average';
import { obv } from '../../../domain/indicators/obv';
import { realisedVolatility } from '../../../domain/indicators/volatility';
import { vwap } from '../../../domain/indicators/vwap';
import { random } from '../fixtures';

/**
 * Rolling sums over a quarter of a million bars, with ten upsets in them, against each window computed for itself. A sum that adds the newest and takes off the
 * oldest value, or a variance from the mean of squares, does not come through.
 */

const BARS = 250_000;
const PERIOD = 20;
const TOLERANCE = 1e-12;

type Column = (index: number, noise: number) => number;

/** Prices by what they do; `noise` is uniform in −0.5…0.5. */
const MARKETS: Readonly<Record<string, Column>> = {
  'prices of 1e5': (_, noise) => 1e5 * (1 + 0.01 * noise),
  'prices of 1e-6': (_, noise) => 1e-6 * (1 + 0.01 * noise),
  'prices of 1e5 that move by 1e-4': (_, noise) => 1e5 + 1e-4 * noise,
  'prices that fall from 1e5 to 1e-6': (index, noise) => (index < BARS / 2 ? 1e5 : 1e-6) * (1 + 0.01 * noise),
  'prices of 1 with spikes to 1e9': (index, noise) => (index % 24_989 === 7 ? 1e9 : 1 + 0.01 * noise),
};

function columnOf(column: Column, seed: number): Float64Array {
  const next = random(seed);
  return new Float64Array(BARS).map((_, index) => column(index, next() - 0.5));
}

/** Windows that are looked at: one in 1,009 of all, and those around every upset. */
const ENDS = Array.from({ length: BARS }, (_, index) => index).filter(
  (index) => index >= PERIOD && (index % 1_009 === 0 || index % 24_989 < 40 || index >= BARS - 40),
);

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/** Mean and population deviation in two passes. */
function momentsOf(window: Float64Array): { readonly mean: number; readonly deviation: number } {
  const [pivot = NaN] = window;
  const mean = pivot + total(window.map((value) => value - pivot)) / window.length;
  return { mean, deviation: Math.sqrt(total(window.map((value) => (value - mean) ** 2)) / window.length) };
}

/** The greatest distance from what is right, in units of `scale`, over the windows that are looked at. */
function worst(
  actual: Float64Array,
  expected: (from: number, to: number) => { readonly value: number; readonly scale: number },
): number {
  let greatest = 0;
  for (const end of ENDS) {
    const { value, scale } = expected(end - PERIOD + 1, end + 1);
    greatest = Math.max(greatest, Math.abs((actual[end] ?? NaN) - value) / scale);
  }
  return greatest;
}

const others = columnOf((_, noise) => 1e5 + noise, 6);

describe.each(Object.entries(MARKETS))('%s', (_, column) => {
  const prices = columnOf(column, 5);
  const moments = (from: number, to: number): ReturnType<typeof momentsOf> =>
    momentsOf(prices.subarray(from, to));

  it('mean', () => {
    const error = worst(sma(prices, PERIOD), (from, to) => {
      const { mean } = moments(from, to);
      return { value: mean, scale: mean };
    });
    expect(error).toBeLessThan(TOLERANCE);
  });

  it('deviation', () => {
    const deviations = rollingMoments(prices, PERIOD).variance.map(Math.sqrt);
    const error = worst(deviations, (from, to) => {
      const { deviation } = moments(from, to);
      return { value: deviation, scale: deviation };
    });
    expect(error).toBeLessThan(TOLERANCE);
  });

  it('z-score', () => {
    const error = worst(zScore(prices, PERIOD), (from, to) => {
      const { mean, deviation } = moments(from, to);
      const newest = prices[to - 1] ?? NaN;
      return {
        value: (newest - mean) / deviation,
        scale: 1 + (Number.EPSILON * mean) / deviation / TOLERANCE,
      };
    });
    expect(error).toBeLessThan(TOLERANCE);
  });

  it('correlation', () => {
    const error = worst(correlation(prices, others, PERIOD), (from, to) => {
      const [x, y] = [prices.subarray(from, to), others.subarray(from, to)];
      const [ofX, ofY] = [momentsOf(x), momentsOf(y)];
      const covariance = total(x.map((value, k) => (value - ofX.mean) * ((y[k] ?? NaN) - ofY.mean))) / PERIOD;
      return { value: covariance / (ofX.deviation * ofY.deviation), scale: 1 };
    });
    expect(error).toBeLessThan(1e-9);
  });

  it('realised volatility', () => {
    const squares = prices.map((value, index) => Math.log(value / (prices[index - 1] ?? NaN)) ** 2);
    const error = worst(realisedVolatility(prices, PERIOD), (from, to) => {
      const value = Math.sqrt(total(squares.subarray(from, to)) / PERIOD);
      return { value, scale: value };
    });
    expect(error).toBeLessThan(TOLERANCE);
  });

  it('volume-weighted average price, with volumes that do as the prices do', () => {
    const error = worst(vwap(others, prices, PERIOD), (from, to) => {
      const volumes = prices.subarray(from, to);
      const [pivot = NaN] = others.subarray(from, to);
      const weighted = total(volumes.map((volume, k) => volume * ((others[from + k] ?? NaN) - pivot)));
      const value = pivot + weighted / total(volumes);
      return { value, scale: value };
    });
    expect(error).toBeLessThan(TOLERANCE);
  });
});

test('on-balance volume is the exact sum, hundreds of thousands of bars on', () => {
  const next = random(9);
  const closes = new Float64Array(BARS).map(next);
  const units = new Float64Array(BARS).map(() => Math.floor(next() * 2 ** 32));
  // Every third volume is 2^30 times as large as its neighbours: a running sum of doubles must round them.
  const isLarge = (index: number): boolean => index % 3 === 0;
  const volumes = units.map((unit, index) => (isLarge(index) ? unit : unit * 2 ** -30));
  const sums = { large: units[0] ?? NaN, small: 0 };
  for (let i = 1; i < BARS; i += 1) {
    const isUp = (closes[i] ?? NaN) > (closes[i - 1] ?? NaN);
    sums[isLarge(i) ? 'large' : 'small'] += isUp ? (units[i] ?? NaN) : -(units[i] ?? NaN);
  }
  const exact = (BigInt(sums.large) << 30n) + BigInt(sums.small);
  const newest = obv(closes, volumes).at(-1) ?? NaN;
  expect(newest).toBe(Number(exact) / 2 ** 30);
});

test('an exponential average of equal values is that value', () => {
  const values = new Float64Array(1_000).fill(0.1);
  expect(new Set(ema(values, 20).subarray(19))).toEqual(new Set([0.1]));
  expect(new Set(sma(values, 20).subarray(19))).toEqual(new Set([0.1]));
});

describe('a value that is not a number', () => {
  const values = Float64Array.from({ length: 60 }, (_, index) => (index === 25 ? NaN : index));
  it.each([
    ['mean', sma(values, 5)],
    ['score', zScore(values, 5)],
    ['correlation', correlation(values, values, 5)],
  ])('is undefined for the windows that hold it, and for no other: %s', (_, output) => {
    const missing = [...output].flatMap((value, index) => (Number.isNaN(value) ? [index] : []));
    expect(missing).toEqual([0, 1, 2, 3, 25, 26, 27, 28, 29]);
  });

  it('is passed over at the beginning of a smoothing', () => {
    const whole = Float64Array.from({ length: 40 }, (_, index) => Math.sin(index));
    const later = Float64Array.from([NaN, NaN, NaN, ...whole]);
    expect(ema(later, 7).slice(3)).toEqual(ema(whole, 7));
  });
});
