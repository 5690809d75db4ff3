import { candles, COIN, d, play, START_MS, still, type Candle, type RuleInput } from './support';

/**
 * Trades worked out by hand. Unless a scene says otherwise: 1,000 in the account, half of the cash per trade with the fee in
 * it, 0.1 % a side, entry at 100.
 *
 * At 100 a lot of 0.001 costs 0.1 + 0.0001 = 0.1001. 500 / 0.1001 = 4,995.004…, so 4.995 are bought:
 * 499.50 + fee 0.4995 = 499.9995; cash is 500.0005.
 */
const ENTRY = { 0: { stop: 95, target: 110 } } as const;
const HOUR_MS = 3_600_000;

const only = <T>(list: readonly T[]): T => {
  expect(list).toHaveLength(1);
  return list[0] as T;
};

describe('an entry', () => {
  it('fills at the open after the close that decided it, and so does the exit', () => {
    // 4.995 × 104 = 519.48, fee 0.51948: 518.96052 come back.
    const bars: Candle[] = [...still(90), [100, 103, 99, 103], [103, 103, 103, 103], ...still(104, 2)];
    const { trades, finalEquity } = play({ bars, steps: { ...ENTRY, 2: 'exit' } });
    expect(only(trades)).toEqual({
      ...{ strategy: 'scripted', symbol: 'COIN/USDT', side: 'long' },
      openTimeMs: START_MS + HOUR_MS,
      closeTimeMs: START_MS + 3 * HOUR_MS,
      ...{ quantity: 4.995, entryPrice: 100, exitPrice: 104 },
      fees: 1.01898, // 0.4995 + 0.51948
      funding: 0,
      profit: 18.96102, // 518.96052 − 499.9995
      ...{ exitReason: 'strategy', bars: 2 },
    });
    expect(finalEquity).toBe(1018.96102);
  });

  it('is refused below the smallest notional', () => {
    // Half of 9.98 buys 0.049 for 4.90: less than 5.
    const { trades, refusals, finalEquity } = play({ bars: still(100, 3), steps: ENTRY, balance: '9.98' });
    expect([trades, refusals, finalEquity]).toEqual([[], { 'below-minimum': 1 }, 9.98]);
  });

  it('comes as late as the way takes, at the next open that there is then', () => {
    const bars = [...still(90), ...still(99), ...still(100), ...still(101)];
    const entryOf = (rules: object): number =>
      only(play({ bars, steps: ENTRY, rules }).fills.slice(0, 1)).price;
    expect(entryOf({})).toBe(99);
    expect(entryOf({ latencyMs: 1 })).toBe(100);
    expect(entryOf({ latencyMs: HOUR_MS })).toBe(100);
    expect(entryOf({ latencyBars: 2 })).toBe(101);
  });

  it('is filled in parts where the volume is small, and the rest at the next open', () => {
    // A tenth of 20 is 2; the rest of 4.995 is 2.995, of which 2.5 at 102 and 0.495 at 101.
    const bars: Candle[] = [
      ...still(90),
      [100, 100, 100, 100, 20],
      [102, 102, 102, 102, 25],
      [101, 101, 101, 101, 90],
      ...still(101),
    ];
    const { fills, trades } = play({ bars, steps: ENTRY, rules: { participation: 0.1 } });
    expect(fills.map(({ price, quantity, fee }) => [price, quantity, fee])).toEqual([
      [100, 2, 0.2],
      [102, 2.5, 0.255],
      [101, 0.495, 0.049995],
      [101, 4.995, 0.504495], // at the end
    ]);
    // 200 + 255 + 49.995 = 504.995 for 4.995
    expect(only(trades).entryPrice).toBeCloseTo(504.995 / 4.995, 9);
    // 504.495 − 504.495·0.001 − 504.995 − 0.504995
    expect(only(trades).profit).toBe(-1.50949);
  });
});

