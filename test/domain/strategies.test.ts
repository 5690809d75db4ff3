import fc from 'fast-check';
import type { Bar } from '../../domain/bar';
import { fromNumber } from '../../domain/decimal';
import { columnsOf, sliceColumns, type BarColumns } from '../../domain/bar-columns';
import { compute } from '../../domain/indicators/registry';
import type { IndicatorSpec } from '../../domain/indicators/spec';
import { riskLimitsSchema, sizePosition } from '../../domain/risk';
import { decideOnWindow } from '../../domain/strategies/decide';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { findStrategy, STRATEGIES } from '../../domain/strategies/registry';
import type { Decision } from '../../domain/strategy';
import type { BarsOf } from '../../domain/strategy-columns';
import { BTC, barsOf, companionOf, d, observedBetween, SHORT_WARM_UP, walk } from './fixtures';

const ids = Object.keys(STRATEGIES);

/** For strategies that look at more than bars. */
const observed = observedBetween(0, 3_000 * 60_000, 12 * 60_000);

/** As live trading does: on no more bars than the strategy needs. Every other symbol is a companion of this one. */
const decide = (strategy: PreparedStrategy, bars: readonly Bar[], holding = false): Decision =>
  decideAfter(bars.length, strategy, columnsOf(bars), holding);

/** The same when only the first `length` bars have closed. */
function decideAfter(
  length: number,
  strategy: PreparedStrategy,
  bars: BarColumns,
  holding = false,
): Decision {
  const own = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
  const from = Math.max(0, length - strategy.warmupBars);
  const window = sliceColumns(bars, from, length);
  const ofSource: BarsOf = ({ symbol }) => (symbol === own.symbol ? window : companionOf(window, { from }));
  return decideOnWindow(strategy, own, ofSource, holding ? 'long' : null, observed);
}

/** The last two values of an indicator, the newest last. */
function lastTwo(bars: readonly Bar[], spec: IndicatorSpec): readonly [number, number] {
  const [values] = compute(columnsOf(bars), spec);
  return [values?.at(-2) ?? NaN, values?.at(-1) ?? NaN];
}

const rsi = (closes: readonly number[]): readonly [number, number] =>
  lastTwo(barsOf(closes), { kind: 'rsi', period: 14 });
const ema = (closes: readonly number[], period: number): readonly [number, number] =>
  lastTwo(barsOf(closes), { kind: 'ema', period });

const codesOf = (signal: Decision): string[] => signal.reasons.map((reason) => reason.code);
const textOf = (signal: Decision): string => signal.reasons.map((reason) => reason.text).join('; ');

/** 1,000 closes that swing by one around 100. */
const calm = Array.from({ length: 1_000 }, (_, index) => 100 + (index % 2));

/** `length` closes from the last of `from`, each changed by `change`. */
function then(from: readonly number[], length: number, change: number): number[] {
  const start = from.at(-1) ?? NaN;
  return [...from, ...Array.from({ length }, (_, index) => start + (index + 1) * change)];
}

describe('rsi', () => {
  const strategy = findStrategy('rsi').parse({});
  const fallen = then(calm, 12, -1);
  const recovered = then(fallen, 3, 1);

  it('holds while the market falls', () => {
    const signal = decide(strategy, barsOf(fallen));
    expect(signal.kind).toBe('hold');
    expect(textOf(signal)).toMatch(
      /^RSI\(14\) is \d+\.?\d* after \d+\.?\d*: it did not cross back above 30$/,
    );
  });

  it('enters on the bar that crosses back above oversold, and on no other', () => {
    const kinds = Array.from(
      { length: 6 },
      (_, more) => decide(strategy, barsOf(then(fallen, more, 1))).kind,
    );
    expect(kinds.filter((kind) => kind === 'enter')).toHaveLength(1);
    const series = then(fallen, kinds.indexOf('enter'), 1);
    const [before, now] = rsi(series);
    expect([before < 30, now >= 30]).toEqual([true, true]);
    expect(textOf(decide(strategy, barsOf(series)))).toContain(
      `RSI(14) rose to ${Number(now.toFixed(2))} from ${Number(before.toFixed(2))}, back above 30`,
    );
  });

  it('does not enter what it already holds', () => {
    for (let more = 0; more < 6; more += 1) {
      expect(decide(strategy, barsOf(then(fallen, more, 1)), true).kind).toBe('hold');
    }
  });

  it('exits when overbought', () => {
    const signal = decide(strategy, barsOf(then(recovered, 25, 1)), true);
    expect(signal.kind).toBe('exit');
    expect(textOf(signal)).toMatch(/^RSI\(14\) is \d+\.?\d*, at or above 70$/);
  });

  it('needs an uptrend when it is told to', () => {
    const series = walkUntil(crossedBack, 1);
    const close = series.at(-1) ?? NaN;
    const filtered = findStrategy('rsi').parse({ trendPeriod: 50 });
    const signal = decide(filtered, barsOf(series));
    expect(close).toBeLessThan(ema(series, 50)[1]);
    expect(signal.kind).toBe('hold');
    expect(codesOf(signal)).toEqual(['oversold-recovery', 'trend-not-up']);
  });
});

