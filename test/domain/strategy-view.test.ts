import { columnsOf } from '../../domain/bar-columns';
import { UserError } from '../../domain/errors';
import type { SeriesSpec } from '../../domain/strategy';
import { barNeeds, createIndicatorCache, seriesColumns, type BarsOf } from '../../domain/strategy-columns';
import { MovingView } from '../../domain/strategy-view';
import { resample } from '../../domain/timeframes';
import { barsOf, walk } from './fixtures';

const OWN = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
const minutes = columnsOf(barsOf(walk(1, 300)));
const other = columnsOf(barsOf(walk(2, 300)));

const source: BarsOf = ({ symbol, timeframe }) =>
  resample({ timeframe: '1m', bars: symbol === OWN.symbol ? minutes : other }, timeframe).bars;

const viewOf = (specs: Readonly<Record<string, SeriesSpec | null>>): MovingView =>
  new MovingView(
    OWN.symbol,
    OWN.timeframe,
    minutes,
    seriesColumns(specs, OWN, source, createIndicatorCache()),
  );

describe('a view', () => {
  it('shows the bar it stands at and those before it, and moves all its series at once', () => {
    const view = viewOf({ average: { kind: 'sma', period: 2 } });
    view.moveTo(10);
    expect([view.close.at(0), view.close.at(3), view.openTimeMs]).toEqual([
      minutes.close[10],
      minutes.close[7],
      600_000,
    ]);
    view.moveTo(11);
    expect(view.close.at(0)).toBe(minutes.close[11]);
    const mean = ((minutes.close[11] ?? NaN) + (minutes.close[10] ?? NaN)) / 2;
    expect(view.indicators.average?.at(0)).toBeCloseTo(mean, 9);
  });

  it('has nothing before the first bar', () => {
    const view = viewOf({ average: { kind: 'sma', period: 3 } });
    view.moveTo(1);
    expect([view.close.at(2), view.indicators.average?.at(0)]).toEqual([NaN, NaN]);
  });

  it('refuses to look ahead, at its own bars and at others', () => {
    const view = viewOf({ hourly: { of: 'close', timeframe: '1h' } });
    view.moveTo(120);
    expect(() => view.close.at(-1)).toThrow(RangeError);
    expect(() => view.indicators.hourly?.at(-1)).toThrow('only closed bars can be seen');
  });

  it('shows a bar of another timeframe from the bar on at whose close it has closed, and not before', () => {
    const view = viewOf({ hourly: { of: 'close', timeframe: '1h' } });
    const at = (index: number, ago: number): number | undefined => {
      view.moveTo(index);
      return view.indicators.hourly?.at(ago);
    };
    expect(at(58, 0)).toBeNaN();
    expect(at(59, 0)).toBe(minutes.close[59]);
    expect(at(118, 0)).toBe(minutes.close[59]);
    expect(at(119, 0)).toBe(minutes.close[119]);
    expect(at(119, 1)).toBe(minutes.close[59]);
  });

  it('shows another symbol at the same instant', () => {
    const view = viewOf({ ether: { of: 'high', symbol: 'ETH/USDT' } });
    view.moveTo(42);
    expect(view.indicators.ether?.at(0)).toBe(other.high[42]);
  });

  it('shows NaN for what the strategy has no use for', () => {
    const view = viewOf({ unused: null });
    view.moveTo(42);
    expect(view.indicators.unused?.at(0)).toBeNaN();
  });

  it('knows no output that the indicator does not have', () => {
    const view = (): unknown => viewOf({ wrong: { of: { kind: 'sma', period: 3 }, output: 'upper' } });
    expect(view).toThrow(UserError);
    expect(view).toThrow('The indicator "sma" has no output "upper".');
  });
});

describe('what a decision needs', () => {
  it('is the longest of what its series need, of each source, its own bars first', () => {
    const needs = barNeeds(
      {
        short: { kind: 'sma', period: 10 },
        long: { kind: 'sma', period: 50 },
        hourly: { of: { kind: 'sma', period: 20 }, timeframe: '1h' },
        ether: { of: 'close', symbol: 'ETH/USDT' },
        unused: null,
      },
      OWN,
      1,
    );
    expect(needs).toEqual([
      { ...OWN, bars: 51 },
      { symbol: 'BTC/USDT', timeframe: '1h', bars: 21 },
      { symbol: 'ETH/USDT', timeframe: '1m', bars: 2 },
    ]);
  });

  it('is at least what the strategy says', () => {
    expect(barNeeds({}, OWN, 300)).toEqual([{ ...OWN, bars: 300 }]);
  });
});

it('an indicator of the same bars is computed once', () => {
  const compute = createIndicatorCache();
  const [first] = compute(minutes, { kind: 'ema', period: 12 });
  const [again] = compute(minutes, { period: 12, kind: 'ema', source: 'close' });
  const [elsewhere] = compute(other, { kind: 'ema', period: 12 });
  expect(again).toBe(first);
  expect(elsewhere).not.toBe(first);
});
