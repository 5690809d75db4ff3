import type { Bar } from '../../domain/bar';
import { adx, atr, ema, emaWarmupBars, rsi, wilderWarmupBars } from '../../domain/indicators';
import { barsOf, random, walk } from './fixtures';

/** Plain loops after the published formulas, to hold the library to. */
const oracle = {
  smoothed(values: readonly number[], period: number, alpha: number): number[] {
    let average = mean(values.slice(0, period));
    return [average, ...values.slice(period).map((value) => (average += alpha * (value - average)))];
  },
  rsi(closes: readonly number[], period: number): number[] {
    const changes = closes.slice(1).map((close, index) => close - at(closes, index));
    const gains = this.smoothed(
      changes.map((change) => Math.max(change, 0)),
      period,
      1 / period,
    );
    const losses = this.smoothed(
      changes.map((change) => Math.max(-change, 0)),
      period,
      1 / period,
    );
    return gains.map((gain, index) => (100 * gain) / (gain + at(losses, index)));
  },
  trueRanges: (bars: readonly Bar[]): number[] =>
    bars.slice(1).map((bar, index) => {
      const { close } = at(bars, index);
      return Math.max(bar.high, close) - Math.min(bar.low, close);
    }),
  adx(bars: readonly Bar[], period: number): number[] {
    const moves = bars.slice(1).map((bar, index) => {
      const previous = at(bars, index);
      const [up, down] = [bar.high - previous.high, previous.low - bar.low];
      return { plus: up > down && up > 0 ? up : 0, minus: down > up && down > 0 ? down : 0 };
    });
    const [plus, minus] = (['plus', 'minus'] as const).map((side) =>
      this.smoothed(
        moves.map((move) => move[side]),
        period,
        1 / period,
      ),
    );
    const strengths = (plus ?? []).map((up, index) => {
      const down = at(minus ?? [], index);
      return (100 * Math.abs(up - down)) / (up + down);
    });
    return this.smoothed(strengths, period, 1 / period);
  },
};

const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new Error(`No value at ${index}`);
  return value;
}

const closes = walk(7, 400);
const next = random(11);
const bars = barsOf(closes).map((bar) => ({ ...bar, high: bar.high + next(), low: bar.low - next() }));

function expectSame(actual: readonly number[], expected: readonly number[], places: number): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, index) => {
    expect(value).toBeCloseTo(at(expected, index), places);
  });
}

describe('against plain loops over a random walk', () => {
  it('EMA', () => {
    expectSame(ema(closes, 12), oracle.smoothed(closes, 12, 2 / 13), 9);
  });

  it('RSI, to the two decimals that the library keeps', () => {
    const rounded = oracle.rsi(closes, 14).map((value) => Math.round(value * 100) / 100);
    expectSame(rsi(closes, 14), rounded, 2);
  });

  it('ATR', () => {
    expectSame(atr(bars, 14), oracle.smoothed(oracle.trueRanges(bars), 14, 1 / 14), 9);
  });

  it('ADX, once settled', () => {
    expect(adx(bars, 14).at(-1)).toBeCloseTo(at(oracle.adx(bars, 14), -1 + oracle.adx(bars, 14).length), 6);
  });
});

it('RSI: the worked example of StockCharts (Wilder, 14 periods)', () => {
  const example = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931,
    46.0328, 45.614, 46.282, 46.282, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
  ];
  expectSame(rsi(example, 14), [70.53, 66.32, 66.55, 69.41, 66.36, 57.97], 1);
});

describe('without any movement', () => {
  const flat = barsOf(Array<number>(60).fill(100), 0);

  it('RSI is in the middle, until something moves', () => {
    expect(rsi(Array<number>(20).fill(100), 14)).toEqual([50, 50, 50, 50, 50, 50]);
    expect(rsi([...Array<number>(20).fill(100), 101], 14).slice(-2)).toEqual([50, 100]);
    expect(rsi([...Array<number>(20).fill(100), 99], 14).slice(-2)).toEqual([50, 0]);
  });

  it('ATR is zero', () => {
    expect(atr(flat, 14).at(-1)).toBe(0);
  });

  it('ADX is not known, and begins with the first move', () => {
    expect(adx(flat, 14)).toEqual([]);
    const moving = adx([...flat, ...bars], 14);
    expect(moving.length).toBeGreaterThan(300);
    expect(moving.every(Number.isFinite)).toBe(true);
  });
});

it('gives nothing before its own warm-up', () => {
  expect(ema(closes.slice(0, 11), 12)).toEqual([]);
  expect(rsi(closes.slice(0, 14), 14)).toEqual([]);
  expect(atr(bars.slice(0, 14), 14)).toEqual([]);
  expect(adx(bars.slice(0, 27), 14)).toEqual([]);
});

describe('the warm-up', () => {
  const long = walk(3, 5_000);

  test.each([12, 26, 100, 400])('settles an EMA(%d): more history changes nothing that matters', (period) => {
    const settled = ema(long.slice(-emaWarmupBars(period)), period).at(-1) ?? NaN;
    expect(Math.abs(settled / (ema(long, period).at(-1) ?? NaN) - 1)).toBeLessThan(1e-7);
  });

  test.each([7, 14, 50, 200])('settles an ATR(%d) and an ADX(%d)', (period) => {
    const history = barsOf(long);
    const window = history.slice(-wilderWarmupBars(period));
    expect(
      Math.abs((atr(window, period).at(-1) ?? NaN) / (atr(history, period).at(-1) ?? NaN) - 1),
    ).toBeLessThan(1e-6);
    expect(adx(window, period).at(-1)).toBeCloseTo(adx(history, period).at(-1) ?? NaN, 3);
  });
});