/** Whether something is so at the close of the last of the first `length` bars. */
type Condition = (bars: BarColumns) => (length: number) => boolean;

const valuesOf = (bars: BarColumns, spec: IndicatorSpec): ((index: number) => number) => {
  const [values] = compute(bars, spec);
  return (index) => values?.[index] ?? NaN;
};

const crossedBack: Condition = (bars) => {
  const rsi = valuesOf(bars, { kind: 'rsi', period: 14 });
  return (length) => rsi(length - 2) < 30 && rsi(length - 1) >= 30;
};

const enters =
  (strategy: PreparedStrategy): Condition =>
  (bars) =>
  (length) =>
    decideAfter(length, strategy, bars).kind === 'enter';

/** The shortest walk of more than 800 closes, enough for every warm-up here, that fulfils the condition. */
function walkUntil(condition: Condition, seed: number): number[] {
  const closes = walk(seed, 3_000);
  const isSo = condition(columnsOf(barsOf(closes)));
  for (let length = 800; length <= closes.length; length += 1)
    if (isSo(length)) return closes.slice(0, length);
  throw new Error('The walk never fulfils the condition');
}

describe('ema-cross', () => {
  const strategy = findStrategy('ema-cross').parse({});
  const down = then(calm, 40, -0.5);

  it('enters on the bar where the fast average crosses above the slow one, and on no other', () => {
    const kinds = Array.from(
      { length: 60 },
      (_, more) => decide(strategy, barsOf(then(down, more, 0.5))).kind,
    );
    expect(kinds.filter((kind) => kind === 'enter')).toHaveLength(1);
    const series = then(down, kinds.indexOf('enter'), 0.5);
    const difference = (closes: readonly number[]): number => ema(closes, 12)[1] - ema(closes, 26)[1];
    expect(difference(series.slice(0, -1))).toBeLessThanOrEqual(0);
    expect(difference(series)).toBeGreaterThan(0);
    expect(textOf(decide(strategy, barsOf(series)))).toMatch(
      /^EMA\(12\) [\d.]+ crossed above EMA\(26\) [\d.]+; ADX\(14\) is [\d.]+, at least 15; Stop /,
    );
  });

  it('exits for as long as the fast average is below the slow one, so that no missed bar keeps a position', () => {
    const signal = decide(strategy, barsOf(down), true);
    expect(signal.kind).toBe('exit');
    expect(textOf(signal)).toMatch(/^EMA\(12\) [\d.]+ is below EMA\(26\) [\d.]+$/);
  });

  it('holds on while it is not', () => {
    const signal = decide(strategy, barsOf(then(down, 60, 0.5)), true);
    expect(signal.kind).toBe('hold');
    expect(textOf(signal)).toMatch(/the trend holds$/);
  });

  it('does not follow a cross without a trend', () => {
    const crossed: Condition = (columns) => {
      const fast = valuesOf(columns, { kind: 'ema', period: 12 });
      const slow = valuesOf(columns, { kind: 'ema', period: 26 });
      const strength = valuesOf(columns, { kind: 'adx', period: 14 });
      return (length) =>
        fast(length - 2) <= slow(length - 2) &&
        fast(length - 1) > slow(length - 1) &&
        strength(length - 1) < 14.9;
    };
    const bars = barsOf(walkUntil(crossed, 5));
    expect(codesOf(decide(strategy, bars))).toEqual(['crossed-above', 'not-trending']);
    expect(decide(findStrategy('ema-cross').parse({ minAdx: null }), bars).kind).toBe('enter');
  });

  it('lets its stop follow by default', () => {
    const bars = barsOf(walkUntil(enters(strategy), 2));
    const signal = decide(strategy, bars);
    if (signal.kind !== 'enter') throw new Error('no entry');
    expect(signal.trailDistance).toBeCloseTo(signal.referencePrice - signal.stopPrice, 9);
  });
});

