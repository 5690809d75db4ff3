import { columnsOf, type BarColumns } from '../../domain/bar-columns';
import { UserError } from '../../domain/errors';
import { decisionOf } from '../../domain/strategies/decide';
import { findStrategy } from '../../domain/strategies/registry';
import type { Decision, PositionSide } from '../../domain/strategy';
import { createIndicatorCache, seriesColumns } from '../../domain/strategy-columns';
import { MovingView } from '../../domain/strategy-view';
import { barsOf, companionOf, walk } from './fixtures';

const SPOT = ['BTC/USDT', 'ETH/USDT'] as const;
const PERPETUALS = ['BTC/USDT:USDT', 'ETH/USDT:USDT'] as const;
type Legs = typeof SPOT | typeof PERPETUALS;

const LENGTH = 1_400;
const first = columnsOf(barsOf(walk(3, LENGTH)));
const second = withRange(companionOf(first));

/** Bars need a range for a stop. */
function withRange(bars: BarColumns): BarColumns {
  return {
    ...bars,
    high: bars.high.map((price) => price * 1.004),
    low: bars.low.map((price) => price * 0.996),
  };
}

const strategyOf = (legs: Legs, parameters: Readonly<Record<string, unknown>> = {}) =>
  findStrategy('pairs').parse({ first: legs[0], second: legs[1], period: 120, ...parameters });

/** What one leg decides at the close of any bar, given by the number of its minute. */
function deciding(
  legs: Legs,
  which: 0 | 1,
  { position = null, parameters = {}, bars = [first, second] }: Options = {},
): (at: number) => Decision {
  const strategy = strategyOf(legs, parameters);
  const own = { symbol: legs[which], timeframe: '1m' } as const;
  const columns = seriesColumns(
    strategy.indicators,
    own,
    ({ symbol }) => bars[symbol === legs[0] ? 0 : 1],
    createIndicatorCache(),
  );
  const view = new MovingView(own.symbol, own.timeframe, bars[which], columns);
  view.position = position;
  return (at) => {
    view.moveTo(bars[which].openTimeMs.indexOf(at * 60_000));
    const signal = strategy.onBar(view);
    return decisionOf(signal, strategy.explain(signal, view));
  };
}

interface Options {
  readonly position?: PositionSide | null;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly bars?: readonly [BarColumns, BarColumns];
}

const codesOf = (decision: Decision): string[] => decision.reasons.map(({ code }) => code);
const scoreOf = (decision: Decision): number => decision.reasons[0]?.values?.zScore ?? NaN;
const closes = Array.from({ length: LENGTH - 400 }, (_, index) => 400 + index);

/** Closes at which a leg enters. */
function entries(legs: Legs, which: 0 | 1): number[] {
  const decide = deciding(legs, which);
  return closes.filter((at) => decide(at).kind === 'enter');
}

it('sells the dear leg short and buys the cheap one at the same closes, where both are perpetuals', () => {
  const both = entries(PERPETUALS, 0);
  const [decideOne, decideOther] = [deciding(PERPETUALS, 0), deciding(PERPETUALS, 1)];
  expect(both.length).toBeGreaterThan(4);
  expect(entries(PERPETUALS, 1)).toEqual(both);
  const sides = both.map((at) => {
    const [one, other] = [decideOne(at), decideOther(at)];
    if (one.kind !== 'enter' || other.kind !== 'enter') throw new Error('no entry');
    expect(scoreOf(one)).toBe(scoreOf(other));
    expect([one.side, other.side].sort()).toEqual(['long', 'short']);
    expect(one.side).toBe(scoreOf(one) < 0 ? 'long' : 'short');
    for (const { side, stopPrice, referencePrice, targetPrice } of [one, other]) {
      const direction = side === 'long' ? 1 : -1;
      expect(direction * (referencePrice - stopPrice)).toBeGreaterThan(0);
      expect(direction * (targetPrice - referencePrice)).toBeGreaterThan(0);
    }
    return one.side;
  });
  expect(new Set(sides).size).toBe(2);
});

it('buys the cheap leg alone on spot, and says why not the dear one', () => {
  const both = entries(PERPETUALS, 0);
  const spot = [...entries(SPOT, 0), ...entries(SPOT, 1)].sort((a, b) => a - b);
  expect(spot).toEqual(both);
  const [at = NaN] = entries(SPOT, 0);
  const dear = deciding(SPOT, 1)(at);
  expect([dear.kind, ...codesOf(dear)]).toEqual(['hold', 'far-out', 'short-leg']);
  expect(dear.reasons[1]?.text).toBe('ETH/USDT is the dear leg, and spot cannot be sold short');
});

