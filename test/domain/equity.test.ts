import fc from 'fast-check';
import { compare } from '../../domain/decimal';
import { dailyLossFraction, drawdownFraction, markEquity, type EquityState } from '../../domain/equity';
import { d, decimals } from './fixtures';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const marked = (...marks: readonly (readonly [equity: string, marketTimeMs: number])[]): EquityState => {
  const state = marks.reduce<EquityState | null>(
    (last, [equity, time]) => markEquity(last, d(equity), time),
    null,
  );
  if (state === null) throw new Error('no marks');
  return state;
};

it('begins with the first mark as the start of its day and the first peak', () => {
  expect(marked(['1000', 5 * DAY_MS + HOUR_MS])).toEqual({
    equity: '1000',
    equityAtDayStart: '1000',
    peakEquity: '1000',
    dayStartMs: 5 * DAY_MS,
  });
});

it('measures the daily loss from the start of the day and the drawdown from the peak', () => {
  const state = marked(['1000', 0], ['1250', HOUR_MS], ['900', 2 * HOUR_MS]);
  expect(dailyLossFraction(state)).toBe(0.1);
  expect(drawdownFraction(state)).toBe(0.28);
});

it('counts a gain as no loss', () => {
  expect(dailyLossFraction(marked(['1000', 0], ['1100', 1]))).toBe(0);
  expect(drawdownFraction(marked(['1000', 0], ['1100', 1]))).toBe(0);
});

it('starts a new day at midnight UTC and keeps the peak', () => {
  const state = marked(['1000', 0], ['900', DAY_MS - 1], ['910', DAY_MS]);
  expect(state).toEqual({ equity: '910', equityAtDayStart: '910', peakEquity: '1000', dayStartMs: DAY_MS });
});

it('counts a loss over midnight towards the new day', () => {
  const state = marked(['1000', DAY_MS - 1], ['900', DAY_MS + HOUR_MS]);
  expect(state.equityAtDayStart).toBe('1000');
  expect(dailyLossFraction(state)).toBe(0.1);
});

it('does not roll back to an older day', () => {
  const state = marked(['1000', DAY_MS], ['990', DAY_MS - 1]);
  expect(state).toMatchObject({ equity: '990', equityAtDayStart: '1000', dayStartMs: DAY_MS });
});

it('has no fraction to lose of nothing', () => {
  expect(drawdownFraction(marked(['0', 0]))).toBe(0);
  expect(dailyLossFraction(marked(['0', 0], ['-5', 1]))).toBe(0);
});

it('keeps a peak that no mark exceeds, and fractions between nothing and everything', () => {
  const marks = fc.array(fc.tuple(decimals(1, 1_000_000, 2), fc.nat({ max: 20 * DAY_MS })), { minLength: 1 });
  fc.assert(
    fc.property(marks, (list) => {
      let state: EquityState | null = null;
      for (const [equity, time] of list) {
        const next: EquityState = markEquity(state, equity, time);
        expect(compare(next.peakEquity, equity)).not.toBe(-1);
        if (state !== null) expect(compare(next.peakEquity, state.peakEquity)).not.toBe(-1);
        expect(next.dayStartMs).toBeGreaterThanOrEqual(state?.dayStartMs ?? 0);
        for (const lost of [drawdownFraction(next), dailyLossFraction(next)]) {
          expect(lost).toBeGreaterThanOrEqual(0);
          expect(lost).toBeLessThan(1);
        }
        state = next;
      }
    }),
  );
});
