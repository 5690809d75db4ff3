import fc from 'fast-check';
import { openTimeOf, Timeframe, timeframeMs, type Bar } from '../../domain/bar';
import { columnsOf, type BarColumns } from '../../domain/bar-columns';
import { canResample, higherTimeframe, resample, viewFrom, type Series } from '../../domain/timeframes';
import { random } from './fixtures';

const MINUTE_MS = 60_000;
/** Wednesday 2024-08-07. */
const START_MS = Date.UTC(2024, 7, 7);

const bar = (openTimeMs: number, prices: readonly [number, number, number, number], volume = 1): Bar => {
  const [open, high, low, close] = prices;
  return { openTimeMs, open, high, low, close, volume };
};

const series = (timeframe: Timeframe, bars: readonly Bar[]): Series => ({ timeframe, bars: columnsOf(bars) });

/** The columns as bars again. */
const barsOf = (columns: BarColumns): Bar[] =>
  Array.from({ length: columns.length }, (_, index) => {
    const at = (name: keyof Bar): number => columns[name][index] ?? NaN;
    const [openTimeMs, open, high] = [at('openTimeMs'), at('open'), at('high')];
    return { openTimeMs, open, high, low: at('low'), close: at('close'), volume: at('volume') };
  });

/** Bars of any timeframe with holes, from a seed. */
const ragged = fc
  .record({
    timeframe: fc.constantFrom(...Object.values(Timeframe)),
    skipped: fc.nat({ max: 3_000 }),
    steps: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 120 }),
    seed: fc.integer(),
  })
  .map(({ timeframe, skipped, steps, seed }): Series => {
    const next = random(seed);
    let openTimeMs = openTimeOf(START_MS, timeframe) + skipped * timeframeMs(timeframe);
    const bars = steps.map((step) => {
      openTimeMs += step * timeframeMs(timeframe);
      const [open, close] = [90 + 20 * next(), 90 + 20 * next()];
      const [high, low] = [Math.max(open, close) + next(), Math.min(open, close) - next()];
      return bar(openTimeMs, [open, high, low, close], next());
    });
    return series(timeframe, bars);
  });

const raggedWithTarget = ragged.chain((base) =>
  fc.record({
    base: fc.constant(base),
    target: fc.constantFrom(...Object.values(Timeframe).filter((one) => canResample(base.timeframe, one))),
  }),
);

const head = ({ timeframe, bars }: Series, count: number): Series =>
  series(timeframe, barsOf(bars).slice(0, count));