describe('bollinger', () => {
  const strategy = findStrategy('bollinger').parse({});
  const bands = (closes: readonly number[]): { middle: number; lower: number } => {
    const [, middle, lower] = compute(columnsOf(barsOf(closes)), { kind: 'bollinger', period: 20 });
    return { middle: middle?.at(-1) ?? NaN, lower: lower?.at(-1) ?? NaN };
  };
  const dropped = [...calm, 96];

  it('holds while the market is below its bands', () => {
    expect(96).toBeLessThan(bands(dropped).lower);
    expect(textOf(decide(strategy, barsOf(dropped)))).toMatch(
      /^The close 96 is below the lower band \(20, 2\) [\d.]+$/,
    );
  });

  it('enters on the bar that comes back, and on no other', () => {
    const kinds = [[], [98.5], [98.5, 99]].map(
      (more) => decide(strategy, barsOf([...dropped, ...more])).kind,
    );
    expect(kinds).toEqual(['hold', 'enter', 'hold']);
    const { middle, lower } = bands([...dropped, 98.5]);
    expect([98.5 >= lower, 98.5 < middle]).toEqual([true, true]);
    expect(textOf(decide(strategy, barsOf([...dropped, 98.5])))).toMatch(
      /^The close 98.5 came back above the lower band \(20, 2\) [\d.]+; Stop /,
    );
  });

  it('does not enter when one bar goes from below the bands to beyond the mean', () => {
    expect(codesOf(decide(strategy, barsOf([...dropped, 101])))).toEqual(['came-back', 'at-mean']);
  });

  it('holds what it has below the mean, and leaves at it', () => {
    const { middle } = bands([...dropped, 98.5, 100.4]);
    expect(middle).toBeLessThan(100.4);
    expect(codesOf(decide(strategy, barsOf([...dropped, 98.5, 99]), true))).toEqual(['below-mean']);
    const left = decide(strategy, barsOf([...dropped, 98.5, 100.4]), true);
    expect([left.kind, ...codesOf(left)]).toEqual(['exit', 'at-mean']);
  });

  it('stays out of a trend when it is told to', () => {
    const quiet = findStrategy('bollinger').parse({ maxAdx: 20 });
    const entersWhile =
      (allows: (adx: number) => boolean): Condition =>
      (bars) => {
        const strength = valuesOf(bars, { kind: 'adx', period: 14 });
        return (length) => allows(strength(length - 1)) && enters(strategy)(bars)(length);
      };
    const inTrend = walkUntil(
      entersWhile((adx) => adx > 20),
      1,
    );
    expect(codesOf(decide(quiet, barsOf(inTrend)))).toEqual(['came-back', 'trending']);
    const inRange = walkUntil(
      entersWhile((adx) => adx < 19.9),
      1,
    );
    expect(codesOf(decide(quiet, barsOf(inRange)))).toEqual(['came-back', 'ranging', 'bracket']);
  });
});

describe('donchian', () => {
  // Closes of 100 and 101, half a unit of wick on either side: highs of 101.5, lows of 99.5.
  const strategy = findStrategy('donchian').parse({});

  it('enters when the close is above the highest high before it, not at it', () => {
    expect(decide(strategy, barsOf([...calm, 101.5])).kind).toBe('hold');
    const signal = decide(strategy, barsOf([...calm, 101.51]));
    expect(signal.kind).toBe('enter');
    expect(textOf(signal)).toMatch(
      /^The close 101.51 broke out above the highest high of 20 bars 101.5; Stop /,
    );
  });

  it('forgets a high after its period, and no sooner', () => {
    const spike = barsOf([...calm, 120, ...calm.slice(0, 19), 105]);
    expect(codesOf(decide(strategy, spike))).toEqual(['no-breakout']);
    expect(decide(strategy, barsOf([...calm, 120, ...calm.slice(0, 21), 105])).kind).toBe('enter');
  });

  it('leaves when the close is below the lowest low before it, of the shorter channel', () => {
    expect(codesOf(decide(strategy, barsOf([...calm, 99.5]), true))).toEqual(['above-low']);
    const signal = decide(strategy, barsOf([...calm, 99.49]), true);
    expect([signal.kind, ...codesOf(signal)]).toEqual(['exit', 'below-low']);
    const dip = [...calm, 90, ...calm.slice(0, 9)];
    expect(decide(strategy, barsOf([...dip, 95]), true).kind).toBe('hold');
    expect(decide(strategy, barsOf([...dip, 100, 101, 95]), true).kind).toBe('exit');
  });

  it('needs an uptrend when it is told to', () => {
    const fallen = [
      ...then(calm, 60, -0.5),
      ...Array.from({ length: 25 }, (_, index) => 70 + (index % 2)),
      72,
    ];
    expect(codesOf(decide(strategy, barsOf(fallen)))).toEqual(['breakout', 'bracket']);
    const filtered = findStrategy('donchian').parse({ trendPeriod: 60 });
    expect(codesOf(decide(filtered, barsOf(fallen)))).toEqual(['breakout', 'trend-not-up']);
  });
});

