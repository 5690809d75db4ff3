import fc from 'fast-check';
import { Timeframe, timeframeMs, type Bar } from '../../domain/bar';
import { columnsOf } from '../../domain/bar-columns';
import { QUALITY_LIMITS } from '../../domain/quality/limits';
import { robustDeviations } from '../../domain/quality/outliers';
import { assessQuality, QualityCode, type QualityInput } from '../../domain/quality/quality';
import type { Series } from '../../domain/timeframes';
import { random } from './fixtures';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2024, 0, 1);

/** A quiet walk of about a tenth of a per cent a bar. */
function quietBars(length: number, seed = 1): Bar[] {
  const next = random(seed);
  let close = 100;
  return Array.from({ length }, (_, index) => {
    const open = close;
    close *= 1 + (next() - 0.5) / 500;
    return {
      openTimeMs: START_MS + index * MINUTE_MS,
      ...{ open, high: Math.max(open, close) + 0.01, low: Math.min(open, close) - 0.01, close },
      volume: 1 + next(),
    };
  });
}

const seriesOf = (bars: readonly Bar[], timeframe: Timeframe = '1m'): Series => ({
  timeframe,
  bars: columnsOf(bars),
});

/** All prices of the bars from `index` on, times a factor. */
const shifted = (bars: readonly Bar[], index: number, factor: number, until = Infinity): Bar[] =>
  bars.map((bar, at) =>
    at < index || at >= until
      ? bar
      : {
          ...bar,
          ...{
            open: bar.open * factor,
            high: bar.high * factor,
            low: bar.low * factor,
            close: bar.close * factor,
          },
        },
  );

const assess = (bars: readonly Bar[], more: Partial<QualityInput> = {}) =>
  assessQuality({ series: seriesOf(bars), ...more });
const codes = (bars: readonly Bar[], more: Partial<QualityInput> = {}): string[] =>
  assess(bars, more).findings.map(({ code, index }) => `${code}@${index}`);
/** Which bars block entries, and why. */
const blocked = (bars: readonly Bar[], more: Partial<QualityInput> = {}): string[] => {
  const report = assess(bars, more);
  return bars.flatMap((_, index) => report.blocksAt(index).map(({ code }) => `${code}@${index}`));
};
const span = (code: string, from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `data-${code}@${from + index}`);

it('finds nothing in good data', () => {
  expect(codes(quietBars(600))).toEqual([]);
  expect(blocked(quietBars(600))).toEqual([]);
  expect(codes([])).toEqual([]);
});

describe('gaps', () => {
  const without = (...indices: number[]): Bar[] => quietBars(400).filter((_, at) => !indices.includes(at));

  it('are found where they end, with their length', () => {
    const { findings } = assess(without(50, 51, 90));
    expect(findings.map(({ code, index, size }) => [code, index, size])).toEqual([
      ['gap', 50, 2],
      ['gap', 88, 1],
    ]);
    expect(findings[0]?.text).toBe('2 bars are missing before 2024-01-01 00:52');
  });

  it('block entries while too many of the newest bars are missing, and no longer', () => {
    const holes = Array.from({ length: QUALITY_LIMITS.maxMissingBars + 1 }, (_, at) => 200 + at * 3);
    expect(blocked(without(...holes.slice(1)))).toEqual([]);
    const bars = without(...holes);
    const blocks = blocked(bars);
    const timeOf = (text: string | undefined): number => bars[Number(text?.split('@')[1])]?.openTimeMs ?? NaN;
    // From the bar after the last hole, to the last that has the first hole among its newest hundred.
    expect(timeOf(blocks[0])).toBe(START_MS + 216 * MINUTE_MS);
    expect(timeOf(blocks.at(-1))).toBe(START_MS + (200 + QUALITY_LIMITS.windowBars - 1) * MINUTE_MS);
    expect(new Set(blocks.map((text) => text.split('@')[0]))).toEqual(new Set(['data-gap']));
  });
});

it('finds bars that are twice there or out of order, and blocks while they are among the newest', () => {
  const bars = quietBars(300);
  bars.splice(50, 0, ...bars.slice(49, 50));
  expect(codes(bars)).toEqual(['disorder@50']);
  expect(blocked(bars)).toEqual(span('disorder', 50, QUALITY_LIMITS.windowBars));
});