describe('resampling', () => {
  it('takes first open, extremes, last close and the sum of volumes', () => {
    const minutes = series('1m', [
      bar(START_MS, [10, 12, 9, 11], 1),
      bar(START_MS + MINUTE_MS, [11, 15, 11, 14], 2),
      bar(START_MS + 2 * MINUTE_MS, [14, 14, 8, 9], 4),
    ]);
    expect(barsOf(resample(minutes, '3m').bars)).toEqual([bar(START_MS, [10, 15, 8, 9], 7)]);
  });

  it('leaves out a bar that began before the data, and one that the data does not reach the end of', () => {
    const minutes = Array.from({ length: 9 }, (_, index) =>
      bar(START_MS + (index + 1) * MINUTE_MS, [1, 1, 1, 1]),
    );
    const opens = (count: number): number[] => [
      ...resample(series('1m', minutes.slice(0, count)), '5m').bars.openTimeMs,
    ];
    expect(opens(8)).toEqual([]);
    expect(opens(9)).toEqual([START_MS + 5 * MINUTE_MS]);
  });

  it('makes a bar of what there is, and none of nothing', () => {
    const at = (minute: number): Bar => bar(START_MS + minute * MINUTE_MS, [minute, minute, minute, minute]);
    const { bars } = resample(series('1m', [0, 2, 16, 19].map(at)), '5m');
    expect(barsOf(bars)).toEqual([
      bar(START_MS, [0, 2, 0, 2], 2),
      bar(START_MS + 15 * MINUTE_MS, [16, 19, 16, 19], 2),
    ]);
  });

  it('begins weeks on Monday', () => {
    const days = Array.from({ length: 14 }, (_, day) => bar(START_MS + day * 86_400_000, [1, 1, 1, 1]));
    const { bars } = resample(series('1d', days), '1w');
    expect([...bars.openTimeMs]).toEqual([Date.UTC(2024, 7, 12)]);
    expect([...bars.volume]).toEqual([7]);
  });

  it('refuses what does not divide', () => {
    expect(() => resample(series('3m', []), '5m')).toThrow(
      'Bars of 3m cannot be put together to bars of 5m.',
    );
    expect(() => resample(series('1h', []), '1m')).toThrow('bars of 1m');
  });

  it('of nothing is nothing', () => {
    expect(resample(series('1m', []), '1w').bars).toHaveLength(0);
    expect(higherTimeframe(series('1m', []), '1h').closed).toHaveLength(0);
  });

  it('agrees with a slow oracle', () => {
    fc.assert(
      fc.property(raggedWithTarget, ({ base, target }) => {
        const bars = barsOf(base.bars);
        const [first, last] = [bars[0], bars.at(-1)];
        if (first === undefined || last === undefined) return;
        const knownToMs = last.openTimeMs + timeframeMs(base.timeframe);
        const groups = new Map<number, Bar[]>();
        for (const one of bars) {
          const opens = openTimeOf(one.openTimeMs, target);
          if (opens < first.openTimeMs || opens + timeframeMs(target) > knownToMs) continue;
          groups.set(opens, [...(groups.get(opens) ?? []), one]);
        }
        const expected = [...groups].map(([opens, group]) =>
          bar(
            opens,
            [
              group[0]?.open ?? NaN,
              Math.max(...group.map(({ high }) => high)),
              Math.min(...group.map(({ low }) => low)),
              group.at(-1)?.close ?? NaN,
            ],
            group.reduce((sum, { volume }) => sum + volume, 0),
          ),
        );
        expect(barsOf(resample(base, target).bars)).toEqual(expected);
      }),
    );
  });
});

describe('a view of another series', () => {
  it('shows a bar from the very base bar whose close is its own', () => {
    const minutes = Array.from({ length: 11 }, (_, index) => bar(START_MS + index * MINUTE_MS, [1, 1, 1, 1]));
    expect([...higherTimeframe(series('1m', minutes), '5m').closed]).toEqual([
      -1, -1, -1, -1, 0, 0, 0, 0, 0, 1, 1,
    ]);
  });

  it('of a coarser timeframe never depends on what comes after a bar', () => {
    fc.assert(
      fc.property(raggedWithTarget, fc.nat(), fc.integer(), ({ base, target }, cut, seed) => {
        const now = cut % base.bars.length;
        const next = random(seed);
        const changed = barsOf(base.bars).map((one, index) =>
          index <= now
            ? one
            : { ...one, open: next(), high: 1 + next(), low: 0, close: next(), volume: next() },
        );
        const seen = (of: Series): Bar[] => {
          const view = higherTimeframe(of, target);
          return barsOf(view.bars).slice(0, (view.closed[now] ?? NaN) + 1);
        };
        const truth = seen(base);
        expect(seen(head(base, now + 1))).toEqual(truth);
        expect(seen(series(base.timeframe, changed))).toEqual(truth);
      }),
    );
  });

  it('of any series shows all that has closed and nothing that has not', () => {
    fc.assert(
      fc.property(ragged, ragged, (base, other) => {
        const view = viewFrom(base, other);
        const closes = barsOf(other.bars).map(({ openTimeMs }) => openTimeMs + timeframeMs(other.timeframe));
        const expected = barsOf(base.bars).map(({ openTimeMs }) => {
          const nowMs = openTimeMs + timeframeMs(base.timeframe);
          return closes.filter((closeMs) => closeMs <= nowMs).length - 1;
        });
        expect([...view.closed]).toEqual(expected);
      }),
    );
  });

  it('of the same series shows each bar at its own close', () => {
    fc.assert(
      fc.property(ragged, (base) => {
        const view = higherTimeframe(base, base.timeframe);
        expect([...view.closed]).toEqual(Array.from(view.closed, (_, index) => index));
      }),
    );
  });
});
