import { runBacktest } from '../../../backtest/backtest';
import { PositionPath } from '../../../backtest/learn/position-path';
import { backtestRulesSchema } from '../../../backtest/rules';
import { RandomStream } from '../../../domain/random';
import type { EntryPlan } from '../../../domain/strategy';
import { candles, COIN, d, scripted, START_MS, type Candle, type Step } from '../support';

const HOUR_MS = 3_600_000;
const FEE = 0.001;
/** What rounding to ticks and units makes of a trade, as a part of it. */
const ROUNDING = 1e-4;

/** A walk with gaps, in cents so that ticks round nothing. */
function walk(random: RandomStream, bars: number): readonly Candle[] {
  let close = 10_000;
  return Array.from({ length: bars }, (): Candle => {
    const gap = random.uniform() < 0.2 ? 120 * random.normal() : 0;
    const open = Math.max(100, Math.round(close + gap));
    close = Math.max(100, Math.round(open + 60 * random.normal()));
    const high = Math.max(open, close) + Math.round(50 * random.uniform());
    const low = Math.max(50, Math.min(open, close) - Math.round(50 * random.uniform()));
    return [open / 100, high / 100, low / 100, close / 100];
  });
}

const PLANS = [
  { stop: 200, target: 300, trail: null, maxHoldingBars: null },
  { stop: 150, target: 400, trail: 150, maxHoldingBars: null },
  { stop: 150, target: 500, trail: null, maxHoldingBars: 5 },
  { stop: 300, target: 900, trail: 200, maxHoldingBars: 8 },
] as const;

it.each(PLANS)('a path ends as the engine ends the trade: %j', ({ stop, target, trail, maxHoldingBars }) => {
  const random = new RandomStream(11);
  const reasons = new Set<string>();
  for (let round = 0; round < 60; round += 1) {
    const list = walk(random, 40);
    const bars = candles(list);
    const close = Math.round((bars.close[2] ?? NaN) * 100);
    const exitAt = random.uniform() < 0.3 ? 6 : null;
    const levels = { stop: (close - stop) / 100, target: (close + target) / 100 };
    const steps: Record<number, Step> = {
      2: { ...levels, ...(trail !== null && { trail: trail / 100 }) },
    };
    if (exitAt !== null) steps[exitAt] = 'exit';
    const { trades } = runBacktest({
      markets: [{ instrument: COIN, timeframe: '1h', bars }],
      runs: [
        {
          name: 'scripted',
          strategy: scripted(steps),
          symbols: [COIN.symbol],
          maxHoldingBars,
        },
      ],
      startingBalance: d('100000'),
      rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 } }),
    });
    const plan: EntryPlan = {
      side: 'long',
      referencePrice: close / 100,
      ...{ stopPrice: levels.stop, targetPrice: levels.target },
      trailDistance: trail === null ? null : trail / 100,
    };
    const path = new PositionPath(bars, plan, 3, { timeframe: '1h', maxHoldingBars, feeFraction: FEE });
    while (path.advance() && path.held > 0) if (path.index === exitAt) path.leave(1, 'strategy');
    const [trade] = trades;
    if (trade === undefined) throw new Error('The engine made no trade.');
    const isOver = trade.exitReason !== 'end-of-data';
    expect(path.held === 0).toBe(isOver);
    if (!isOver) continue;
    reasons.add(trade.exitReason);
    const ends = Math.floor((trade.closeTimeMs - START_MS) / HOUR_MS);
    const cost = trade.quantity * trade.entryPrice * (1 + FEE);
    expect([path.endedBy, path.index]).toEqual([trade.exitReason, ends]);
    expect(Math.abs(path.net() - trade.profit / cost)).toBeLessThan(ROUNDING);
  }
  expect(reasons).toContain('stop');
  expect(reasons).toContain('strategy');
  expect(reasons).toContain(maxHoldingBars === null ? 'target' : 'time');
});

describe('a part that is sold', () => {
  const bars = candles([
    [100, 100, 100, 100],
    [100, 104, 99, 102],
    [104, 105, 103, 104],
    [104, 112, 104, 111],
  ]);
  const plan: EntryPlan = {
    ...{ side: 'long', referencePrice: 100, stopPrice: 95, targetPrice: 110, trailDistance: null },
  };
  const open = (): PositionPath =>
    new PositionPath(bars, plan, 1, { timeframe: '1h', maxHoldingBars: null, feeFraction: 0 });

  it('is sold at the next open, the rest goes on', () => {
    const path = open();
    path.advance();
    path.leave(0.5, 'reduce');
    path.advance();
    expect(path.held).toBe(0.5);
    expect(path.netNow()).toBeCloseTo(0.5 * 0.04 + 0.5 * 0.04, 12);
    path.advance();
    expect([path.held, path.endedBy]).toEqual([0, 'target']);
    expect(path.net()).toBeCloseTo(0.5 * 0.04 + 0.5 * 0.1, 12);
  });

  it('never moves its stop down, or to where the market is', () => {
    const path = open();
    path.advance();
    path.raiseStop(90);
    path.raiseStop(102);
    expect(path.stopPrice).toBe(95);
    path.raiseStop(101);
    expect(path.stopPrice).toBe(101);
  });
});
