import { runBacktest } from '../../backtest/backtest';
import type { BarColumns } from '../../domain/bar-columns';
import { decisionOf } from '../../domain/strategies/decide';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import { STRATEGIES } from '../../domain/strategies/registry';
import { spliced, START_MS } from './support';
import { builtIn, inputOf, walk } from './truth/support';

const HOUR_MS = 3_600_000;

/** Every decision of a test and its reasons, with the time of its bar. */
function decisionsOn(bars: BarColumns, strategy: PreparedStrategy): readonly (readonly [number, string])[] {
  const decisions: (readonly [number, string])[] = [];
  const watched: PreparedStrategy = {
    ...strategy,
    onBar(view) {
      const signal = strategy.onBar(view);
      decisions.push([view.openTimeMs, JSON.stringify(decisionOf(signal, strategy.explain(signal, view)))]);
      return signal;
    },
  };
  runBacktest(inputOf(watched, bars));
  return decisions;
}

it.each(Object.keys(STRATEGIES))('no decision of %s changes when the future is altered', (id) => {
  const strategy = builtIn(id);
  const length = strategy.warmupBars + 400;
  const market = walk(length, { seed: 21, wave: 0.004 });
  const other = walk(length, { seed: 22, wave: -0.006 });
  for (const part of [100, 250, 390]) {
    const cut = strategy.warmupBars + part;
    const known = START_MS + cut * HOUR_MS;
    const before = (bars: BarColumns): readonly unknown[] =>
      decisionsOn(bars, strategy).filter(([openTimeMs]) => openTimeMs < known);
    const decided = before(market);
    expect(decided.length).toBeGreaterThan(part / 2);
    expect(before(spliced(market, other, cut))).toEqual(decided);
  }
});