describe('an entry by limit', () => {
  /**
   * Sized by the default limits of live trading: at a close of 100 the limit is 100 × 1.001 = 100.10. A tenth of 1,000 buys 100 / 100.10 =
   * 0.99900…: 0.999. (A risk of 1 % would buy 10 / (100.10 × 1.001 − 95 × 0.999) = 10 / 5.2951 = 1.888.)
   */
  const scene = (bars: readonly Candle[]) =>
    play({
      bars: [...still(100), ...bars],
      steps: { 0: { stop: 95, target: 115 } },
      rules: { sizing: { kind: 'risk' }, entry: { kind: 'limit', ttlBars: 2 } },
      market: { instrument: { ...COIN, makerFee: d('0.0002') } },
    });

  it('rests as a maker, and fills when the price goes through it, not when it is touched', () => {
    // 0.999 × 100.10 = 99.9999 (tie with others at 100.10 first), of which 0.02 % are 0.01999998.
    const { fills } = scene([[101, 101, 100.1, 100.5], [101, 101, 100.09, 101], ...still(101)]);
    expect(fills[0]).toMatchObject({ price: 100.1, quantity: 0.999, fee: 0.01999998 });
    expect(fills[0]?.timeMs).toBe(START_MS + 3 * HOUR_MS - 1);
  });

  it('fills as a taker at an open that is within it', () => {
    // 0.999 × 99.50 = 99.4005, of which 0.1 % are 0.0994005.
    const { fills } = scene([[99.5, 101, 99, 100], ...still(100)]);
    expect(fills[0]).toMatchObject({ price: 99.5, quantity: 0.999, fee: 0.0994005 });
    expect(fills[0]?.timeMs).toBe(START_MS + HOUR_MS);
  });

  it('is taken back when its time is over', () => {
    const { fills, refusals, finalEquity } = scene([...still(101, 2), ...still(99)]);
    expect([fills, refusals, finalEquity]).toEqual([[], { expired: 1 }, 1000]);
  });

  it('that is stopped in the bar of its fill has been filled before', () => {
    // The way from 101 to 94 passes 100.10 and then 95: 0.999 × 95 = 94.905, fee 0.094905; in for 99.9999 + 0.01999998.
    const { trades } = scene([[101, 101, 94, 96], ...still(96)]);
    expect(only(trades)).toMatchObject({ entryPrice: 100.1, exitPrice: 95, exitReason: 'stop', bars: 1 });
    expect(only(trades).profit).toBe(-5.20980498); // 94.905 − 0.094905 − 99.9999 − 0.01999998
  });
});

describe('fees', () => {
  it('round up to the smallest unit of money, on either side', () => {
    // At 100.01 a lot costs 0.10001 + fee: 500 / (100.01 × 1.00033333) = 4.99783…: 4.997. 4.997 × 100.01 = 499.74997; 0.0333333 % of it is
    // 0.16658315750001: up to 0.16658316. Sold for the same: the same.
    const instrument = { ...COIN, takerFee: d('0.000333333') };
    const bars: Candle[] = [...still(90), ...still(100.01, 3)];
    const { fills, trades } = play({ bars, steps: { ...ENTRY, 1: 'exit' }, market: { instrument } });
    expect(fills.map(({ quantity, fee }) => [quantity, fee])).toEqual([
      [4.997, 0.16658316],
      [4.997, 0.16658316],
    ]);
    expect(only(trades)).toMatchObject({ fees: 0.33316632, profit: -0.33316632 });
  });
});

