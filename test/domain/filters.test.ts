import { Timeframe, timeframeMs } from '../../domain/bar';
import { sliceColumns, type BarColumns } from '../../domain/bar-columns';
import { UserError } from '../../domain/errors';
import {
  bracketIndicators,
  bracketShape,
  defineStrategy,
  enterWithBracket,
  exit,
  z,
} from '../../domain/strategies/author';
import { decideOnWindow } from '../../domain/strategies/decide';
import { filtersFrom, type FilterEntry } from '../../domain/strategies/filters/registry';
import { withFilters } from '../../domain/strategies/filters/with-filters';
import { erase, identityOf, type PreparedStrategy } from '../../domain/strategies/prepare';
import { barsFromCloses } from '../../domain/strategies/testing';
import type { Decision, PositionSide } from '../../domain/strategy';
import { resample } from '../../domain/timeframes';

const OWN = { symbol: 'BTC/USDT', timeframe: Timeframe.H1 } as const;

/** Enters whenever it may, and leaves when it holds; what it calls its range is what filters look at too. */
const eager = erase(
  defineStrategy({
    id: 'eager',
    summary: 'Enters on every bar.',
    parameters: z.strictObject({ ...bracketShape }),
    indicators: (parameters) => ({ ...bracketIndicators(parameters) }),
    onBar: (view, parameters) =>
      view.position === null
        ? enterWithBracket(view, parameters, () => [{ code: 'wish', text: 'It always wishes to' }])
        : exit(() => [{ code: 'enough', text: 'Enough' }]),
  }),
);

const eagerWith = (...filters: readonly FilterEntry[]): PreparedStrategy =>
  withFilters(eager, filtersFrom(filters)).parse({});

/** What is decided on the last bar. */
function decide(strategy: PreparedStrategy, bars: BarColumns, side: PositionSide | null = null): Decision {
  const needs = strategy.needs(OWN);
  return decideOnWindow(
    strategy,
    OWN,
    (source) => {
      const { bars: count } = needs.find(({ timeframe }) => timeframe === source.timeframe) ?? { bars: 0 };
      const all = resample({ timeframe: OWN.timeframe, bars }, source.timeframe).bars;
      return sliceColumns(all, Math.max(0, all.length - count));
    },
    side,
  );
}

const codesOf = ({ reasons }: Decision): readonly string[] => reasons.map(({ code }) => code);

/** A walk of steps up and down by these parts of the price in turn. */
function swinging(length: number, partAt: (index: number) => number): BarColumns {
  let close = 100;
  return barsFromCloses(
    Array.from({ length }, (_, index) => (close *= 1 + (index % 2 === 0 ? 1 : -1) * partAt(index))),
  );
}

describe('a regime filter', () => {
  const calmThenWild = swinging(900, (index) => (index < 870 ? 0.001 : 0.02));
  const wildThenCalm = swinging(900, (index) => (index < 870 ? 0.02 : 0.001));

  test.each(['realised', 'atr'] as const)(
    'of %s volatility lets entries through in its regimes only',
    (measure) => {
      const low = eagerWith({ regime: { measure, regimes: ['low'] } });
      const high = eagerWith({ regime: { measure, regimes: ['high'] } });
      expect(decide(high, calmThenWild)).toMatchObject({ kind: 'enter' });
      expect(decide(low, calmThenWild)).toMatchObject({ kind: 'hold' });
      expect(decide(low, wildThenCalm)).toMatchObject({ kind: 'enter' });
      expect(decide(high, wildThenCalm)).toMatchObject({ kind: 'hold' });
    },
  );

  it('adds its reason to those of the strategy, with its numbers', () => {
    const refused = decide(eagerWith('regime'), calmThenWild);
    expect(codesOf(refused)).toEqual(['wish', 'bracket', 'regime-refused']);
    expect(refused.reasons[2]?.text).toMatch(
      /^Realised volatility\(20\) of .* % is above \d+ % of the last 200 bars: regime high, not one of low, normal$/,
    );
    expect(codesOf(decide(eagerWith('regime'), wildThenCalm))).toEqual(['wish', 'bracket', 'regime']);
  });

  it('ranks among as many bars as it says: hand-worked', () => {
    // 30 bars whose steps grow: the newest volatility is above all 19 others of the window.
    const growing = swinging(600, (index) => 0.001 + Math.max(0, index - 570) * 0.0001);
    const strategy = eagerWith({ regime: { period: 2, window: 20, regimes: ['high'] } });
    expect(decide(strategy, growing).reasons.at(-1)?.values?.percentile).toBe(100);
    const still = swinging(600, () => 0.001);
    expect(decide(strategy, still).reasons.at(-1)?.values?.percentile).toBeCloseTo(0, 10);
  });

  it('makes the warm-up as long as what it ranks', () => {
    const bare = eager.parse({}).warmupBars;
    expect(eagerWith({ regime: { window: 2_000 } }).warmupBars).toBeGreaterThanOrEqual(2_000 + 20);
    expect(eagerWith({ regime: { window: 20, period: 2 } }).warmupBars).toBe(bare);
  });
});

