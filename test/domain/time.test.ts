import fc from 'fast-check';
import { lastCloseMs, Timeframe, timeframeMs } from '../../domain/bar';
import { marketTimeAt, wallDelayUntil, type ClockReading } from '../../domain/clock';
import './fixtures';

const reading: ClockReading = {
  wallTimeMs: 1_000,
  marketTimeMs: 600_000,
  speed: 60,
  session: 'replay',
  state: 'running',
};

const anyTime = fc.integer({ min: 0, max: 4_000_000_000_000 });
const anySpeed = fc.integer({ min: 1, max: 100_000 });

describe('the market clock', () => {
  it('runs `speed` times as fast as the wall', () => {
    expect(marketTimeAt(reading, 1_000)).toBe(600_000);
    expect(marketTimeAt(reading, 2_000)).toBe(660_000);
    expect(marketTimeAt({ ...reading, speed: 1 }, 2_000)).toBe(601_000);
  });

  test.each(['paused', 'ended'] as const)('stands still while %s', (state) => {
    expect(marketTimeAt({ ...reading, state }, 9_999_999)).toBe(600_000);
  });

  it('is waited for in wall time, and not at all once it has passed', () => {
    expect(wallDelayUntil(reading, 660_000, 1_000)).toBe(1_000);
    expect(wallDelayUntil(reading, 660_000, 1_500)).toBe(500);
    expect(wallDelayUntil(reading, 600_000, 1_000)).toBe(0);
    expect(wallDelayUntil(reading, 1, 1_000)).toBe(0);
  });

  it('shows the awaited time after the delay, and not two wall milliseconds before it', () => {
    fc.assert(
      fc.property(anyTime, anySpeed, fc.integer({ min: 0, max: 86_400_000 }), (wallTimeMs, speed, ahead) => {
        const now = { ...reading, wallTimeMs, speed };
        const awaited = now.marketTimeMs + ahead;
        const delay = wallDelayUntil(now, awaited, wallTimeMs);
        expect(marketTimeAt(now, wallTimeMs + delay)).toBeGreaterThanOrEqual(awaited);
        if (delay > 1) expect(marketTimeAt(now, wallTimeMs + delay - 2)).toBeLessThan(awaited);
      }),
    );
  });
});

describe('bars', () => {
  test.each([
    ['1m', 60_000],
    ['3m', 180_000],
    ['5m', 300_000],
    ['15m', 900_000],
    ['30m', 1_800_000],
    ['1h', 3_600_000],
    ['4h', 14_400_000],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
  ] as const)('%s is %d ms long', (timeframe, length) => {
    expect(timeframeMs(timeframe)).toBe(length);
  });

  it('close on boundaries: the last one is not in the future and less than a bar ago', () => {
    fc.assert(
      fc.property(anyTime, fc.constantFrom(...Object.values(Timeframe)), (now, timeframe) => {
        const close = lastCloseMs(now, timeframe);
        expect(lastCloseMs(close, timeframe)).toBe(close);
        expect(Math.abs(close % Math.min(timeframeMs(timeframe), 86_400_000))).toBe(0);
        expect(close).toBeLessThanOrEqual(now);
        expect(now - close).toBeLessThan(timeframeMs(timeframe));
      }),
    );
  });

  it('are closed at the very instant of their boundary', () => {
    expect(lastCloseMs(120_000, '1m')).toBe(120_000);
    expect(lastCloseMs(119_999, '1m')).toBe(60_000);
  });

  it('of a week open and close on Mondays, UTC', () => {
    const monday = Date.UTC(2024, 8, 2);
    expect(lastCloseMs(monday, '1w')).toBe(monday);
    expect(lastCloseMs(monday - 1, '1w')).toBe(Date.UTC(2024, 7, 26));
    expect(lastCloseMs(Date.UTC(2024, 8, 8, 23, 59), '1w')).toBe(monday);
  });
});
