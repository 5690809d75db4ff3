import fc from 'fast-check';
import { columnsOf } from '../../domain/bar-columns';
import { UserError } from '../../domain/errors';
import {
  knownBetween,
  NO_OBSERVATIONS,
  observationColumns,
  observedColumn,
  observedSource,
  windowOf,
  type Observation,
  type ObservedSpec,
} from '../../domain/observations';
import { defineStrategy, exit, hold, z } from '../../domain/strategies/author';
import { erase } from '../../domain/strategies/prepare';
import { decisionsOn } from '../../domain/strategies/testing';
import { createIndicatorCache, observationNeeds, seriesColumns } from '../../domain/strategy-columns';
import { MovingView } from '../../domain/strategy-view';
import { barsOf, walk } from './fixtures';

const MINUTE_MS = 60_000;
const OWN = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
const SCORE: ObservedSpec = { of: 'mood', maxAgeMs: 10 * MINUTE_MS };
/** Minutes from 0 on; the bar at `index` closes at `index + 1` minutes. */
const bars = columnsOf(barsOf(walk(1, 40)));

const mood = (knownMs: number, score: number, timeMs = knownMs, breaking = 0): Observation => ({
  timeMs,
  knownMs,
  values: [score, breaking],
});

const seen = (observations: readonly Observation[], spec: ObservedSpec = SCORE): readonly number[] => [
  ...observedColumn(spec, bars, MINUTE_MS, observationColumns(spec.of, observations)),
];

describe('what is seen of observations at the close of a bar', () => {
  it('is the last that had become known by then, and nothing before the first', () => {
    const values = seen([mood(3 * MINUTE_MS, 0.5), mood(5 * MINUTE_MS + 1, -0.25)]);
    expect(values.slice(0, 7)).toEqual([NaN, NaN, 0.5, 0.5, 0.5, -0.25, -0.25]);
  });

  it('follows when it was known, not what it is about', () => {
    const values = seen([mood(6 * MINUTE_MS, 0.5, 2 * MINUTE_MS), mood(4 * MINUTE_MS, 0.1, 4 * MINUTE_MS)]);
    expect(values.slice(2, 7)).toEqual([NaN, 0.1, 0.1, 0.5, 0.5]);
  });

  it('is nothing once what it is about is older than may be, though nothing newer is known', () => {
    const values = seen([mood(4 * MINUTE_MS, 0.5, 1 * MINUTE_MS)]);
    expect(values[10]).toBe(0.5);
    expect(values[11]).toBeNaN();
  });

  it('tells its age and its other outputs by name', () => {
    const told = [mood(4 * MINUTE_MS, 0.5, 1 * MINUTE_MS, 1)];
    expect(seen(told, { ...SCORE, output: 'ageMs' }).slice(2, 5)).toEqual([NaN, 180_000, 240_000]);
    expect(seen(told, { ...SCORE, output: 'breaking' })[4]).toBe(1);
  });

  it('is never changed by what becomes known later', () => {
    const anyTime = fc.integer({ min: 0, max: 40 * MINUTE_MS });
    const anyMood = fc
      .record({
        known: anyTime,
        lag: fc.nat(5 * MINUTE_MS),
        score: fc.double({ min: -1, max: 1, noNaN: true }),
      })
      .map(({ known, lag, score }) => mood(known, score, Math.max(0, known - lag)));
    fc.assert(
      fc.property(fc.array(anyMood), fc.array(anyMood), fc.nat(39), (told, others, at) => {
        const closeMs = (at + 1) * MINUTE_MS;
        const isKnown = ({ knownMs }: Observation): boolean => knownMs <= closeMs;
        const altered = [...told.filter(isKnown), ...others.filter((one) => !isKnown(one))];
        expect(seen(altered).slice(0, at + 1)).toEqual(seen(told).slice(0, at + 1));
      }),
    );
  });

  it('is the same of a window as of everything, as long as the window holds what is not too old', () => {
    const anyTime = fc.integer({ min: 0, max: 40 * MINUTE_MS });
    fc.assert(
      fc.property(fc.array(fc.tuple(anyTime, fc.nat(9 * MINUTE_MS))), fc.nat(38), (times, from) => {
        const told = times.map(([known, lag], index) => mood(known, index / 1_000, Math.max(0, known - lag)));
        const firstCloseMs = (from + 1) * MINUTE_MS;
        const range = windowOf(SCORE, firstCloseMs, bars.length * MINUTE_MS);
        const window = knownBetween(observationColumns('mood', told), range);
        const [windowed, all] = [window, observationColumns('mood', told)].map((known) =>
          observedColumn(SCORE, bars, MINUTE_MS, known).slice(from),
        );
        expect(windowed).toEqual(all);
      }),
    );
  });

  it('is a window of whole milliseconds, whatever part of an hour may be looked back', () => {
    const window = windowOf({ maxAgeMs: 66 * MINUTE_MS + 0.5 }, 100 * MINUTE_MS, 120 * MINUTE_MS);
    expect(window).toEqual({ sinceMs: 34 * MINUTE_MS - 2, untilMs: 120 * MINUTE_MS });
  });

  it('is refused without an age, and of an output that there is not', () => {
    const column = (spec: object): unknown =>
      observedColumn(spec as ObservedSpec, bars, MINUTE_MS, NO_OBSERVATIONS);
    expect(() => column({ of: 'mood' })).toThrow(UserError);
    expect(() => column({ of: 'mood' })).toThrow('A series of "mood" may be undefined ms old.');
    expect(() => column({ of: 'funding', output: 'score', maxAgeMs: 1 })).toThrow(
      'A series of "funding" has no output "score".',
    );
  });
});

