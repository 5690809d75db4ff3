import { untoldBars } from '../../backtest/finer-bars';
import { perpetualSchema } from '../../backtest/rules';
import { columnsOf, type BarColumns } from '../../domain/bar-columns';
import { candles, COIN, play, START_MS, still, type Candle } from './support';

/** Bars of a half of those that are decided on, by hand: 1,000 in the account, half of the cash per trade, entry at 100. */
const HALF_MS = 1_800_000;
const ENTRY = { 0: { stop: 95, target: 110 } } as const;

/** Half hours by their numbers; those that are not named are missing. */
const halves = (list: Readonly<Record<number, Candle>>): BarColumns =>
  columnsOf(
    Object.entries(list).map(([number, [open, high, low, close]]) => ({
      openTimeMs: START_MS + Number(number) * HALF_MS,
      ...{ open, high, low, close, volume: 1_000 },
    })),
  );

const quiet = (price: number, ...numbers: readonly number[]): Record<number, Candle> =>
  Object.fromEntries(numbers.map((number) => [number, [price, price, price, price]]));

describe('an hour of which a half is missing', () => {
  /** In the third hour the price falls to 90 and comes back. */
  const bars: Candle[] = [...still(100, 2), [100, 101, 90, 100], ...still(100, 2)];
  const playOn = (finer: BarColumns, scene: Partial<Parameters<typeof play>[0]> = {}) =>
    play({ bars, steps: ENTRY, market: { finer: { timeframe: '30m', bars: finer } }, ...scene });

  it('keeps its stop: what the other half does not tell, the hour does', () => {
    const { trades, ambiguousBars } = playOn(halves(quiet(100, 0, 1, 2, 3, 4, 6, 7, 8, 9)));
    expect(trades).toMatchObject([{ exitPrice: 95, exitReason: 'stop' }]);
    expect([trades.length, ambiguousBars]).toEqual([1, 0]);
  });

  it('does not show its target before the stop that may have come first', () => {
    const both: Candle[] = [...still(100, 2), [100, 111, 90, 100], ...still(100, 2)];
    const finer = halves({ ...quiet(100, 0, 1, 2, 3, 6, 7, 8, 9), 5: [100, 111, 100, 100] });
    const { trades, ambiguousBars } = playOn(finer, { bars: both });
    expect(trades).toMatchObject([{ exitPrice: 95, exitReason: 'stop' }]);
    expect(ambiguousBars).toBe(1);
  });

  it('has no open in its middle at which a delay could end', () => {
    const finer = halves({ ...quiet(100, 0, 1, 2, 3, 5, 6, 7, 8, 9) });
    const { fills } = playOn(finer, { steps: { 1: ENTRY[0] }, rules: { latencyMs: 200 } });
    expect(fills[0]?.timeMs).toBe(START_MS + 6 * HALF_MS);
  });

  it('is whole all the same when nobody traded in it, and the other half has its low and its high', () => {
    const finer = halves({ ...quiet(100, 0, 1, 2, 3, 6, 7, 8, 9), 4: [100, 101, 90, 100] });
    const { trades } = playOn(finer);
    expect(trades).toMatchObject([{ exitPrice: 95, closeTimeMs: START_MS + 5 * HALF_MS - 1 }]);
  });

  it('is counted', () => {
    const market = { instrument: COIN, timeframe: '1h', bars: candles(bars) } as const;
    const countOf = (finer: BarColumns): number =>
      untoldBars({ ...market, finer: { timeframe: '30m', bars: finer } }, START_MS);
    expect(countOf(halves(quiet(100, 0, 1, 2, 3, 4, 6, 7, 8, 9)))).toBe(1);
    expect(countOf(halves(quiet(100, 6, 7, 8, 9)))).toBe(3);
    expect(countOf(halves({ ...quiet(100, 0, 2, 6, 8), 4: [100, 101, 90, 100] }))).toBe(0);
    expect(untoldBars(market, START_MS)).toBe(0);
  });
});

