import fc from 'fast-check';
import { returnIntervals, shuffledDrawdown, tradeIntervals } from '../../../backtest/truth/confidence';
import { againstRandomEntries, priceByOpens, type PlacedTrade } from '../../../backtest/truth/random-entries';
import { intervals, shuffled, stationaryBootstrap } from '../../../backtest/truth/resampling';
import { ownMetrics } from '../../../domain/performance/metrics';
import { RandomStream } from '../../../domain/random';
import { mean, sampleDeviation } from '../../../domain/statistics';
import { handWorked } from '../../domain/performance/hand-worked';

const sampling = { runs: 500, seed: 7, confidence: 0.9 };
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

describe('drawing samples', () => {
  it('a shuffle has every value once; a seed gives the same one', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (values, seed) => {
        const first = shuffled(values, new RandomStream(seed));
        expect(first.toSorted()).toEqual(values.toSorted());
        expect(shuffled(values, new RandomStream(seed))).toEqual(first);
      }),
    );
  });

  it('every order is as likely: of 6,000 shuffles of three, each about 1,000', () => {
    const random = new RandomStream(1);
    const seen = new Map<string, number>();
    for (let run = 0; run < 6_000; run += 1) {
      const order = shuffled(['a', 'b', 'c'], random).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    // Four standard deviations of a binomial: 4 · √(6000 · 1/6 · 5/6) = 115
    for (const count of seen.values()) expect(Math.abs(count - 1_000)).toBeLessThan(115);
  });

  it.each([1, 5, 20])('blocks of a mean length of %d: so often does the next value follow', (meanBlock) => {
    const count = 20_000;
    const drawn = stationaryBootstrap(meanBlock)(numbers(count), new RandomStream(3));
    const followed = drawn.filter(
      (value, index) => index > 0 && value === ((drawn[index - 1] ?? 0) + 1) % count,
    ).length;
    const share = 1 - 1 / meanBlock;
    expect(Math.abs(followed / count - share)).toBeLessThan(
      4 * Math.sqrt((share * (1 - share)) / count) + 1e-3,
    );
    expect(Math.abs(mean(drawn) / count - 0.5)).toBeLessThan(0.06);
  });

  it('an interval of a mean is what theory says: ± 1.645 s / √n for 90 %', () => {
    const random = new RandomStream(11);
    const values = Array.from({ length: 400 }, () => random.normal());
    const found = intervals({
      values,
      statistics: (drawn) => ({ mean: mean(drawn) }),
      resample: stationaryBootstrap(1),
      runs: 2_000,
      seed: 5,
      confidence: 0.9,
    }).mean;
    const half = (1.645 * sampleDeviation(values)) / Math.sqrt(400);
    expect(((found.high ?? 0) - (found.low ?? 0)) / 2 / half).toBeCloseTo(1, 1);
    expect(found.observed).toBe(mean(values));
  });

  it('longer blocks keep what hangs together: of a trending series the mean is less certain', () => {
    const random = new RandomStream(2);
    let level = 0;
    const values = Array.from({ length: 600 }, () => (level = 0.9 * level + random.normal()));
    const width = (meanBlock: number): number => {
      const { mean: found } = intervals({
        values,
        statistics: (drawn) => ({ mean: mean(drawn) }),
        resample: stationaryBootstrap(meanBlock),
        ...sampling,
      });
      return (found.high ?? 0) - (found.low ?? 0);
    };
    expect(width(30)).toBeGreaterThan(2 * width(1));
  });

  it.each([
    [{ runs: 0 }, /at least one run/],
    [{ confidence: 1 }, /between 0 and 1/],
  ])('refuses %j', (wrong, message) => {
    expect(() => returnIntervals([0.1], { ...sampling, ...wrong })).toThrow(message);
  });
});

