import fc from 'fast-check';
import { timeframeMs, type Bar } from '../../../domain/bar';
import { columnsOf, type BarColumns } from '../../../domain/bar-columns';
import {
  aggregateTrends,
  BARS_NEEDED,
  HORIZON_BARS,
  predictTrend,
  type TrendTimeframe,
} from '../../../domain/deliberation/trend';

/** Monday, 00:00 UTC: bars of all timeframes close here. */
const NOW_MS = Date.UTC(2025, 5, 2);

/** `count` bars that end at `endMs`, whose closes move by `step` per bar, with a range that never is zero. */
function barsTo(endMs: number, timeframe: TrendTimeframe, count: number, step: number): Bar[] {
  const length = timeframeMs(timeframe);
  return Array.from({ length: count }, (_, index) => {
    const close = 1_000 + step * index;
    const open = close - step;
    return {
      openTimeMs: endMs - (count - index) * length,
      ...{ open, close, volume: 10 },
      ...{ high: Math.max(open, close) + 1, low: Math.min(open, close) - 1 },
    };
  });
}

const all =
  (step: number, count = 120) =>
  (timeframe: TrendTimeframe): BarColumns =>
    columnsOf(barsTo(NOW_MS, timeframe, count, step));

test.each([
  ['up', 2, 1],
  ['down', -2, -1],
])('a market that goes %s in all timeframes', (direction, step, sign) => {
  const { prediction, timeframes } = predictTrend(all(step), NOW_MS);
  expect(timeframes.map((trend) => trend.known && trend.direction)).toEqual(Array(4).fill(direction));
  expect(prediction).toMatchObject({ direction, agreement: 1, coverage: 1 });
  expect(sign * (prediction?.score ?? 0)).toBeGreaterThan(0.5);
  expect(prediction?.confidence).toBeCloseTo(Math.abs(prediction?.score ?? 0), 12);
  expect(prediction?.horizonMs).toBe(HORIZON_BARS * timeframeMs('1w'));
});

test('a market that stands still has no direction and no horizon', () => {
  const { prediction } = predictTrend(all(0), NOW_MS);
  expect(prediction).toMatchObject({ direction: 'sideways', score: 0, confidence: 0, horizonMs: null });
});

test('what is missing is missing, not neutral, and says why', () => {
  const up = all(2);
  const whole = predictTrend(up, NOW_MS).prediction;
  const without = predictTrend((timeframe) => (timeframe === '1w' ? undefined : up(timeframe)), NOW_MS);
  expect(without.prediction?.score).toBeCloseTo(whole?.score ?? NaN, 12);
  expect(without.prediction?.coverage).toBe(0.75);
  expect(without.prediction?.horizonMs).toBe(HORIZON_BARS * timeframeMs('1d'));
  expect(without.timeframes.at(-1)).toMatchObject({
    known: false,
    missing: `0 closed bars are known, and ${BARS_NEEDED} are needed`,
  });
  expect(predictTrend(() => undefined, NOW_MS).prediction).toBeNull();
});

test.each<[string, (bars: Bar[]) => Bar[]]>([
  ['its newest closed bar is not known', (bars) => bars.slice(0, -1)],
  [`bars are missing among its newest ${BARS_NEEDED}`, (bars) => bars.filter((_bar, index) => index !== 100)],
  ['63 closed bars are known, and 64 are needed', (bars) => bars.slice(-63)],
])('%s', (missing, change) => {
  const bars = columnsOf(change(barsTo(NOW_MS, '1h', 120, 2)));
  const { timeframes } = predictTrend((timeframe) => (timeframe === '1h' ? bars : undefined), NOW_MS);
  expect(timeframes[0]).toEqual({ timeframe: '1h', known: false, missing });
});

test('the whole follows the written rule', () => {
  const known = (timeframe: TrendTimeframe, score: number) =>
    ({ timeframe, known: true, score, direction: score > 0 ? 'up' : 'down' }) as never;
  const missing = { timeframe: '1w', known: false, missing: 'nobody has any' } as const;
  const prediction = aggregateTrends([known('1h', -0.5), known('4h', 0.4), known('1d', 0.6), missing]);
  // (1·−0.5 + 2·0.4 + 3·0.6) / 6, of which 5 of 6 agree, and 6 of 8 are known.
  expect(prediction?.score).toBeCloseTo(0.35, 12);
  expect(prediction?.confidence).toBeCloseTo(0.35 * (5 / 6) * (6 / 8), 12);
  expect(prediction).toMatchObject({ direction: 'up', horizonMs: HORIZON_BARS * timeframeMs('1d') });
});

test('bars that have not closed are not seen, whatever they are', () => {
  const walks = fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), { minLength: 80, maxLength: 80 });
  const offsets = fc.integer({ min: 0, max: 6 * timeframeMs('1d') });
  fc.assert(
    fc.property(walks, offsets, fc.double({ min: 0.1, max: 10, noNaN: true }), (walk, offsetMs, shock) => {
      const nowMs = NOW_MS + offsetMs;
      const past = (timeframe: TrendTimeframe): Bar[] => {
        const endMs = Math.floor(nowMs / timeframeMs(timeframe)) * timeframeMs(timeframe);
        let price = 100;
        return barsTo(timeframe === '1w' ? NOW_MS : endMs, timeframe, walk.length, 0).map((bar, index) => {
          const open = price;
          price *= walk[index] ?? 1;
          return { ...bar, open, close: price, high: Math.max(open, price), low: Math.min(open, price) };
        });
      };
      const withFuture = (timeframe: TrendTimeframe): Bar[] => {
        const known = past(timeframe);
        const last = known.at(-1);
        const openTimeMs = (last?.openTimeMs ?? 0) + timeframeMs(timeframe);
        return last === undefined ? [] : [...known, { ...last, openTimeMs, close: last.close * shock }];
      };
      const seen = predictTrend((timeframe) => columnsOf(past(timeframe)), nowMs);
      expect(seen.timeframes.every(({ known }) => known)).toBe(true);
      expect(predictTrend((timeframe) => columnsOf(withFuture(timeframe)), nowMs)).toEqual(seen);
      const { prediction } = seen;
      for (const value of [prediction?.confidence, Math.abs(prediction?.score ?? NaN)]) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 50 },
  );
});