describe.each(ids)('%s on any market', (id) => {
  const strategy = findStrategy(id).parse(SHORT_WARM_UP[id] ?? {});
  const { warmupBars } = strategy;
  const history = warmupBars + 120;
  const anySeed = fc.integer();

  /** The decisions at the close of every bar from the warm-up on, while nothing is held. */
  const decisions = (bars: readonly Bar[]): Decision[] => {
    const columns = columnsOf(bars);
    return bars.slice(warmupBars - 1).map((_, index) => decideAfter(warmupBars + index, strategy, columns));
  };

  it('never looks ahead: bars yet to come change no decision made before them', () => {
    fc.assert(
      fc.property(anySeed, anySeed, fc.nat({ max: 119 }), (seed, otherSeed, known) => {
        const bars = barsOf(walk(seed, history));
        const cut = warmupBars + known;
        const altered = [...bars.slice(0, cut), ...barsOf(walk(otherSeed, history)).slice(cut)];
        expect(decisions(altered).slice(0, known + 1)).toEqual(decisions(bars).slice(0, known + 1));
      }),
      { numRuns: 5 },
    );
  });

  it('holds until it has enough bars, and says how many it has', () => {
    const signal = decide(strategy, barsOf(walk(1, warmupBars - 1)));
    expect(signal.kind).toBe('hold');
    expect(textOf(signal)).toBe(`Warming up: ${warmupBars - 1} of ${warmupBars} bars`);
    expect(codesOf(decide(strategy, barsOf(walk(1, warmupBars))))).not.toContain('warming-up');
  });

  it('gives every decision a code, a sentence and finite numbers', () => {
    for (const signal of decisions(barsOf(walk(9, warmupBars + 500)))) {
      expect(signal.reasons.length).toBeGreaterThan(0);
      for (const { code, text, values } of signal.reasons) {
        expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
        expect(text).not.toMatch(/NaN|undefined|Infinity/);
        expect(Object.values(values ?? {}).every(Number.isFinite)).toBe(true);
      }
    }
  });

  it('enters with a bracket which the default limits accept', () => {
    const entries = [1, 2, 3]
      .flatMap((seed) => decisions(barsOf(walk(seed, warmupBars + 500))))
      .filter(isEntry);
    expect(entries.length).toBeGreaterThan(5);
    for (const { referencePrice, stopPrice, targetPrice } of entries) {
      const verdict = sizePosition({
        proposal: {
          symbol: 'BTC/USDT',
          referencePrice: fromNumber(referencePrice, 8),
          stopPrice: fromNumber(stopPrice, 8),
          targetPrice: fromNumber(targetPrice, 8),
          trailDistance: null,
        },
        snapshot: {
          equity: d('10000'),
          equityAtDayStart: d('10000'),
          peakEquity: d('10000'),
          freeQuote: d('10000'),
          exposure: d('0'),
          openPositions: 0,
          mode: 'ACTIVE',
        },
        limits: riskLimitsSchema.parse({}),
        instrument: BTC,
      });
      expect(verdict).toMatchObject({ approved: true });
    }
  });

  it('holds when there is no range to place a stop in', () => {
    const flat = barsOf(Array<number>(warmupBars).fill(100), 0);
    expect(decide(strategy, flat).kind).toBe('hold');
  });
});

const isEntry = (signal: Decision): signal is Extract<Decision, { kind: 'enter' }> => signal.kind === 'enter';