it('enters on the close at which the spread goes beyond, and not again while it is there', () => {
  const decide = deciding(PERPETUALS, 0);
  for (const at of entries(PERPETUALS, 0)) {
    const score = Math.abs(scoreOf(decide(at)));
    expect([score >= 2, score < 4]).toEqual([true, true]);
    expect(Math.abs(scoreOf(decide(at - 1)))).toBeLessThan(2);
  }
  const [at = NaN] = entries(PERPETUALS, 0);
  const reasons = decide(at)
    .reasons.map(({ text }) => text)
    .join('; ');
  expect(reasons).toMatch(
    /^The spread of BTC\/USDT:USDT over ETH\/USDT:USDT is at z = -?\d\.\d\d, beyond 2; Over 120 bars the hedge ratio is [\d.]+; the Dickey-Fuller statistic -[\d.]+ is below the critical -3\.\d\d; Stop /,
  );
});

it('holds each side until the spread is back, and leaves when it goes on', () => {
  for (const [which, position] of [
    [0, 'long'],
    [0, 'short'],
    [1, 'long'],
    [1, 'short'],
  ] as const) {
    // A long first leg and a short second one wait for the spread to rise.
    const rises = (which === 0) === (position === 'long');
    const decide = deciding(PERPETUALS, which, { position, parameters: { stopZ: 2.5, exitZ: 0.5 } });
    const seen = new Set<string>();
    for (const at of closes) {
      const decision = decide(at);
      const score = (rises ? 1 : -1) * scoreOf(decision);
      const expected = score >= -0.5 ? 'reverted' : score <= -2.5 ? 'parted' : 'still-out';
      expect(codesOf(decision)).toEqual([expected]);
      expect(decision.kind).toBe(expected === 'still-out' ? 'hold' : 'exit');
      seen.add(expected);
    }
    expect([...seen].sort()).toEqual(['parted', 'reverted', 'still-out']);
  }
});

it('does not believe in two that have nothing in common, whose spread is too slow, or too far out', () => {
  const stranger = withRange(columnsOf(barsOf(walk(99, LENGTH))));
  const codes = (options: Options): Set<string> => {
    const decide = deciding(PERPETUALS, 0, options);
    return new Set(closes.flatMap((at) => codesOf(decide(at))));
  };
  expect(codes({ bars: [first, stranger], parameters: { significance: 0.01 } })).toContain(
    'not-cointegrated',
  );
  const [decide, hurried] = [1_000, 1].map((maxHalfLifeBars) =>
    deciding(PERPETUALS, 0, { parameters: { maxHalfLifeBars } }),
  );
  const slow = closes.filter((at) => decide?.(at).kind === 'enter' && hurried?.(at).kind === 'hold');
  expect(slow.length).toBeGreaterThan(0);
  for (const at of slow) expect(hurried?.(at).reasons.at(-1)?.code).toBe('too-slow');
  expect(codes({ parameters: { entryZ: 1.5, stopZ: 1.6 } })).toContain('too-far');
});

it('has no spread while one of the two has had a bar alone within the window, and one again afterwards', () => {
  const missing = (bars: BarColumns, at: number): BarColumns => {
    const keep = (_: number, index: number): boolean => index !== at;
    return columnsOf(
      [...bars.openTimeMs.keys()]
        .filter((index) => keep(0, index))
        .map((index) => ({
          openTimeMs: bars.openTimeMs[index] ?? NaN,
          open: bars.open[index] ?? NaN,
          high: bars.high[index] ?? NaN,
          low: bars.low[index] ?? NaN,
          close: bars.close[index] ?? NaN,
          volume: 1,
        })),
    );
  };
  const decide = deciding(PERPETUALS, 0, { bars: [first, missing(second, 600)] });
  const undisturbed = deciding(PERPETUALS, 0);
  for (const [at, has] of [
    [599, true],
    [600, false],
    [719, false],
    [720, true],
  ] as const) {
    const decision = decide(at);
    expect([at, codesOf(decision).includes('no-spread')]).toEqual([at, !has]);
    if (has) expect(scoreOf(decision)).toBeCloseTo(scoreOf(undisturbed(at)), 8);
  }
});

it('is refused on a symbol that its parameters do not name', () => {
  const needs = (): unknown => strategyOf(SPOT).needs({ symbol: 'SOL/USDT', timeframe: '1h' });
  expect(needs).toThrow(UserError);
  expect(needs).toThrow('The strategy "pairs" cannot be run on SOL/USDT.');
});