it('a strategy that declares no age is refused before it decides', () => {
  const strategy = defineStrategy({
    id: 'ageless',
    summary: 'Looks at the mood, however old.',
    parameters: z.strictObject({}),
    indicators: () => ({ mood: { of: 'mood' } as unknown as ObservedSpec }),
    onBar: () => hold(() => []),
  });
  expect(() => erase(strategy).parse({})).toThrow('A series of "mood" may be undefined ms old.');
});

it('a test of a strategy may say what is known', () => {
  const strategy = defineStrategy({
    id: 'listener',
    summary: 'Leaves as soon as it hears something.',
    parameters: z.strictObject({}),
    indicators: () => ({ mood: SCORE }),
    onBar: (view) => (view.indicators.mood.at(0) > 0 ? exit(() => []) : hold(() => [])),
  });
  const kinds = (options: object) =>
    decisionsOn(strategy, bars, { timeframe: '1m', ...options }).map(({ kind }) => kind);
  const observed = { mood: [mood(38 * MINUTE_MS, 0.5)] };
  expect(kinds({ observed }).slice(-4)).toEqual(['hold', 'exit', 'exit', 'exit']);
  expect(kinds({})).not.toContain('exit');
});

describe('the source of observations', () => {
  it.each([
    [{ of: 'fear-greed', maxAgeMs: 1 }, 'CRYPTO'],
    [{ of: 'funding', maxAgeMs: 1 }, 'BTC/USDT:USDT'],
    [{ of: 'funding', maxAgeMs: 1, symbol: 'ETH/USDT:USDT' }, 'ETH/USDT:USDT'],
    [{ of: 'mood', maxAgeMs: 1 }, 'BTC'],
    [{ of: 'mood', maxAgeMs: 1, symbol: 'ETH/USDT:USDT' }, 'ETH'],
  ] satisfies [ObservedSpec, string][])('of %j is about %s', (spec, subject) => {
    expect(observedSource(spec, 'BTC/USDT')).toEqual({ kind: spec.of, subject });
  });

  it('is wanted once, for the longest age', () => {
    const needs = observationNeeds(
      {
        score: { of: 'mood', maxAgeMs: 10 },
        context: { of: 'mood', maxAgeMs: 30 },
        index: { of: 'fear-greed', maxAgeMs: 20 },
        average: { kind: 'sma', period: 3 },
        unused: null,
      },
      'BTC/USDT',
    );
    expect(needs).toEqual([
      { kind: 'mood', subject: 'BTC', maxAgeMs: 30 },
      { kind: 'fear-greed', subject: 'CRYPTO', maxAgeMs: 20 },
    ]);
  });
});

describe('a view of observations', () => {
  const told = observationColumns('mood', [mood(3 * MINUTE_MS, 0.5), mood(5 * MINUTE_MS, -0.25)]);
  const viewOf = (known: typeof told | undefined): MovingView =>
    new MovingView(
      OWN.symbol,
      OWN.timeframe,
      bars,
      seriesColumns({ score: SCORE }, OWN, () => bars, createIndicatorCache(), known && (() => known)),
    );

  it('looks back by the bars that are decided on, and not ahead', () => {
    const view = viewOf(told);
    view.moveTo(4);
    expect([0, 1, 2, 3].map((ago) => view.indicators.score?.at(ago))).toEqual([-0.25, 0.5, 0.5, NaN]);
    expect(() => view.indicators.score?.at(-1)).toThrow(RangeError);
  });

  it('has nothing where nobody has observed anything', () => {
    const view = viewOf(undefined);
    view.moveTo(4);
    expect(view.indicators.score?.at(0)).toBeNaN();
  });
});
