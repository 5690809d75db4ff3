import { perpetualSchema } from '../../backtest/rules';
import { candles, COIN, play, START_MS, still, type Candle, type RuleInput } from './support';

/**
 * Perpetual futures by hand: 1,000 in the account, a tenth of it as margin, ten times leverage, no fees unless said, so that
 * 100 of margin carry 1,000: 10 coins at 100.
 */
const FREE = { ...COIN, makerFee: '0', takerFee: '0' } as typeof COIN;
const TEN_TIMES = { leverage: 10, maintenanceMarginFraction: 0.005, liquidationFeeFraction: 0 };
const HOUR_MS = 3_600_000;
const rules: RuleInput = { sizing: { kind: 'cash-fraction', fraction: 0.1 } };

interface Scene {
  readonly bars: readonly Candle[];
  readonly side?: 'long' | 'short';
  readonly terms?: object;
  readonly funding?: readonly (readonly [hours: number, rate: number])[];
  readonly mark?: readonly Candle[];
  readonly instrument?: typeof COIN;
  readonly stop?: number;
  readonly target?: number;
}

function trade(scene: Scene) {
  const { side = 'long', terms = {}, funding, mark, instrument = FREE } = scene;
  const far = side === 'long' ? { stop: 1, target: 1_000 } : { stop: 1_000, target: 1 };
  return play({
    bars: [...still(100), ...scene.bars],
    steps: { 0: { side, stop: scene.stop ?? far.stop, target: scene.target ?? far.target } },
    rules: { ...rules, equityPerBar: true },
    market: {
      instrument,
      perpetual: perpetualSchema.parse({ ...TEN_TIMES, ...terms }),
      ...(mark && { mark: candles([...still(100), ...mark]) }),
      ...(funding && {
        funding: {
          timeMs: Float64Array.from(funding, ([hours]) => START_MS + hours * HOUR_MS),
          rate: Float64Array.from(funding, ([, rate]) => rate),
        },
      }),
    },
  });
}

it('wins and loses ten times what its margin would', () => {
  const { trades, finalEquity } = trade({ bars: [...still(100), ...still(105)] });
  expect(trades[0]).toMatchObject({ quantity: 10, entryPrice: 100, exitPrice: 105, profit: 50 });
  expect(finalEquity).toBe(1050);
});

it('a short wins what falls', () => {
  const { trades } = trade({ side: 'short', bars: [...still(100), ...still(97)] });
  expect(trades[0]).toMatchObject({
    side: 'short',
    quantity: 10,
    entryPrice: 100,
    exitPrice: 97,
    profit: 30,
  });
});

it('a short has its stop above and its target below', () => {
  const stopped = trade({
    side: 'short',
    stop: 104,
    target: 90,
    bars: [...still(100), [103, 105, 103, 105]],
  });
  expect(stopped.trades[0]).toMatchObject({ exitPrice: 104, exitReason: 'stop', profit: -40 });
  const reached = trade({ side: 'short', stop: 104, target: 95, bars: [...still(100), [100, 101, 94, 96]] });
  expect(reached.trades[0]).toMatchObject({ exitPrice: 95, exitReason: 'target', profit: 50 });
  const gap = trade({ side: 'short', stop: 104, target: 95, bars: [...still(100), [106, 107, 105, 106]] });
  expect(gap.trades[0]).toMatchObject({ exitPrice: 106, exitReason: 'stop', profit: -60 });
});

it('pays the fee on what it carries, and the budget includes it', () => {
  // 100 = n·100/10 + n·100·0.001 = n·10.1: 9.9009… → 9.900; fee 0.99 in and 0.99 out.
  const { trades } = trade({ bars: still(100, 2), instrument: COIN });
  expect(trades[0]).toMatchObject({ quantity: 9.9, fees: 1.98, profit: -1.98 });
});