describe('confidence of metrics', () => {
  const returns = [0.1, -0.1, 0.1, -0.1, 0.1];

  it('what was observed is what the metrics say, and lies between', () => {
    const metrics = ownMetrics(handWorked);
    for (const [name, interval] of Object.entries(returnIntervals(returns, sampling))) {
      expect(interval.observed).toBeCloseTo(metrics[name] ?? Number.NaN, 9);
      expect(interval.low).toBeLessThanOrEqual(interval.high ?? Number.NaN);
    }
    for (const [name, interval] of Object.entries(tradeIntervals(handWorked.trades, sampling)))
      expect(interval.observed).toBeCloseTo(metrics[name] ?? Number.NaN, 9);
  });

  it('says in how many samples a metric is not defined at all', () => {
    // With blocks of one, five draws of five have no loss in (3/5)^5 = 7.8 % of the samples.
    const { sortino } = returnIntervals(returns, { ...sampling, runs: 4_000, meanBlock: 1 });
    expect(1 - sortino.definedShare).toBeCloseTo(0.6 ** 5, 1);
  });

  it('the same seed tells the same, another another', () => {
    const tell = (seed: number): unknown =>
      returnIntervals(
        Array.from({ length: 50 }, (_, i) => Math.sin(i) / 100),
        { ...sampling, seed },
      );
    expect(tell(1)).toEqual(tell(1));
    expect(tell(1)).not.toEqual(tell(2));
  });

  it('the order alone: a win and a loss of 10 from 100 fall by 10/110 or by 10/100', () => {
    const trades = [
      { closeTimeMs: 1, profit: 10 },
      { closeTimeMs: 2, profit: -10 },
    ];
    const { maxDrawdown, maxDrawdownAbsolute } = shuffledDrawdown(trades, 100, sampling);
    expect(maxDrawdown).toMatchObject({ observed: 10 / 110, low: 10 / 110, high: 10 / 100, definedShare: 1 });
    expect(maxDrawdownAbsolute).toMatchObject({ low: 10, high: 10 });
  });
});

describe('against random entries', () => {
  // What a trade gains is the number of its bar: the later, the better.
  const test = (entryBar: number) =>
    againstRandomEntries({
      trades: [{ entryBar, bars: 1, side: 'long' }],
      price: (trade) => trade.entryBar,
      barCount: 11,
      runs: 9_999,
      seed: 4,
    });

  it('the best of ten entries is matched by chance once in ten, the worst always', () => {
    expect(test(9).pValue).toBeCloseTo(0.1, 2);
    expect(test(0).pValue).toBe(1);
    // Four standard errors: 4 · 2.87 / √9999
    expect(Math.abs(test(9).mean - 4.5)).toBeLessThan(0.115);
  });

  it('is never zero, and keeps holding times and sides', () => {
    const seen = new Set<string>();
    let asked = 0;
    const { pValue } = againstRandomEntries({
      trades: [
        { entryBar: 1, bars: 3, side: 'short' },
        { entryBar: 0, bars: 9, side: 'long' },
      ],
      price: ({ entryBar, bars, side }) => {
        seen.add(`${side} ${bars} ${entryBar + bars < 10 ? 'inside' : 'outside'}`);
        return 0;
      },
      barCount: 10,
      runs: 50,
      seed: 1,
      // The first is asked of what happened: nothing reaches it.
      statistic: () => (asked += 1) * -1,
    });
    expect([...seen].sort()).toEqual(['long 9 inside', 'short 3 inside']);
    expect(pValue).toBe(1 / 51);
  });

  it('prices by opens, by hand', () => {
    const price = priceByOpens([100, 110, 99], { stake: 1_000, feeRate: 0.001 });
    // 10 × 10 less 0.1 % of 1,000 and of 1,100
    expect(price({ entryBar: 0, bars: 1, side: 'long' })).toBeCloseTo(97.9, 9);
    // 1,000 / 110 × 11 less 0.1 % of 1,000 and of 900
    expect(price({ entryBar: 1, bars: 1, side: 'short' })).toBeCloseTo(98.1, 9);
  });

  it('tells entries that know the future from entries that do not', () => {
    const random = new RandomStream(8);
    let level = 100;
    const opens = Array.from({ length: 2_000 }, () => (level *= 1 + 0.01 * random.normal()));
    const at = (entryBar: number): PlacedTrade => ({ entryBar, bars: 5, side: 'long' });
    const places = numbers(1_990).filter((bar) => bar % 20 === 0);
    const judge = (trades: readonly PlacedTrade[]): number =>
      againstRandomEntries({
        trades,
        price: priceByOpens(opens, { stake: 1_000, feeRate: 0.001 }),
        barCount: opens.length,
        runs: 500,
        seed: 6,
      }).pValue;
    const foresighted = places.filter((bar) => (opens[bar + 5] ?? 0) > (opens[bar] ?? 0));
    expect(judge(foresighted.map(at))).toBe(1 / 501);
    expect(judge(places.map(at))).toBeGreaterThan(0.05);
  });

  it.each([
    [{ entryBar: 9, bars: 1 }, 10],
    [{ entryBar: 0, bars: 0 }, 10],
    [{ entryBar: -1, bars: 2 }, 10],
  ])('refuses a trade %j that does not fit into %d bars', (trade, barCount) => {
    expect(() =>
      againstRandomEntries({
        trades: [{ ...trade, side: 'long' }],
        price: () => 0,
        barCount,
        runs: 1,
        seed: 1,
      }),
    ).toThrow(RangeError);
  });
});
