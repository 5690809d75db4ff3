import { randomBars } from '../../bench/backtest/random-bars';
import { difference, referenceStrategy, runReference } from '../../bench/backtest/reference-task';
import { specialisedLoop } from '../../bench/backtest/specialised-loop';

/** The benchmark compares like with like: the engine and the loop that is written for one task alone make the same trades. */
it.each([1, 2, 3])('the engine and the specialised loop agree on every trade (seed %d)', (seed) => {
  const bars = randomBars({
    ...{ seed, length: 20_000, barMs: 60_000 },
    startMs: Date.UTC(2024, 0, 1),
    stepDeviation: 0.003,
  });
  const { trades } = runReference(bars);
  const loop = specialisedLoop(bars, 100_000 * 1e8, referenceStrategy().warmupBars - 1);
  expect(loop.length).toBeGreaterThan(150);
  expect(trades).toHaveLength(loop.length);
  expect(trades.map((trade, index) => difference(trade, loop[index])).filter(Boolean)).toEqual([]);
  expect([...new Set(loop.map(({ exitReason }) => exitReason))].sort()).toEqual(
    expect.arrayContaining(['stop', 'strategy', 'target']),
  );
});