test.each<[string, Partial<Bar>]>([
  ['a high below the close', { high: 50 }],
  ['a low above the open', { low: 500, high: 501 }],
  ['a low of zero', { low: 0 }],
  ['a price that is none', { high: NaN }],
])('finds %s, and blocks while it is among the newest', (_, change) => {
  const bars = quietBars(300).map((bar, index) => (index === 40 ? { ...bar, ...change } : bar));
  expect(codes(bars)).toEqual(['ohlc@40']);
  expect(blocked(bars)).toEqual(span('ohlc', 40, QUALITY_LIMITS.windowBars));
});

describe('outliers', () => {
  it('of a wrong price are found going out and coming back, and block entries for some bars', () => {
    const bars = shifted(quietBars(300), 150, 1.1, 151);
    expect(codes(bars)).toEqual(['outlier@150', 'outlier@151']);
    expect(blocked(bars)).toEqual(span('outlier', 150, QUALITY_LIMITS.suspectBars + 1));
  });

  it('are not moves that are usual where they happen', () => {
    const next = random(5);
    let close = 100;
    const wild = quietBars(300).map((bar) => {
      const open = close;
      close *= 1 + (next() - 0.5) / 5;
      return { ...bar, open, close, high: Math.max(open, close), low: Math.min(open, close) };
    });
    expect(codes(wild)).toEqual([]);
  });

  it('are not small moves, however quiet it was', () => {
    expect(codes(shifted(quietBars(300), 150, 1 + QUALITY_LIMITS.outlierMove * 0.8))).toEqual([]);
  });

  it('are known after bars that did not move at all', () => {
    const still = quietBars(60).map((bar, index) => ({
      ...bar,
      open: 100,
      high: 101,
      low: 99,
      close: index < 50 ? 100 : 110,
      volume: 1,
    }));
    const [found] = assess(still.map((bar) => ({ ...bar, high: 111 }))).findings;
    expect(found).toMatchObject({ code: 'outlier', index: 50, size: Infinity });
    expect(found?.text).toContain('infinitely many times');
  });

  it('that another source confirms are none', () => {
    const bars = shifted(quietBars(300), 150, 1.1);
    expect(codes(bars)).toEqual(['outlier@150']);
    expect(codes(bars, { reference: seriesOf(shifted(quietBars(300), 150, 1.099)) })).toEqual([]);
  });

  it('wait for enough returns to be held against', () => {
    expect(codes(shifted(quietBars(100), QUALITY_LIMITS.minReturns, 1.1))).toEqual([]);
    expect(codes(shifted(quietBars(100), QUALITY_LIMITS.minReturns + 1, 1.1))).not.toEqual([]);
  });

  it('are measured by median and median absolute deviation', () => {
    // Median 3, deviations from it 2 1 0 1 6: their median is 1.
    expect(robustDeviations(10, Float64Array.from([1, 2, 3, 4, 9]))).toBeCloseTo(7 / 1.4826, 4);
    expect(robustDeviations(3, Float64Array.from([3, 3, 3]))).toBe(0);
  });
});

describe('another source', () => {
  it('contradicts a price that is another one there', () => {
    const bars = quietBars(300);
    const reference = seriesOf(shifted(bars, 150, 1.05, 152));
    expect(codes(bars, { reference })).toEqual(['divergence@150', 'divergence@151']);
    expect(blocked(bars, { reference })).toEqual(span('divergence', 150, QUALITY_LIMITS.suspectBars + 1));
  });

  it('is called by its name, and agrees as closely as is asked', () => {
    const reference = seriesOf(shifted(quietBars(300), 150, 1.015, 151));
    const named = { reference, referenceName: 'kraken' };
    const strictly = { ...named, maxDivergence: 0.01 };
    const [found] = assessQuality({ series: seriesOf(quietBars(300)), ...strictly }).findings;
    expect(found).toMatchObject({
      code: 'divergence',
      index: 150,
      size: expect.closeTo(1 - 1 / 1.015) as number,
    });
    expect(found?.text).toMatch(/ here and .* at kraken$/);
    expect(codes(quietBars(300), named)).toEqual([]);
  });

  it('may be finer, and says nothing where it has no bar of the same instant', () => {
    const minutes = quietBars(300);
    const fives = minutes.flatMap((bar, index) =>
      index % 5 === 4 ? [{ ...bar, openTimeMs: START_MS + (index - 4) * MINUTE_MS }] : [],
    );
    const wrong = shifted(minutes, 104, 2, 105);
    const found = (reference: readonly Bar[]): string[] =>
      assessQuality({ series: seriesOf(fives, '5m'), reference: seriesOf(reference) }).findings.map(
        ({ code, index }) => `${code}@${index}`,
      );
    expect(found(minutes)).toEqual([]);
    expect(found(wrong)).toEqual(['divergence@20']);
    expect(found(wrong.filter((_, index) => index !== 104))).toEqual([]);
  });
});

