import { columnsOf, type BarColumns } from '../../../domain/bar-columns';
import { compute, outputsOf } from '../../../domain/indicators/registry';
import { indicators, type ParsedSpec } from '../../../domain/indicators/spec';
import { SAMPLE_ROWS } from './samples';
import { market } from './support';

const PRICE = 0.1;

/** Bars that do not move; 0.1 has no exact binary form. */
function still(volume: number): BarColumns {
  const bar = { open: PRICE, high: PRICE, low: PRICE, close: PRICE, volume };
  return columnsOf(Array.from({ length: 100 }, (_, index) => ({ ...bar, openTimeMs: index * 60_000 })));
}

const TYPICAL = (PRICE + PRICE + PRICE) / 3;

/** What a market that does not move has for values: TA-Lib's own where it has one (the fixture `still`). */
const VALUES: readonly (readonly [spec: ParsedSpec, values: readonly number[]])[] = [
  [indicators.sma(20), [PRICE]],
  [indicators.ema(20), [PRICE]],
  [indicators.rsi(), [0]],
  [indicators.rsi(14, { flatValue: 50 }), [50]],
  [indicators.atr(), [0]],
  [indicators.adx(), [0]],
  [indicators.macd(), [0, 0, 0]],
  [indicators.bollinger(), [PRICE, PRICE, PRICE]],
  [indicators.stochastic(), [0, 0]],
  [indicators.stochasticFast(), [0, 0]],
  [indicators.obv(), [3]],
  [indicators.vwap(20), [TYPICAL]],
  [indicators.sessionVwap(), [TYPICAL]],
  [indicators.donchian(), [PRICE, PRICE, PRICE]],
  [indicators.keltner(), [PRICE, PRICE, PRICE]],
  [indicators.supertrend(), [PRICE, -1]],
  [indicators.correlation(20, 'high', 'low'), [0]],
  [indicators.zScore(), [0]],
  [indicators.realisedVolatility(20), [0]],
  [indicators.roc(), [0]],
  [indicators.williamsR(), [0]],
];

describe('a market that does not move', () => {
  it.each(VALUES.map(([spec, values]) => [JSON.stringify(spec), spec, values] as const))(
    '%s',
    (_, spec, values) => {
      expect(compute(still(3), spec).map((output) => output.at(-1))).toEqual(values);
    },
  );

  it('and does not trade has its own price for an average', () => {
    expect(compute(still(0), indicators.vwap(5))[0]?.at(-1)).toBe(TYPICAL);
    expect(compute(still(0), indicators.sessionVwap())[0]?.at(-1)).toBe(TYPICAL);
  });
});

/** Outputs in units of price; all others have no unit, or one of volume. */
const PRICED: Readonly<Record<string, readonly string[]>> = {
  sma: ['sma'],
  ema: ['ema'],
  wma: ['wma'],
  atr: ['atr'],
  macd: ['macd', 'signal', 'histogram'],
  bollinger: ['upper', 'middle', 'lower'],
  vwap: ['vwap'],
  sessionVwap: ['vwap'],
  donchian: ['upper', 'middle', 'lower'],
  keltner: ['upper', 'middle', 'lower'],
  supertrend: ['supertrend'],
};

/** A power of two: multiplication by it rounds nothing. */
const FACTOR = 2 ** -24;

test.each(SAMPLE_ROWS)('%s says of a price in millionths what it says of the price', (_, spec) => {
  const bars = market({ seed: 12, length: 400, stillShare: 0.3 });
  const scale = (column: Float64Array): Float64Array => column.map((value) => value * FACTOR);
  const small = {
    ...bars,
    open: scale(bars.open),
    high: scale(bars.high),
    low: scale(bars.low),
    close: scale(bars.close),
  };
  const names = outputsOf(spec);
  const whole = compute(bars, spec);
  compute(small, spec).forEach((output, which) => {
    const isPriced = PRICED[spec.kind]?.includes(names[which] ?? '') ?? false;
    const expected = whole[which] ?? new Float64Array();
    expect(output).toEqual(isPriced ? scale(expected) : expected);
  });
});

test('supertrend by hand, after the rules of TradingView', () => {
  // period 1, multiplier 1: the average true range is the bar's own.
  const sheet = [
    // high, low, close → true range, upper band, lower band → supertrend, direction
    [11, 9, 10, NaN, NaN], //
    [12, 10, 11, 13, -1], // 2: 13, 9; the trend begins as down
    [16, 12, 15, 9, 1], // 5: 19 → stays 13, 9 → stays 9; the close is above 13
    [17, 15, 16, 14, 1], // 2: 18, as a close was above 13; 14
    [16, 12, 13, 18, -1], // 4: 18, 10 → stays 14; the close is below 14
    [14, 10, 11, 16, -1], // 4: 16; 8, as a close was below 14
  ] as const;
  const bars = sheet.map(([high, low, close], index) => {
    return { openTimeMs: index, open: close, high, low, close, volume: 1 };
  });
  const [values, directions] = compute(columnsOf(bars), indicators.supertrend(1, { multiplier: 1 }));
  expect([...(values ?? [])]).toEqual(sheet.map((row) => row[3]));
  expect([...(directions ?? [])]).toEqual(sheet.map((row) => row[4]));
});
