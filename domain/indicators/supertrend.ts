import type { BarColumns } from '../bar-columns';
import type { IndicatorDefinition } from './definition';
import { undefinedUntil } from './series';
import { medianPrice } from './source';
import type { StreamingIndicator } from './streaming';
import { atr, AtrStream, wilderSettlingBars } from './wilder';

const UP = 1;
const DOWN = -1;

/**
 * Bands and direction of the supertrend, from the first bar that has an average true range on. A band moves only towards
 * price, until a close has been beyond it; the trend turns when a close passes the band it follows.
 */
class Trend {
  /** The band that is followed: below price in an up trend, above it in a down trend. */
  value = NaN;
  direction = DOWN;
  private upper = NaN;
  private lower = NaN;
  private previousClose = NaN;

  /** @param width of a band: multiplier × average true range */
  next(median: number, width: number, close: number): void {
    const upper = median + width;
    const lower = median - width;
    // Negated, so that the first bar, before which there is nothing, takes its own bands.
    if (!(upper >= this.upper && this.previousClose <= this.upper)) this.upper = upper;
    if (!(lower <= this.lower && this.previousClose >= this.lower)) this.lower = lower;
    if (!Number.isNaN(this.value)) this.turn(close);
    this.previousClose = close;
    this.value = this.direction === UP ? this.lower : this.upper;
  }

  private turn(close: number): void {
    if (this.direction === UP) {
      if (close < this.lower) this.direction = DOWN;
    } else if (close > this.upper) this.direction = UP;
  }
}

/**
 * Seban's supertrend, with the rules and the beginning of TradingView's `ta.supertrend`: bands around the median price,
 * `multiplier` average true ranges wide; at the first defined bar the trend is down. The direction is 1 in an up trend and
 * −1 in a down trend (TradingView has it the other way about).
 * @returns supertrend, direction
 */
export function supertrend(
  { high, low, close }: Pick<BarColumns, 'high' | 'low' | 'close'>,
  period: number,
  multiplier: number,
): readonly [supertrend: Float64Array, direction: Float64Array] {
  const { length } = close;
  const range = atr(high, low, close, period);
  const values = range;
  const directions = undefinedUntil(period, length);
  const trend = new Trend();
  for (let i = period; i < length; i += 1) {
    const width = multiplier * (range[i] ?? NaN);
    trend.next(medianPrice(high[i] ?? NaN, low[i] ?? NaN), width, close[i] ?? NaN);
    values[i] = trend.value;
    directions[i] = trend.direction;
  }
  return [values, directions];
}

class SupertrendStream implements StreamingIndicator {
  readonly values = new Float64Array(2).fill(NaN);
  private readonly range: AtrStream;
  private readonly trend = new Trend();

  constructor(
    period: number,
    private readonly multiplier: number,
  ) {
    this.range = new AtrStream(period);
  }

  next(_open: number, high: number, low: number, close: number): Float64Array {
    const range = this.range.step(high, low, close);
    if (Number.isNaN(range)) return this.values;
    this.trend.next(medianPrice(high, low), this.multiplier * range, close);
    this.values[0] = this.trend.value;
    this.values[1] = this.trend.direction;
    return this.values;
  }
}

/** Periods after which, on markets that move, a turn has made any two beginnings one. */
const PERIODS_UNTIL_TURNED = 30;

export const supertrendDefinition: IndicatorDefinition<'supertrend'> = {
  kind: 'supertrend',
  summary: "Seban's supertrend, in price units, and its direction (1 up, −1 down)",
  outputs: ['supertrend', 'direction'],
  lookback: ({ period }) => period,
  // Its bands are a path: they forget where they began at a turn, which no number of bars can promise.
  settlingBars: ({ period }) => (1 + PERIODS_UNTIL_TURNED) * period + wilderSettlingBars(period),
  compute: (columns, { period, multiplier }) => supertrend(columns, period, multiplier),
  stream: ({ period, multiplier }) => new SupertrendStream(period, multiplier),
};
