import fc from 'fast-check';

import { allocateColumns, ColumnFeed, setBar } from '../../../emulator/market/bar-feed';
import { barMarket } from '../../../emulator/market/bar-market';
import { COMPANIONS, listingFor } from '../../../emulator/market/companions';
import { simulatedFacts } from '../../../emulator/market/fit/fit-dynamics';
import { correlation as correlationBetween, type SeriesFacts } from '../../../emulator/market/fit/statistics';
import { FITTED_FACTS, FITTED_PARAMETERS } from '../../../emulator/market/fitted-parameters';
import { NEWS_IMPACT } from '../../../emulator/market/news-events';
import { openMarketSource } from '../../../emulator/market/open-market';
import { SIMULATION_START_MS } from '../../../emulator/market/simulator';
import type { IntegerBar, MarketSource } from '../../../emulator/market/source';
import { expectSoundBar, expectSoundLadders, MINUTE_MS } from './fixtures';

const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const START = SIMULATION_START_MS;

const simulate = (seed: number, symbols?: readonly string[]): Promise<MarketSource> =>
  openMarketSource({ seed, symbols });
const hourOf = (market: MarketSource, symbol: string, hour: number): readonly IntegerBar[] =>
  market.bars(symbol, START + hour * HOUR_MS, START + (hour + 1) * HOUR_MS);

