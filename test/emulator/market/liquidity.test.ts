import fc from 'fast-check';

import { ladder, LADDER_LEVELS, spreadTicks, updateLiquidity } from '../../../emulator/market/liquidity';
import { openMarketSource } from '../../../emulator/market/open-market';
import { type Level, MarketMode } from '../../../emulator/market/source';
import { describeWithData, expectSoundLadders, FIRST_BAR_MS, sharedDataDir } from './fixtures';

describe('the synthetic ladder', () => {
  it('is sorted, positive and uncrossed for any price, range and volume', () => {
    const positive = (max: number) => fc.double({ min: 1, max, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.record({ rangeTicks: positive(1e9), volumeLots: positive(1e12) }),
        fc.integer(),
        (bestBid, liquidity, seed) => {
          const bids = ladder(bestBid, -1, liquidity, seed);
          const asks = ladder(bestBid + spreadTicks(liquidity), 1, liquidity, seed);
          expect(asks).toHaveLength(LADDER_LEVELS);
          expect(bids[0]?.priceTicks).toBe(bestBid);
          expectSoundLadders({ symbol: 'BTCUSDT', timeMs: FIRST_BAR_MS, bids, asks, prints: [] });
        },
      ),
    );
  });

  it('follows volume and range as they change', () => {
    const bar = { openTimeMs: FIRST_BAR_MS, open: 100, high: 150, low: 50, close: 100, volumeLots: 1_000 };
    let liquidity = updateLiquidity(undefined, bar);
    expect(liquidity).toEqual({ rangeTicks: 100, volumeLots: 1_000 });
    for (let minute = 0; minute < 30; minute++) {
      liquidity = updateLiquidity(liquidity, { ...bar, high: 250, volumeLots: 3_000 });
    }
    // Half-life of thirty minutes: half of the way from the old to the new level.
    expect(liquidity.rangeTicks).toBeCloseTo(150, 6);
    expect(liquidity.volumeLots).toBeCloseTo(2_000, 6);
  });
});

describeWithData('the recorded L2 samples (run only where the recorded data is)', () => {
  it.each(['BTCUSDT', 'ETHUSDT'])(
    '%s rests about as deep as the synthetic ladder of the same range and volume',
    async (symbol) => {
      const market = await openMarketSource({
        dataDir: sharedDataDir,
        mode: MarketMode.RecordedBook,
        symbols: [symbol],
      });
      const bars = market.bars(symbol, 0, Infinity);
      const average = (values: readonly number[]): number =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      const liquidity = {
        rangeTicks: average(bars.map(({ high, low }) => high - low)),
        volumeLots: average(bars.map(({ volumeLots }) => volumeLots)),
      };
      const depth = (side: readonly Level[], rangeFraction: number): number => {
        const best = side[0]?.priceTicks ?? 0;
        return side
          .filter(({ priceTicks }) => Math.abs(priceTicks - best) <= rangeFraction * liquidity.rangeTicks)
          .reduce((sum, { quantityLots }) => sum + quantityLots, 0);
      };
      const steps = [...market.steps(0, Infinity)];
      const synthetic = Array.from({ length: 50 }, (_, seed) => ladder(10_000_000, 1, liquidity, seed));
      for (const rangeFraction of [0, 0.05, 0.1, 0.2]) {
        const recorded = average(
          steps.flatMap(({ bids, asks }) => [depth(bids, rangeFraction), depth(asks, rangeFraction)]),
        );
        const ratio = average(synthetic.map((side) => depth(side, rangeFraction))) / recorded;
        expect(ratio).toBeGreaterThan(0.7);
        expect(ratio).toBeLessThan(1.4);
      }
    },
    60_000,
  );
});
