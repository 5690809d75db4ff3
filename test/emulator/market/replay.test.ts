import fc from 'fast-check';

import { openMarketSource } from '../../../emulator/market/open-market';
import { SESSION_OFFSET_MINUTES, SHORT_SESSION_OFFSET_MINUTES } from '../../../emulator/market/replay';
import { type MarketSource, MarketMode, type MarketStep } from '../../../emulator/market/source';
import {
  describeWithData,
  expectSoundBar,
  expectSoundLadders,
  FIRST_BAR_MS,
  MINUTE_MS,
  randomRows,
  sharedDataDir,
  temporaryDataDir,
  writeBars,
} from './fixtures';

const MINUTES = 1_600;
/** ETH misses these; BTC has every minute. */
const MISSING = new Set([3, 4, 5, 9]);

describe('a replayed market', () => {
  const dataDir = temporaryDataDir();
  const other = temporaryDataDir();
  let market: MarketSource;

  beforeAll(async () => {
    writeBars(dataDir, 'BTC_USDT', randomRows(MINUTES, 1));
    writeBars(dataDir, 'ETH_USDT', ethRows());
    market = await openMarketSource({ dataDir });
  });

  /** Volumes in ETH's coarser lot. */
  const ethRows = (): string[] => randomRows(MINUTES, 2, MISSING).map((row) => row.slice(0, -1));

  const all = (fromMs: number, toMs: number): MarketStep[] => [...market.steps(fromMs, toMs)];

  it('says what it is', () => {
    expect(market.mode).toBe(MarketMode.Replay);
    expect(market.symbols.map(({ symbol }) => symbol)).toEqual(['BTCUSDT', 'ETHUSDT']);
    expect(market.startMs).toBe(FIRST_BAR_MS);
    expect(market.endMs).toBe(FIRST_BAR_MS + MINUTES * MINUTE_MS);
    expect(MINUTES).toBeLessThan(SESSION_OFFSET_MINUTES);
    expect(market.sessionStartMs).toBe(FIRST_BAR_MS + SHORT_SESSION_OFFSET_MINUTES * MINUTE_MS);
    expect(SHORT_SESSION_OFFSET_MINUTES).toBeGreaterThanOrEqual(1_000);
    expect(market.description).toContain(dataDir);
  });

  it('gives back the recorded bars, gaps included', () => {
    const bars = market.bars('ETHUSDT', FIRST_BAR_MS, FIRST_BAR_MS + 12 * MINUTE_MS);
    expect(bars.map((bar) => (bar.openTimeMs - FIRST_BAR_MS) / MINUTE_MS)).toEqual([
      0, 1, 2, 6, 7, 8, 10, 11,
    ]);
    bars.forEach(expectSoundBar);
    const [first] = ethRows();
    const [bar] = bars;
    expect(
      [bar?.open, bar?.high, bar?.low, bar?.close].map((ticks) => ((ticks ?? 0) / 100).toFixed(2)),
    ).toEqual(first?.split(',').slice(1, 5));
  });

  it('has sixty steps a bar, none in a missing minute, in time order', () => {
    const steps = all(FIRST_BAR_MS - 1, FIRST_BAR_MS + 12 * MINUTE_MS - 1);
    expect(steps.filter(({ symbol }) => symbol === 'BTCUSDT')).toHaveLength(12 * 60);
    expect(steps.filter(({ symbol }) => symbol === 'ETHUSDT')).toHaveLength(8 * 60);
    const times = steps.map(({ timeMs }) => timeMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('keeps the price still through a gap', () => {
    const before = market.at('ETHUSDT', FIRST_BAR_MS + 3 * MINUTE_MS - 1);
    expect(before?.timeMs).toBe(FIRST_BAR_MS + 3 * MINUTE_MS - 1_000);
    expect(market.at('ETHUSDT', FIRST_BAR_MS + 6 * MINUTE_MS - 1)).toEqual(before);
  });

  it('prints each bar: its open, extremes, close and volume', () => {
    for (const bar of market.bars('BTCUSDT', FIRST_BAR_MS, FIRST_BAR_MS + 200 * MINUTE_MS)) {
      const steps = all(bar.openTimeMs - 1, bar.openTimeMs + MINUTE_MS - 1);
      const prints = steps.filter(({ symbol }) => symbol === 'BTCUSDT').flatMap((step) => step.prints);
      expect(prints.reduce((sum, print) => sum + print.quantityLots, 0)).toBe(bar.volumeLots);
      if (bar.volumeLots < 4) continue;
      const prices = prints.map((print) => print.priceTicks);
      expect([prices[0], Math.max(...prices), Math.min(...prices), prices.at(-1)]).toEqual([
        bar.open,
        bar.high,
        bar.low,
        bar.close,
      ]);
    }
  });

  it('gives the same steps however the time is split, and at() is the last of them', () => {
    const end = FIRST_BAR_MS + 12 * MINUTE_MS;
    const whole = all(FIRST_BAR_MS - 5_000, end);
    // Texts compare much faster than thousands of ladders.
    const wholeText = JSON.stringify(whole);
    const cut = fc.integer({ min: FIRST_BAR_MS - 5_000, max: end });
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 6 }), (cuts) => {
        const times = [FIRST_BAR_MS - 5_000, ...cuts.sort((a, b) => a - b), end];
        const parts = times.slice(1).flatMap((to, index) => all(times[index] ?? 0, to));
        expect(JSON.stringify(parts) === wholeText).toBe(true);
        for (const time of cuts) {
          const last = whole.findLast((step) => step.symbol === 'ETHUSDT' && step.timeMs <= time);
          expect(market.at('ETHUSDT', time)).toEqual(last);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('keeps every ladder sorted, positive and uncrossed, with the print at its touch', () => {
    for (const step of all(FIRST_BAR_MS - 1, FIRST_BAR_MS + 60 * MINUTE_MS)) {
      expectSoundLadders(step);
      for (const print of step.prints) {
        const touch = print.side === 'buy' ? step.asks[0] : step.bids[0];
        expect(touch?.priceTicks).toBe(print.priceTicks);
      }
    }
  });

  it('knows nothing of the coming minute in its book: an equal past gives equal depth', async () => {
    const rows = randomRows(MINUTES, 1);
    const [time, open] = rows[100]?.split(',') ?? [];
    rows[100] = [time, open, '90000.00', '10000.00', open, '999.00000'].join(',');
    writeBars(other, 'BTC_USDT', rows);
    const changed = await openMarketSource({ dataDir: other });
    const atOpen = FIRST_BAR_MS + 100 * MINUTE_MS;
    const depth = (source: MarketSource, timeMs: number): number[] =>
      source.at('BTCUSDT', timeMs)?.asks.map((level) => level.quantityLots) ?? [];
    expect(depth(changed, atOpen)).toEqual(depth(market, atOpen));
    expect(depth(changed, atOpen + MINUTE_MS)).not.toEqual(depth(market, atOpen + MINUTE_MS));
  });

  it('starts the session where it is told to, inside the data only', async () => {
    const startMs = FIRST_BAR_MS + 5 * MINUTE_MS;
    expect((await openMarketSource({ dataDir, startMs })).sessionStartMs).toBe(startMs);
    await expect(openMarketSource({ dataDir, startMs: FIRST_BAR_MS - 1 })).rejects.toMatchObject({
      code: 'invalid-options',
    });
    await expect(openMarketSource({ dataDir, startMs: market.endMs })).rejects.toMatchObject({
      code: 'invalid-options',
    });
  });

  it('restricts itself to the symbols asked for, once each', async () => {
    const one = await openMarketSource({ dataDir, symbols: ['ETHUSDT', 'ETHUSDT'] });
    expect(one.symbols.map(({ symbol }) => symbol)).toEqual(['ETHUSDT']);
    expect(() => one.at('BTCUSDT', FIRST_BAR_MS)).toThrow('no BTCUSDT');
  });
});

describeWithData('the recorded month (runs only where the recorded data is)', () => {
  it('replays both pairs with every minute sound', async () => {
    const market = await openMarketSource({ dataDir: sharedDataDir });
    expect(market.symbols.map(({ symbol }) => symbol)).toEqual(['BTCUSDT', 'ETHUSDT']);
    const warmUp = market.bars('BTCUSDT', market.sessionStartMs - 1_000 * MINUTE_MS, market.sessionStartMs);
    expect(warmUp).toHaveLength(1_000);
    for (const step of market.steps(market.sessionStartMs, market.sessionStartMs + 30 * MINUTE_MS)) {
      expectSoundLadders(step);
    }
  });
});