describe('a stop', () => {
  it('fills at its price inside a bar', () => {
    // 4.995 × 95 = 474.525, fee 0.474525.
    const { trades } = play({ bars: [...still(90), [100, 101, 99, 99], [99, 99, 94, 96]], steps: ENTRY });
    expect(only(trades)).toMatchObject({ exitPrice: 95, exitReason: 'stop', bars: 2, profit: -25.949025 });
    expect(only(trades).closeTimeMs).toBe(START_MS + 3 * HOUR_MS - 1);
  });

  it('fills at the open when the market has gapped through it', () => {
    // 4.995 × 92 = 459.54, fee 0.45954.
    const { trades } = play({ bars: [...still(90), [100, 101, 99, 99], [92, 96, 91, 96]], steps: ENTRY });
    expect(only(trades)).toMatchObject({ exitPrice: 92, exitReason: 'stop', profit: -40.91904 });
  });

  it('is there from the fill on: the bar of the entry can reach it', () => {
    const { trades } = play({ bars: [...still(90), [100, 101, 94, 99]], steps: ENTRY });
    expect(only(trades)).toMatchObject({ exitPrice: 95, exitReason: 'stop', bars: 1 });
  });

  it('may stand at the same distance from the fill as from the close that decided', () => {
    // 95 of 90 is no stop for 90, but the script says 85.50: 5 % below. At a fill of 100 that is 95.
    const steps = { 0: { stop: 85.5, target: 99 } };
    const { trades } = play({
      bars: [...still(90), [100, 101, 94, 99]],
      steps,
      rules: { bracketFrom: 'fill' },
    });
    expect(only(trades)).toMatchObject({ exitPrice: 95, exitReason: 'stop' });
  });

  it('rounds up to the tick, a target down', () => {
    const stopped = play({
      bars: [...still(90), [100, 101, 94, 99]],
      steps: { 0: { stop: 95.001, target: 110 } },
    });
    expect(only(stopped.trades).exitPrice).toBe(95.01);
    const reached = play({
      bars: [...still(90), [100, 112, 99, 99]],
      steps: { 0: { stop: 95, target: 110.009 } },
    });
    expect(only(reached.trades).exitPrice).toBe(110);
  });

  it('sells in parts where the volume is small', () => {
    const bars: Candle[] = [...still(90), ...still(100), [99, 99, 94, 96, 20], [97, 97, 97, 97, 1_000]];
    const { fills } = play({ bars, steps: ENTRY, rules: { participation: 0.1 } });
    expect(fills.slice(1).map(({ price, quantity }) => [price, quantity])).toEqual([
      [95, 2],
      [97, 2.995],
    ]);
  });
});

describe('a target', () => {
  const maker = { ...COIN, makerFee: d('0.0002') };

  it('rests as a maker at its price', () => {
    // 4.995 × 110 = 549.45, fee at 0.02 % 0.10989.
    const bars: Candle[] = [...still(90), [100, 111, 99, 105]];
    const { trades } = play({ bars, steps: ENTRY, market: { instrument: maker } });
    expect(only(trades)).toMatchObject({ exitPrice: 110, exitReason: 'target', profit: 49.34061 });
  });

  it('fills at the open when the market has gapped through it', () => {
    const { trades } = play({ bars: [...still(90), ...still(100), [115, 116, 114, 115]], steps: ENTRY });
    expect(only(trades)).toMatchObject({ exitPrice: 115, exitReason: 'target' });
  });

  it('is taken at the open after the bar that reached it, where that is how live trading does it', () => {
    const bars: Candle[] = [...still(90), [100, 111, 99, 105], ...still(104)];
    const { trades } = play({ bars, steps: ENTRY, rules: { targets: 'close' } });
    expect(only(trades)).toMatchObject({ exitPrice: 104, exitReason: 'target', bars: 1 });
  });
});

describe('a tie: stop and target in one bar', () => {
  const bars: Candle[] = [...still(90), ...still(100), [100, 111, 94, 100], ...still(100)];

  it('are the stop, and the bar is counted', () => {
    const { trades, ambiguousBars } = play({ bars, steps: ENTRY });
    expect(only(trades)).toMatchObject({ exitPrice: 95, exitReason: 'stop' });
    expect(ambiguousBars).toBe(1);
  });

  it('are the target in the optimistic reading', () => {
    const { trades, ambiguousBars } = play({ bars, steps: ENTRY, rules: { firstOfBoth: 'target' } });
    expect(only(trades)).toMatchObject({ exitPrice: 110, exitReason: 'target' });
    expect(ambiguousBars).toBe(1);
  });

  it('are not ambiguous when the open is beyond one of them', () => {
    const gap: Candle[] = [...still(90), ...still(100), [94, 111, 94, 100]];
    expect(play({ bars: gap, steps: ENTRY })).toMatchObject({ ambiguousBars: 0 });
  });

  it('are told apart by finer bars', () => {
    // Half hours: first up to 111, then down to 94.
    const half: Candle[] = [
      ...still(90, 2),
      ...still(100, 2),
      [100, 111, 100, 105],
      [105, 105, 94, 100],
      ...still(100, 2),
    ];
    const finer = { timeframe: '30m', bars: candles(half, '30m') } as const;
    const { trades, ambiguousBars } = play({ bars, steps: ENTRY, market: { finer } });
    expect(only(trades)).toMatchObject({ exitPrice: 110, exitReason: 'target' });
    expect(ambiguousBars).toBe(0);
    expect(only(trades).closeTimeMs).toBe(START_MS + 2.5 * HOUR_MS - 1);
  });

  it('stay ambiguous when one finer bar reaches both', () => {
    const half: Candle[] = [...still(90, 2), ...still(100, 2), [100, 111, 94, 100], ...still(100, 3)];
    const finer = { timeframe: '30m', bars: candles(half, '30m') } as const;
    expect(play({ bars, steps: ENTRY, market: { finer } })).toMatchObject({ ambiguousBars: 1 });
  });
});

