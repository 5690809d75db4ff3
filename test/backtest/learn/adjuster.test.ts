import { runBacktest } from '../../../backtest/backtest';
import { entriesOf } from '../../../backtest/learn/entries';
import { DEFAULT_PPO } from '../../../backtest/learn/ppo';
import { learner } from '../../../backtest/learn/signal-model';
import { resultOf, trainAdjuster, type AdjusterRequest } from '../../../backtest/learn/train-adjuster';
import { backtestRulesSchema } from '../../../backtest/rules';
import { AdjusterInput, createAdviser } from '../../../domain/learning/adjuster';
import { storeModel } from '../../../domain/learning/model';
import { everyBarStrategy } from '../../../domain/strategies/every-bar';
import { COIN, d, START_MS } from '../support';
import { clockMarket, dataOf } from './setup';

const BARS = 2_500;

const wanted = (change: Partial<AdjusterRequest> = {}): AdjusterRequest => ({
  primary: everyBarStrategy.parse({ atrPeriod: 10, stopAtr: 4 }),
  symbols: [COIN.symbol],
  timeframe: '1h',
  features: ['hour', 'change1'],
  ...{ horizonBars: 24, embargoBars: 4, feeFraction: 0.001, seeds: 2, codeVersion: 'test' },
  ppo: { ...DEFAULT_PPO, hidden: [8], iterations: 12, episodes: 32, learningRate: 0.01 },
  ...change,
});

it('what is left alone ends as the engine ended it', () => {
  const { primary, features, timeframe, symbols, horizonBars, feeFraction } = wanted();
  const { set, proposer } = learner({ primary, features, timeframe });
  const data = dataOf(clockMarket(1, 700, 0.002));
  const entries = entriesOf({ ...data, symbols, strategy: proposer, maxHoldingBars: horizonBars });
  const { trades } = runBacktest({
    ...data,
    runs: [{ name: 'all', strategy: proposer, symbols, maxHoldingBars: horizonBars }],
    startingBalance: d('1000000'),
    rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.01 } }),
  });
  const closed = trades.filter(({ exitReason }) => exitReason !== 'end-of-data');
  const scaling = { means: [0, 0], deviations: [1, 1] };
  const input = new AdjusterInput(set, scaling, horizonBars);
  const world = { strategy: proposer, maxHoldingBars: horizonBars, feeFraction, input };
  expect(entries.map(({ openMs }) => openMs)).toEqual(closed.map(({ openTimeMs }) => openTimeMs));
  expect(entries.length).toBeGreaterThan(10);
  entries.forEach((entry, index) => {
    const { profit = NaN, quantity = NaN, entryPrice = NaN } = closed[index] ?? {};
    const expected = profit / (quantity * entryPrice * (1 + feeFraction));
    // The engine rounds prices to ticks and fees up.
    expect(Math.abs(resultOf(world, entry, () => 0) - expected)).toBeLessThan(2e-4);
  });
});

describe('an adjuster', () => {
  const { model, evaluation } = trainAdjuster(wanted(), dataOf(clockMarket(1, BARS, 0.006)));

  it('learns to leave where the market always falls, and shows it out of sample', () => {
    expect(evaluation.isBetter).toBe(true);
    expect(evaluation.verdict).toMatch(/^Better than doing nothing, out of sample/);
    expect(evaluation.policies).toHaveLength(2);
    expect(evaluation.testFromMs).toBeGreaterThan(START_MS);
  });

  it('gives advice on what it sees, the same from what was kept, and does nothing', () => {
    const stored = storeModel(model, '2026-01-01T00:00:00.000Z');
    expect(stored.id).toMatch(/^adjuster-coinusdt-1h-/);
    const kept = stored.model;
    if (kept.kind !== 'adjuster') throw new Error('It is no adjuster.');
    const { set, proposer } = learner(wanted());
    const data = dataOf(clockMarket(3, 900, 0.006));
    const [entry] = entriesOf({ ...data, symbols: [COIN.symbol], strategy: proposer, maxHoldingBars: 24 });
    if (entry === undefined) throw new Error('Nothing was entered.');
    const facts = { entryPrice: 100, stopPrice: 97, targetPrice: 110, heldBars: 3, held: 1 };
    entry.view.moveTo(500);
    const advice = createAdviser(kept).advise(entry.view, facts);
    expect(advice).toEqual(createAdviser(model).advise(entry.view, facts));
    expect(advice.probability).toBeGreaterThanOrEqual(0.25);
    expect(set.names).toEqual(kept.features);
  });

  it('says so where there is nothing to gain', () => {
    const idle = trainAdjuster(wanted({ seeds: 1, feeFraction: 0 }), dataOf(clockMarket(2, BARS, 0)));
    expect(idle.evaluation.isBetter).toBe(false);
    expect(idle.evaluation.verdict).toMatch(/^No better than doing nothing/);
  });

  it('refuses a strategy that opens too few positions', () => {
    const train = () => trainAdjuster(wanted(), dataOf(clockMarket(1, 450, 0)));
    expect(train).toThrow('where 30 of both are needed');
  });
});