describe('liquidation', () => {
  // 100 of margin + 10 (p − 100) = 0.005 · 10 p: p = 900 / 9.95 = 90.452…
  it('comes when the margin left is what must be maintained, before the stop that lies beyond', () => {
    const { trades } = trade({ stop: 85, bars: [...still(100), [98, 98, 84, 95]] });
    // Sold at 90.45: 100 − 95.50 = 4.50 of the margin are left.
    expect(trades[0]).toMatchObject({ exitPrice: 90.45, exitReason: 'liquidation', profit: -95.5 });
  });

  it('does not come when the stop lies before it', () => {
    const { trades } = trade({ stop: 91, bars: [...still(100), [98, 98, 84, 95]] });
    expect(trades[0]).toMatchObject({ exitPrice: 91, exitReason: 'stop', profit: -90 });
  });

  it('of a short comes above', () => {
    // 100 − 10 (p − 100) = 0.005 · 10 p: p = 1100 / 10.05 = 109.452…, up to the tick
    const { trades } = trade({ side: 'short', bars: [...still(100), [102, 115, 102, 103]] });
    expect(trades[0]).toMatchObject({ exitPrice: 109.46, exitReason: 'liquidation', profit: -94.6 });
  });

  it('never takes more than the margin, whatever the gap', () => {
    const { trades, finalEquity } = trade({ bars: [...still(100), [80, 85, 79, 84]] });
    expect(trades[0]).toMatchObject({ exitPrice: 80, exitReason: 'liquidation', profit: -100 });
    expect(finalEquity).toBe(900);
  });

  it('takes a fee from what is left', () => {
    // 4.50 are left; 0.1 % of 904.50 is 0.9045.
    const { trades } = trade({
      terms: { liquidationFeeFraction: 0.001 },
      bars: [...still(100), [98, 98, 84, 95]],
    });
    expect(trades[0]).toMatchObject({ fees: 0.9045, profit: -96.4045 });
  });

  it('goes by the mark price where there is one', () => {
    const last: Candle[] = [...still(100), [98, 98, 84, 95], ...still(95)];
    const calm = trade({ bars: last, mark: [...still(100), [98, 98, 92, 95], ...still(95)] });
    expect(calm.trades[0]).toMatchObject({ exitReason: 'end-of-data' });
    const falling = trade({
      bars: [...still(100), ...still(98), ...still(98)],
      mark: [...still(100), [98, 98, 90, 95], ...still(95)],
    });
    expect(falling.trades[0]).toMatchObject({ exitPrice: 90.45, exitReason: 'liquidation' });
  });
});

describe('funding', () => {
  it('is paid by a long when the rate is positive, on what it is worth then', () => {
    // Due at 3 h, when the bar from 2 h has closed at 104: 1,040 · 0.0001 = 0.104.
    const { trades } = trade({ bars: [...still(100), ...still(104, 3)], funding: [[3, 0.0001]] });
    expect(trades[0]).toMatchObject({ funding: -0.104, profit: 39.896 });
  });

  it('is received by a short', () => {
    const { trades } = trade({
      side: 'short',
      bars: [...still(100), ...still(104, 3)],
      funding: [[3, 0.0001]],
    });
    expect(trades[0]).toMatchObject({ funding: 0.104, profit: -39.896 });
  });

  it('is not owed by who enters at the moment at which it is due', () => {
    const { trades } = trade({ bars: still(100, 3), funding: [[1, 0.0001]] });
    expect(trades[0]).toMatchObject({ funding: 0, profit: 0 });
  });

  it('inside a bar is settled at its open', () => {
    const { trades } = trade({ bars: [...still(100), [102, 110, 100, 110]], funding: [[2.5, 0.0001]] });
    expect(trades[0]?.funding).toBe(-0.102);
  });

  it('comes out of the margin, so that the liquidation comes nearer', () => {
    // 1 % of 1,000 is 10: 90 + 10 (p − 100) = 0.05 p: p = 910 / 9.95 = 91.457…
    const { trades } = trade({ bars: [...still(100), [98, 98, 91, 95]], funding: [[2, 0.01]] });
    expect(trades[0]).toMatchObject({ exitPrice: 91.45, exitReason: 'liquidation', funding: -10 });
  });
});

describe('limits of the account', () => {
  /** Liquidated in the third bar, which takes 95.50 of 1,000, and tempted again. */
  const lose = (limits: object | null | undefined) =>
    play({
      bars: [...still(100, 2), [98, 98, 84, 95], ...still(95, 3)],
      steps: { 0: { stop: 1, target: 1_000 }, 3: { stop: 1, target: 1_000 } },
      rules: { sizing: { kind: 'cash-fraction', fraction: 0.1, limits } },
      market: { instrument: FREE, perpetual: perpetualSchema.parse(TEN_TIMES) },
    });

  it.each([
    ['the loss of a day', { maxExposureFraction: 125 }, { 'daily-loss': 1 }],
    [
      'drawdown',
      { maxExposureFraction: 125, dailyLossFraction: 1, maxDrawdownFraction: 0.09 },
      { drawdown: 1 },
    ],
  ])('refuse entries after %s', (_, limits, refusals) => {
    const result = lose(limits);
    expect(result.trades).toMatchObject([{ quantity: 10, exitReason: 'liquidation' }]);
    expect(result.refusals).toEqual(refusals);
  });

  it('bound what all positions are worth, whatever their margin', () => {
    // Half of 1,000 may be held: 5 coins at 100, though the margin would carry 10. They lose 47.75, less than a day may.
    const { trades } = lose({});
    expect(trades.map(({ quantity }) => quantity)).toEqual([5, 5.011]);
  });

  it.each([[null], [undefined]])('are none where the rules say %s', (limits) => {
    expect(lose(limits).trades.map(({ quantity }) => quantity)).toEqual([10, 9.521]);
  });
});

it('what it is worth at a close is its margin and what has been won on it', () => {
  const { equity } = trade({ bars: [...still(100), ...still(104, 2)] });
  expect(equity.map((point) => point.equity)).toEqual([1000, 1000, 1000, 1040, 1040].slice(0, equity.length));
});