describe('liquidation', () => {
  /**
   * A perpetual at ten times leverage, no fees: half of 1,000 as margin carries 50 coins at 100, liquidated where
   * 500 + 50 (p − 100) = 0.005 · 50 p: p = 4500 / 49.75 = 90.452…
   */
  const perpetual = perpetualSchema.parse({ leverage: 10, liquidationFeeFraction: 0 });
  const FREE = { ...COIN, makerFee: '0', takerFee: '0' } as typeof COIN;
  const calm = still(100, 5);
  /** The third hour dips to `low`, in its second half. */
  const dip = (low: number): Candle[] => [...still(100, 2), [100, 100, low, 100], ...still(100, 2)];
  const halfDip = (low: number): BarColumns =>
    halves({ ...quiet(100, 0, 1, 2, 3, 4, 6, 7, 8, 9), 5: [100, 100, low, 100] });

  interface Scene {
    readonly last?: Candle[];
    readonly mark?: Candle[];
    readonly finerLast?: BarColumns;
    readonly finerMark?: BarColumns;
    readonly stop?: number;
    readonly target?: number;
    readonly at?: number;
    readonly latencyMs?: number;
  }
  const trade = ({ last = calm, mark = calm, finerLast = halfDip(100), finerMark, ...scene }: Scene) => {
    const { trades, ambiguousBars } = play({
      bars: last,
      steps: { [scene.at ?? 0]: { stop: scene.stop ?? 50, target: scene.target ?? 200 } },
      rules: { latencyMs: scene.latencyMs ?? 0 },
      market: {
        ...{ instrument: FREE, perpetual, mark: candles(mark) },
        finer: { timeframe: '30m', bars: finerLast, ...(finerMark && { mark: finerMark }) },
      },
    });
    return trades.map(({ exitReason, exitPrice, closeTimeMs }) => ({
      ...{ exitReason, exitPrice, ambiguousBars },
      half: (closeTimeMs + 1 - START_MS) / HALF_MS,
    }));
  };
  const LIQUIDATED = { exitReason: 'liquidation', exitPrice: 90.45, half: 6, ambiguousBars: 0 };

  it.each([
    ['as fine as the bars', halfDip(85)],
    ['only as fine as the hours', undefined],
  ])('comes by mark prices that are %s', (_, finerMark) => {
    expect(trade({ mark: dip(85), ...(finerMark && { finerMark }) })).toEqual([LIQUIDATED]);
  });

  it.each([
    ['as fine as the bars', halfDip(100)],
    ['only as fine as the hours', undefined],
  ])('does not come by last prices where there are mark prices that are %s', (_, finerMark) => {
    const lastAlone = { last: dip(85), finerLast: halfDip(85), ...(finerMark && { finerMark }) };
    expect(trade(lastAlone)).toMatchObject([{ exitReason: 'end-of-data' }]);
  });

  it('comes by last prices where there are no mark prices at all', () => {
    const { trades } = play({
      bars: dip(85),
      steps: { 0: { stop: 50, target: 200 } },
      market: { instrument: FREE, perpetual, finer: { timeframe: '30m', bars: halfDip(85) } },
    });
    expect(trades).toMatchObject([{ exitReason: 'liquidation', exitPrice: 90.45 }]);
  });

  it('comes where the half that had it is missing from the mark prices', () => {
    const finerMark = halves(quiet(100, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
    expect(trade({ mark: dip(85), finerMark })).toEqual([LIQUIDATED]);
  });

  it('comes after a stop that lies before it, however coarse the mark prices', () => {
    const stopped = { last: dip(85), mark: dip(85), finerLast: halfDip(85), stop: 92 };
    expect(trade(stopped)).toMatchObject([{ exitReason: 'stop', exitPrice: 92 }]);
    expect(trade({ ...stopped, finerMark: halfDip(85) })).toMatchObject([{ exitReason: 'stop', half: 6 }]);
  });

  it('is told apart from a target by mark prices as fine as the bars, and by no others', () => {
    const last: Candle[] = [...still(100, 2), [100, 112, 100, 100], ...still(100, 2)];
    const finerLast = halves({ ...quiet(100, 0, 1, 2, 3, 5, 6, 7, 8, 9), 4: [100, 112, 100, 100] });
    const both = { last, mark: dip(85), finerLast, target: 110 };
    expect(trade(both)).toEqual([{ ...LIQUIDATED, ambiguousBars: 1 }]);
    expect(trade({ ...both, finerMark: halfDip(85) })).toMatchObject([{ exitReason: 'target', half: 5 }]);
  });

  it('spares nobody who enters inside an hour whose mark prices have reached it', () => {
    // Decided at the close of the second hour, in at the half of the third.
    const late = { mark: dip(85), at: 1, latencyMs: 200 };
    expect(trade(late)).toEqual([LIQUIDATED]);
    // The first half had the dip: it came before the entry.
    const finerMark = halves({ ...quiet(100, 0, 1, 2, 3, 5, 6, 7, 8, 9), 4: [100, 100, 85, 100] });
    expect(trade({ ...late, finerMark })).toMatchObject([{ exitReason: 'end-of-data' }]);
  });
});