it('a delay ends at the open of a finer bar', () => {
  const half: Candle[] = [...still(90, 2), ...still(100), ...still(101), ...still(102, 2)];
  const finer = { timeframe: '30m', bars: candles(half, '30m') } as const;
  const bars: Candle[] = [...still(90), [100, 101, 100, 101], ...still(102)];
  const { fills } = play({ bars, steps: ENTRY, rules: { latencyMs: 200 }, market: { finer } });
  expect(fills[0]).toMatchObject({ price: 101, timeMs: START_MS + 1.5 * HOUR_MS });
});

describe('what it costs to take', () => {
  const bars: Candle[] = [...still(90), ...still(100, 3)];
  const entryOf = (rules: object, market = {}): number =>
    play({ bars, steps: ENTRY, rules, market }).fills[0]?.price ?? NaN;

  it('half the spread', () => {
    expect(entryOf({ spreadFraction: 0.001 })).toBe(100.05);
  });

  it('a fixed slippage, on top of it', () => {
    // 100 × 1.0005 × 1.001 = 100.15005, up to the tick
    const slippage = { kind: 'fixed', fraction: 0.001 };
    expect(entryOf({ slippage })).toBe(100.1);
    expect(entryOf({ spreadFraction: 0.001, slippage })).toBe(100.16);
  });

  it('and a seller gets less', () => {
    const { fills } = play({
      bars,
      steps: { ...ENTRY, 1: 'exit' },
      rules: { slippage: { kind: 'fixed', fraction: 0.001 } },
    });
    expect(fills[1]?.price).toBe(99.9);
  });

  it('the square of the share of the volume', () => {
    // 4.995 of 1,000 is a share of 0.004995; × itself × 0.1 of 100 is 0.00025: a tick.
    expect(entryOf({ slippage: { kind: 'volume-share', impact: 0.1 } })).toBe(100.01);
    // 4.995 of 10 would cost 0.4995² × 0.1 × 100 = 2.495 more: at 102.50 the money buys 500 / (102.50 × 1.001) = 4.873…, and those
    // cost 0.4873² × 10 = 2.3746 more.
    const thin: Candle[] = [...still(90), [100, 100, 100, 100, 10], ...still(100)];
    const { fills } = play({
      bars: thin,
      steps: ENTRY,
      rules: { slippage: { kind: 'volume-share', impact: 0.1 } },
    });
    expect(fills[0]).toMatchObject({ price: 102.38, quantity: 4.873 });
  });

  it('the levels of the book that it takes, as far from the middle as they are', () => {
    // Middle 200; two at 200.10, the rest at 200.40: (2 × 0.10 + 2.995 × 0.40) / 4.995 = 0.27988, so 100.28 here. That buys 4.981.
    const depth = {
      timeMs: Float64Array.of(START_MS),
      bids: [Float64Array.of(199.9, 50)],
      asks: [Float64Array.of(200.1, 2, 200.4, 100)],
    };
    const { fills } = play({ bars, steps: ENTRY, rules: { slippage: { kind: 'book' } }, market: { depth } });
    expect(fills[0]).toMatchObject({ price: 100.28, quantity: 4.981 });
    // The stop side: all 4.981 at 199.90, which is 0.10 below the middle.
    expect(fills[1]?.price).toBe(99.9);
  });
});

