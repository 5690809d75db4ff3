import fc from 'fast-check';

import { planPath, STEPS_PER_BAR } from '../../../emulator/market/bar-path';
import type { IntegerBar } from '../../../emulator/market/source';
import { FIRST_BAR_MS, MINUTE_MS } from './fixtures';

const bars = fc
  .record({
    minute: fc.nat(1_000_000),
    low: fc.integer({ min: 1, max: 20_000_000 }),
    span: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(500_000)),
    openAt: fc.double({ min: 0, max: 1, noNaN: true }),
    closeAt: fc.double({ min: 0, max: 1, noNaN: true }),
    volumeLots: fc.oneof(fc.nat(8), fc.nat(10_000), fc.integer({ min: 0, max: 2 ** 45 })),
  })
  .map(({ minute, low, span, openAt, closeAt, volumeLots }): IntegerBar => ({
    openTimeMs: FIRST_BAR_MS + minute * MINUTE_MS,
    open: low + Math.round(span * openAt),
    high: low + span,
    low,
    close: low + Math.round(span * closeAt),
    volumeLots,
  }));

describe('the path inside a bar', () => {
  it('starts at the open, ends at the close, touches both extremes and never leaves the bar', () => {
    fc.assert(
      fc.property(bars, (bar) => {
        const { pricesTicks } = planPath('BTCUSDT', bar);
        expect(pricesTicks).toHaveLength(STEPS_PER_BAR);
        expect(pricesTicks[0]).toBe(bar.open);
        expect(pricesTicks.at(-1)).toBe(bar.close);
        expect(Math.max(...pricesTicks)).toBe(bar.high);
        expect(Math.min(...pricesTicks)).toBe(bar.low);
        expect(pricesTicks.every(Number.isSafeInteger)).toBe(true);
      }),
    );
  });

  it('trades exactly the volume of the bar', () => {
    fc.assert(
      fc.property(bars, (bar) => {
        const { volumesLots } = planPath('BTCUSDT', bar);
        expect(volumesLots).toHaveLength(STEPS_PER_BAR);
        expect(volumesLots.reduce((sum, lots) => sum + lots, 0)).toBe(bar.volumeLots);
        expect(volumesLots.every((lots) => Number.isSafeInteger(lots) && lots >= 0)).toBe(true);
      }),
    );
  });

  it('trades at open, high, low and close once there are lots enough', () => {
    fc.assert(
      fc.property(bars, (bar) => {
        fc.pre(bar.volumeLots >= 4);
        const { pricesTicks, volumesLots } = planPath('ETHUSDT', bar);
        const traded = pricesTicks.filter((_, step) => (volumesLots[step] ?? 0) > 0);
        expect([traded[0], Math.max(...traded), Math.min(...traded), traded.at(-1)]).toEqual([
          bar.open,
          bar.high,
          bar.low,
          bar.close,
        ]);
      }),
    );
  });

  it('calls rising prices bought and falling ones sold', () => {
    fc.assert(
      fc.property(bars, (bar) => {
        const { pricesTicks, sides } = planPath('BTCUSDT', bar);
        for (let step = 1; step < STEPS_PER_BAR; step++) {
          const change = (pricesTicks[step] ?? 0) - (pricesTicks[step - 1] ?? 0);
          if (change !== 0) expect(sides[step]).toBe(change > 0 ? 'buy' : 'sell');
        }
      }),
    );
  });

  it('is the same every time and differs between symbols', () => {
    const bar = {
      openTimeMs: FIRST_BAR_MS,
      open: 5_000,
      high: 6_000,
      low: 4_000,
      close: 5_500,
      volumeLots: 900,
    };
    expect(planPath('BTCUSDT', bar)).toEqual(planPath('BTCUSDT', { ...bar }));
    expect(planPath('BTCUSDT', bar)).not.toEqual(planPath('ETHUSDT', bar));
  });
});
