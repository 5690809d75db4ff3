import { warmUp } from '../../../backtest/truth/warm-up';
import type { PreparedStrategy } from '../../../domain/strategies/prepare';
import { STRATEGIES } from '../../../domain/strategies/registry';
import { above, builtIn, inputOf, STAY, walk } from './support';

const ema = { kind: 'ema', period: 50 } as const;

describe('warm-up analysis', () => {
  it.each(Object.keys(STRATEGIES))('is content with what %s declares', (id) => {
    const strategy = builtIn(id);
    const bars = walk(4 * strategy.warmupBars + 600, { seed: 2, wave: 0.003 });
    const report = warmUp(inputOf(strategy, bars), 24);
    expect(report.passed).toBe(true);
    expect(report.series.length).toBeGreaterThan(0);
    for (const { within001Percent, within1Percent, declaredBars } of report.series) {
      // What is observed needs no bars but its own.
      expect(within001Percent).toBeLessThan(Math.max(2, declaredBars));
      expect(within1Percent).toBeLessThanOrEqual(within001Percent ?? 0);
    }
    expect(report.decisions.map(({ times }) => times)).toEqual([1, 2, 4]);
    expect(report.decisions.every(({ compared }) => compared >= 24)).toBe(true);
  });

  it('says that an average asks for too little, and how much it needs', () => {
    const honest = above(ema);
    const hasty: PreparedStrategy = { ...honest, needs: (own) => [{ ...own, bars: 60 }] };
    const { series, decisions, passed } = warmUp(inputOf(hasty, walk(3_000, { seed: 3, wave: 0.004 })));
    expect(passed).toBe(false);
    const [level] = series;
    expect(level).toMatchObject({ series: 'level', declaredBars: 60, suffices: false });
    expect(level?.differenceAtDeclared).toBeGreaterThan(0.0001);
    // What is left of the first value after n bars is (1 − 2/51)^n: 1 % of a few per cent is soon reached, 0.01 % is not.
    expect(level?.within1Percent).toBeGreaterThanOrEqual(50);
    expect(level?.within001Percent).toBeGreaterThan(100);
    expect(level?.within001Percent).toBeLessThan(350);
    const [atDeclared, , atFourTimes] = decisions;
    expect(atDeclared?.differing).toBeGreaterThan(0);
    expect(atDeclared?.first?.whole.kind).not.toBe(atDeclared?.first?.shortened.kind);
    expect(atFourTimes?.differing).toBeLessThan(atDeclared?.differing ?? 0);
  });

  it('sees a strategy that looks further back than it has declared', () => {
    const honest = above(ema);
    const forgetful: PreparedStrategy = {
      ...honest,
      onBar: (view) => (view.close.at(900) > 0 ? honest.onBar(view) : STAY),
    };
    const { series, decisions, passed } = warmUp(inputOf(forgetful, walk(3_000, { seed: 3, wave: 0.004 })));
    expect(passed).toBe(false);
    expect(series.every(({ suffices }) => suffices)).toBe(true);
    expect(decisions[0]).toMatchObject({ times: 1, first: { shortened: { kind: 'hold' } } });
    expect(decisions[2]).toMatchObject({ times: 4, differing: 0 });
  });

  it('says that a sum never settles', () => {
    const { series } = warmUp(inputOf(above({ kind: 'obv' }), walk(1_500, { seed: 4 })));
    expect(series[0]).toMatchObject({ within001Percent: null, within1Percent: null, suffices: false });
  });

  it('refuses a history that is too short to tell', () => {
    expect(() => warmUp(inputOf(above(ema), walk(900, { seed: 3 })))).toThrow(
      /there must be twice as many, not 900/,
    );
  });
});