describe('a confirming filter', () => {
  const rising = barsFromCloses(
    Array.from({ length: 24 * 60 }, (_, index) => 100 + index * 0.1 + (index % 2)),
  );
  const confirm = { confirm: { timeframes: ['4h', '1d'], average: 'sma', period: 5 } };

  it('lets a long through while every timeframe rises, and names each', () => {
    const decision = decide(eagerWith(confirm), rising);
    expect(decision.kind).toBe('enter');
    expect(codesOf(decision)).toEqual(['wish', 'bracket', 'confirm-4h', 'confirm-1d']);
    const falling = barsFromCloses(
      Array.from({ length: 24 * 60 }, (_, index) => 300 - index * 0.1 + (index % 2)),
    );
    const refused = decide(eagerWith(confirm), falling);
    expect([refused.kind, ...codesOf(refused).slice(2)]).toEqual([
      'hold',
      'confirm-4h-refused',
      'confirm-1d-refused',
    ]);
  });

  it('sees a coarser bar only once it has closed', () => {
    // The day turns down hard in its last hours, and is still open.
    const turned = (hours: number): BarColumns =>
      barsFromCloses(
        Array.from({ length: 24 * 60 + hours }, (_, index) =>
          index < 24 * 60 ? 100 + index * 0.1 + (index % 2) : 20,
        ),
      );
    const daily = { confirm: { timeframes: ['1d'], average: 'sma', period: 5 } };
    expect(codesOf(decide(eagerWith(daily), turned(23)))).toContain('confirm-1d');
    expect(codesOf(decide(eagerWith(daily), turned(24)))).toContain('confirm-1d-refused');
  });

  it('says how many bars of each timeframe it needs', () => {
    const needs = eagerWith(confirm).needs(OWN);
    expect(needs.map(({ timeframe }) => timeframe)).toEqual(['1h', '4h', '1d']);
    expect(needs.slice(1).map(({ bars }) => bars)).toEqual([6, 6]);
  });

  it('cannot be used on bars that are not finer', () => {
    const strategy = eagerWith(confirm);
    expect(() => strategy.needs({ ...OWN, timeframe: '4h' })).toThrow(
      'The filter "confirm" cannot be used on bars of 4h: its timeframe 4h is not coarser',
    );
    expect(timeframeMs('4h')).toBe(4 * timeframeMs('1h'));
  });
});

describe('filters', () => {
  const calm = swinging(900, () => 0.001);
  const never = { regime: { lowBelow: 0, highFrom: 0, regimes: ['low'] } };

  it('never keep a position from being left, and are not asked about it', () => {
    expect(decide(eagerWith(never), calm).kind).toBe('hold');
    const left = decide(eagerWith(never), calm, 'long');
    expect([left.kind, ...codesOf(left)]).toEqual(['exit', 'enough']);
  });

  it('are all asked, in their order, and all have to agree', () => {
    const always = { regime: { lowBelow: 0, highFrom: 0, regimes: ['high'] } };
    expect(codesOf(decide(eagerWith(always, never), calm)).slice(2)).toEqual(['regime', 'regime-refused']);
    expect(decide(eagerWith(always, always), calm).kind).toBe('enter');
  });

  it('are part of what a strategy is', () => {
    expect(identityOf(eagerWith('confirm')).filters).toEqual([
      { id: 'confirm', parameters: { timeframes: ['4h', '1d'], average: 'ema', period: 20 } },
    ]);
    expect(identityOf(eagerWith())).not.toHaveProperty('filters');
  });

  test.each<[FilterEntry, string]>([
    ['trend', 'There is no filter "trend".'],
    [
      { regime: { windw: 3 } },
      'filters.regime.windw is 3: not a parameter; there are measure, period, window',
    ],
    [{ regime: { regimes: [] } }, 'filters.regime.regimes is []'],
    [{ regime: { lowBelow: 80 } }, 'filters.regime.lowBelow is 80: must not be above "highFrom"'],
    [{ confirm: { timeframes: ['4h', '4h'] } }, 'must name each timeframe once'],
  ])('%j is refused by name, value and what is allowed', (entry, message) => {
    const use = (): unknown => filtersFrom([entry]);
    expect(use).toThrow(UserError);
    expect(use).toThrow(message);
  });
});