describe('a recorded book', () => {
  const bars: Candle[] = [...still(90), ...still(100, 3)];

  it('counts from its time on, and not before', () => {
    // Half a spread of 0.10 at the entry at 1 h; from half past on, and at the exit at 2 h, of 0.30.
    const depth = {
      timeMs: Float64Array.of(START_MS, START_MS + 1.5 * HOUR_MS),
      bids: [Float64Array.of(199.9, 50), Float64Array.of(199.7, 50)],
      asks: [Float64Array.of(200.1, 50), Float64Array.of(200.3, 50)],
    };
    const rules: RuleInput = { slippage: { kind: 'book' } };
    const { fills } = play({ bars, steps: { ...ENTRY, 1: 'exit' }, rules, market: { depth } });
    expect(fills.map(({ price }) => price)).toEqual([100.1, 99.7]);
  });

  it('sells no more than it holds; the rest waits for the next open', () => {
    // For 4.981, as above. It holds three: (2 × 0.10 + 1 × 0.40) / 3 = 0.20. Of the other 1.981 all are at 0.10.
    const depth = {
      timeMs: Float64Array.of(START_MS),
      bids: [Float64Array.of(199.9, 50)],
      asks: [Float64Array.of(200.1, 2, 200.4, 1)],
    };
    const rules: RuleInput = { slippage: { kind: 'book' } };
    const { fills } = play({ bars, steps: ENTRY, rules, market: { depth } });
    expect(fills.map(({ price, quantity }) => [price, quantity])).toEqual([
      [100.2, 3],
      [100.1, 1.981],
      [99.9, 4.981],
    ]);
  });
});

describe('a position that is managed at the close', () => {
  it('trails its stop behind the best close', () => {
    // Close 106 − 5 = 101; the next bar falls through it.
    const bars: Candle[] = [...still(90), [100, 106, 100, 106], [105, 105, 100, 103]];
    const { trades } = play({ bars, steps: { 0: { stop: 95, target: 130, trail: 5 } } });
    expect(only(trades)).toMatchObject({ exitPrice: 101, exitReason: 'stop' });
  });

  it('leaves after its time', () => {
    const bars = [...still(90), ...still(100, 5)];
    const { trades } = play({ bars, steps: ENTRY, maxHoldingBars: 2 });
    // Opened at 1 h; the bar of 3 h opens two bars later, and it is left at the open after that.
    expect(only(trades)).toMatchObject({ exitReason: 'time', closeTimeMs: START_MS + 4 * HOUR_MS });
  });

  it('is sold at the last close when the data ends', () => {
    const { trades, finalEquity } = play({ bars: [...still(90), [100, 102, 99, 101]], steps: ENTRY });
    // 4.995 × 101 = 504.495, fee 0.504495
    expect(only(trades)).toMatchObject({ exitPrice: 101, exitReason: 'end-of-data', profit: 3.991005 });
    expect(finalEquity).toBe(1003.991005);
  });
});

describe('the account', () => {
  it('is marked at midnights, positions at the last close', () => {
    const bars: Candle[] = [...still(90, 23), ...still(100), ...still(103, 25)];
    // In at 23 h at 100; at midnight 4.995 × 100 + 500.0005, a day later × 103; the end is the next midnight, sold at 103.
    const { daily } = play({ bars, steps: { 22: { stop: 95, target: 130 } } });
    expect(daily.map(({ timeMs, equity }) => [(timeMs - START_MS) / 86_400_000, equity])).toEqual([
      [0, 1000],
      [1, 999.5005],
      [2, 1014.4855],
      [3, 1013.971015], // 514.485 − 0.514485
    ]);
  });

  it('keeps equity at every close when asked to', () => {
    const { equity } = play({
      bars: [...still(90), ...still(100, 2)],
      steps: ENTRY,
      rules: { equityPerBar: true },
    });
    expect(equity.map((point) => point.equity)).toEqual(
      [1000, 1000, 999.5005, 999.5005].slice(0, equity.length),
    );
  });
});
