import type { BacktestInput } from '../../../backtest/backtest';
import { lookAhead } from '../../../backtest/truth/look-ahead';
import type { BarColumns } from '../../../domain/bar-columns';
import { compute } from '../../../domain/indicators/registry';
import type { AnySignal, PreparedStrategy } from '../../../domain/strategies/prepare';
import { STRATEGIES } from '../../../domain/strategies/registry';
import { SignalKind } from '../../../domain/strategy';
import type { Compute } from '../../../domain/strategy-columns';
import { COIN, START_MS } from '../support';
import { above, builtIn, inputOf, LEAVE, STAY, walk } from './support';

const BARS = walk(1_200, { seed: 5, wave: 0.004 });
const HOUR_MS = 3_600_000;

/** An indicator of these bars that is not what it says: `sma` is made of whatever `peek` does. */
const peeking =
  (peek: (bars: BarColumns) => Float64Array): Compute =>
  (bars, spec) =>
    spec.kind === 'sma' ? [peek(bars)] : compute(bars, spec);

const level = { kind: 'sma', period: 5 } as const;
const cheat = (peek: (bars: BarColumns) => Float64Array): BacktestInput => ({
  ...inputOf(above(level), BARS),
  compute: peeking(peek),
});

describe('look-ahead analysis', () => {
  it('finds statistics of the whole column, from the first bar on', () => {
    const report = lookAhead(
      cheat(({ close }) => {
        const mean = close.reduce((total, value) => total + value, 0) / close.length;
        return close.map(() => mean);
      }),
      20,
    );
    expect(report.passed).toBe(false);
    const [series] = report.series;
    expect(series).toMatchObject({ strategy: 'above', symbol: COIN.symbol, series: 'level' });
    expect(series?.closeMs).toBeLessThan(START_MS + 10 * HOUR_MS);
    expect(series?.histories).toBeGreaterThan(15);
    const [first] = report.differences;
    expect(first?.series).toEqual(['level']);
    expect([first?.whole?.kind, first?.shortened?.kind].sort()).not.toEqual(['enter', 'enter']);
  });

  it('finds a centred average, and how far it looks ahead', () => {
    const ahead = 3;
    const report = lookAhead(
      cheat(({ close }) =>
        close.map((_, index) => {
          const window = close.subarray(Math.max(0, index - ahead), index + ahead + 1);
          return window.reduce((total, value) => total + value, 0) / window.length;
        }),
      ),
      40,
    );
    expect(report.passed).toBe(false);
    expect(report.series).toEqual([expect.objectContaining({ series: 'level', reach: ahead })]);
    expect(report.differences.length).toBeGreaterThan(5);
    for (const { closeMs, endMs } of report.differences)
      expect(endMs - closeMs).toBeLessThan(ahead * HOUR_MS);
  });

  it('finds a strategy that remembers the future from another run', () => {
    const known = new Map<number, number>();
    const honest = above(level);
    const strategy: PreparedStrategy = {
      ...honest,
      onBar(view) {
        known.set(view.openTimeMs, view.close.at(0));
        const next = known.get(view.openTimeMs + HOUR_MS);
        if (next === undefined) return honest.onBar(view);
        if (view.position !== null) return next > view.close.at(0) ? STAY : LEAVE;
        return next > view.close.at(0) ? enterAt(view.close.at(0)) : STAY;
      },
    };
    const report = lookAhead(inputOf(strategy, BARS), 10);
    expect(report.unstable).toMatchObject({ strategy: 'above' });
    expect(report.passed).toBe(false);
  });

  it.each(Object.keys(STRATEGIES))('has nothing to say about %s', (id) => {
    const strategy = builtIn(id);
    const bars = walk(strategy.warmupBars + 1_000, { seed: 11, wave: 0.003 });
    const report = lookAhead(inputOf(strategy, bars), 30);
    expect(report).toMatchObject({ differences: [], series: [], unstable: null, passed: true });
    expect(report.signals).toBeGreaterThan(0);
    // Where every decision is a signal, those at signals and those between are often the same.
    expect(report.histories).toBeGreaterThan(strategy.quotes ? 14 : 20);
    expect(report.signalsAtEnd).toBeGreaterThan(0);
  });

  it('has nothing to say about the same average without the peek', () => {
    const report = lookAhead(inputOf(above(level), BARS), 40);
    expect(report).toMatchObject({ passed: true, histories: 40 });
    expect(report.signals).toBeGreaterThan(50);
  });
});

const enterAt = (price: number): AnySignal => ({
  kind: SignalKind.Enter,
  side: 'long',
  ...{ referencePrice: price, stopPrice: price / 2, targetPrice: price * 2, trailDistance: null },
  because: () => [],
});