describe('the simulated market', () => {
  it('is the same for the same seed after a restart, whatever is asked first', async () => {
    const reference = await simulate(7);
    const hour = fc.integer({ min: 0, max: 24 * 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(hour, { minLength: 1, maxLength: 3 }), async (hours) => {
        const restarted = await simulate(7);
        for (const asked of hours) {
          expect(hourOf(restarted, 'ETHUSDT', asked)).toEqual(hourOf(reference, 'ETHUSDT', asked));
          const time = START + asked * HOUR_MS + 12_345;
          expect(restarted.at('BTCUSDT', time)).toEqual(reference.at('BTCUSDT', time));
        }
      }),
      { numRuns: 5 },
    );
  });

  it('is another one for another seed', async () => {
    const [one, two] = [await simulate(1), await simulate(2)];
    expect(hourOf(one, 'BTCUSDT', 30)).not.toEqual(hourOf(two, 'BTCUSDT', 30));
  });

  it('has the same prices whichever symbols are listed', async () => {
    const [all, one] = [await simulate(3), await simulate(3, ['SOLUSDT'])];
    expect(one.symbols.map(({ symbol }) => symbol)).toEqual(['SOLUSDT']);
    expect(hourOf(one, 'SOLUSDT', 5)).toEqual(hourOf(all, 'SOLUSDT', 5));
  });

  it('lists companions only for those who trade them, and leaves the other prices as they are', async () => {
    expect(listingFor(['BTCUSDT', 'LTCUSDT'])).toEqual([...listingFor([]), 'LTCUSDT']);
    const [without, beside] = [await simulate(3), await simulate(3, listingFor(['DOGEUSDT', 'LTCUSDT']))];
    expect(without.symbols.map(({ symbol }) => symbol)).toEqual(listingFor([]));
    for (const { symbol } of without.symbols)
      expect(hourOf(beside, symbol, 30)).toEqual(hourOf(without, symbol, 30));
    const alone = await simulate(3, ['LTCUSDT']);
    expect(hourOf(alone, 'LTCUSDT', 30)).toEqual(hourOf(beside, 'LTCUSDT', 30));
    hourOf(alone, 'LTCUSDT', 30).forEach((bar) => {
      expectSoundBar(bar);
    });
  });

  it.each(COMPANIONS.map(({ symbol, correlation }) => [symbol, correlation] as const))(
    '%s follows BTC with a correlation of about %s',
    async (symbol, correlation) => {
      const market = await simulate(1, ['BTCUSDT', symbol]);
      const returns = (of: string): Float64Array =>
        Float64Array.from(
          market
            .bars(of, START, START + 2 * DAY_MS)
            .map(({ open, close }) => Math.log(close / open))
            .map((value) => Math.max(-0.002, Math.min(0.002, value))),
        );
      expect(correlationBetween(returns('BTCUSDT'), returns(symbol))).toBeGreaterThan(correlation - 0.15);
    },
  );

  it('begins with its warm-up, never ends, and has every minute in between', async () => {
    const market = await simulate(1);
    expect(market.startMs).toBe(START);
    expect(market.endMs).toBe(Infinity);
    expect(market.sessionStartMs - START).toBeGreaterThanOrEqual(1_000 * MINUTE_MS);
    expect(market.at('BTCUSDT', START - 1)).toBeUndefined();
    const bars = market.bars('BTCUSDT', START - DAY_MS, START + 3 * DAY_MS);
    expect(bars).toHaveLength(3 * 1_440);
    bars.forEach((bar, index) => {
      expect(bar.openTimeMs).toBe(START + index * MINUTE_MS);
      expectSoundBar(bar);
      if (index > 0) expect(bar.open).toBe(bars[index - 1]?.close);
    });
  });

  it('runs on across days: steps over midnight are those of its parts, with sound ladders', async () => {
    const market = await simulate(5, ['BTCUSDT', 'XRPUSDT']);
    const [from, midnight, to] = [START + DAY_MS - 90_000, START + DAY_MS, START + DAY_MS + 90_000];
    const whole = [...market.steps(from, to)];
    expect(whole).toHaveLength(2 * 180);
    expect([...market.steps(from, midnight), ...market.steps(midnight, to)]).toEqual(whole);
    whole.forEach(expectSoundLadders);
  });

  it('plays its bars as if they had been recorded: the book does not begin anew at midnight', async () => {
    const market = await simulate(5, ['BTCUSDT']);
    const [spec] = market.symbols;
    if (!spec) throw new Error('no symbol');
    const bars = market.bars('BTCUSDT', START, START + 2 * DAY_MS);
    const columns = allocateColumns(bars.length);
    bars.forEach((bar, index) => {
      setBar(columns, index, bar);
    });
    const recorded = barMarket([{ spec, feed: new ColumnFeed(columns) }], market);
    const [from, to] = [START + DAY_MS - 30_000, START + DAY_MS + 30_000];
    expect([...market.steps(from, to)]).toEqual([...recorded.steps(from, to)]);
  });

  it.each([
    ['without news', FITTED_PARAMETERS],
    ['moved by news', { ...FITTED_PARAMETERS, news: NEWS_IMPACT }],
  ])(
    'has the statistics that its parameters were fitted to, %s',
    (_, parameters) => {
      // Another seed than the fit's: the bounds are wide enough for the luck of two months, and for the misfit that
      // docs/market.md reports, but not for a broken model.
      const facts = simulatedFacts(parameters, 20_260_105, 2);
      for (const [index, simulated] of facts.series.entries()) {
        const recorded = FITTED_FACTS.series[index];
        if (!recorded) throw new Error(`no recorded facts ${index}`);
        const ratio = (name: keyof SeriesFacts): number => simulated[name] / recorded[name];
        const difference = (name: keyof SeriesFacts): number => Math.abs(simulated[name] - recorded[name]);
        expect(ratio('returnDeviation')).toBeGreaterThan(0.7);
        expect(ratio('returnDeviation')).toBeLessThan(1.4);
        expect(simulated.kurtosis).toBeGreaterThan(8);
        expect(difference('median')).toBeLessThan(0.12);
        expect(ratio('quantile99')).toBeGreaterThan(0.8);
        expect(ratio('quantile99')).toBeLessThan(1.2);
        expect(difference('absoluteLag1')).toBeLessThan(0.12);
        expect(difference('absoluteLag60')).toBeLessThan(0.12);
        expect(ratio('jumpsPerDay')).toBeGreaterThan(0.3);
        expect(ratio('jumpsPerDay')).toBeLessThan(2.5);
        expect(ratio('rangeToMove')).toBeGreaterThan(0.9);
        expect(ratio('rangeToMove')).toBeLessThan(1.1);
        expect(difference('logVolumeDeviation')).toBeLessThan(0.2);
        expect(difference('logVolumeLag1')).toBeLessThan(0.12);
        expect(difference('volumeToMove')).toBeLessThan(0.12);
      }
      expect(Math.abs(facts.pair.returnCorrelation - FITTED_FACTS.pair.returnCorrelation)).toBeLessThan(0.06);
      expect(Math.abs(facts.pair.absoluteCorrelation - FITTED_FACTS.pair.absoluteCorrelation)).toBeLessThan(
        0.12,
      );
    },
    60_000,
  );

  it('trades more at the busy hours of the week', async () => {
    const market = await simulate(11);
    const bars = market.bars('BTCUSDT', START, START + 21 * DAY_MS);
    const byHour = Array.from({ length: 24 }, () => 0);
    for (const bar of bars) {
      const hour = new Date(bar.openTimeMs).getUTCHours();
      byHour[hour] = (byHour[hour] ?? 0) + bar.volumeLots;
    }
    const afternoon = (byHour[14] ?? 0) + (byHour[15] ?? 0);
    const night = (byHour[4] ?? 0) + (byHour[5] ?? 0);
    expect(afternoon / night).toBeGreaterThan(1.3);
  });
});