describe('dead feeds', () => {
  const dead = QUALITY_LIMITS.maxDeadBars;

  it('without volume block entries until something trades again', () => {
    const bars = quietBars(200).map((bar, at) =>
      at >= 100 && at < 100 + dead + 2 ? { ...bar, volume: 0 } : bar,
    );
    expect(blocked(bars)).toEqual(span('no-volume', 100 + dead - 1, 3));
    expect(blocked(bars, { hasVolume: false })).toEqual([]);
  });

  it('whose price stands still block entries until it moves again', () => {
    const still = { open: 100, high: 100, low: 100, close: 100 };
    const bars = quietBars(200).map((bar, at) =>
      at >= 100 && at < 100 + dead + 1 ? { ...bar, ...still } : bar,
    );
    // The first still bar moved there from the one before.
    expect(blocked(bars)).toEqual(span('frozen', 100 + dead, 1));
  });

  it('that are late block entries at their newest bar', () => {
    const bars = quietBars(50);
    const closeMs = START_MS + 50 * MINUTE_MS;
    expect(codes(bars, { nowMs: closeMs + MINUTE_MS - 1 })).toEqual([]);
    expect(codes(bars, { nowMs: closeMs + MINUTE_MS })).toEqual(['stale@49']);
    expect(blocked(bars, { nowMs: closeMs + 3 * MINUTE_MS })).toEqual(['data-stale@49']);
  });
});

it('tells the same of a bar whatever comes after it', () => {
  const faults = fc.array(
    fc.record({
      at: fc.nat({ max: 399 }),
      kind: fc.constantFrom('drop', 'spike', 'mute', 'break', 'freeze', 'repeat'),
      length: fc.integer({ min: 1, max: 14 }),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(faults, fc.integer({ min: 1, max: 400 }), fc.integer(), (list, cut, seed) => {
      let bars = quietBars(400, seed);
      for (const { at, kind, length } of list) {
        const touched = (index: number): boolean => index >= at && index < at + length;
        if (kind === 'drop') bars = bars.filter((_, index) => !touched(index));
        if (kind === 'spike') bars = shifted(bars, at, 1.2, at + length);
        if (kind === 'mute') bars = bars.map((bar, index) => (touched(index) ? { ...bar, volume: 0 } : bar));
        if (kind === 'break') bars = bars.map((bar, index) => (touched(index) ? { ...bar, high: 1 } : bar));
        if (kind === 'freeze')
          bars = bars.map((bar, index) =>
            touched(index) ? { ...bar, open: 9, high: 9, low: 9, close: 9 } : bar,
          );
        if (kind === 'repeat') bars = [...bars.slice(0, at + 1), ...bars.slice(at)];
      }
      const whole = assess(bars);
      const head = bars.slice(0, cut);
      const part = assess(head);
      expect(part.findings).toEqual(whole.findings.filter(({ index }) => index < head.length));
      for (let index = 0; index < head.length; index += 1)
        expect(part.blocksAt(index)).toEqual(whole.blocksAt(index));
    }),
    { numRuns: 60 },
  );
});

it('knows how long a bar of every timeframe is', () => {
  for (const timeframe of Object.values(Timeframe)) {
    const bars = quietBars(120).map((bar, index) => ({
      ...bar,
      openTimeMs: START_MS + (index < 60 ? index : index + 6) * timeframeMs(timeframe),
    }));
    const report = assessQuality({ series: seriesOf(bars, timeframe) });
    expect(report.findings).toMatchObject([{ code: QualityCode.Gap, index: 60, size: 6 }]);
    expect(report.blocksAt(60).map(({ code }) => code)).toEqual(['data-gap']);
  }
});
