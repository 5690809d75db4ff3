import type { BarColumns } from '../bar-columns';
import { BlockWindow, tailsOf } from './block-window';
import type { IndicatorDefinition } from './definition';
import { sourceColumn, typicalPrice } from './source';
import type { StreamingIndicator } from './streaming';

/** The average price of what was traded: by distance from a price among them, and that price where nothing was. */
const averagePrice = (pivot: number, typical: number, weighted: number, volume: number): number =>
  volume === 0 ? typical : pivot + weighted / volume;

/**
 * The volume-weighted average of the typical price over the last `period` bars; the newest typical price where none of
 * them has a volume. Sums run as in {@link BlockWindow}.
 */
export function vwap(typical: Float64Array, volume: Float64Array, period: number): Float64Array {
  const { length } = typical;
  const out = new Float64Array(length);
  const tail = tailsOf(period);
  const tailVolume = tailsOf(period);
  for (let start = 0; start < length; start += period) {
    const pivot = typical[start] ?? NaN;
    let weighted = 0;
    let traded = 0;
    if (start > 0) {
      for (let k = period - 1; k > 0; k -= 1) {
        const amount = volume[start - period + k] ?? NaN;
        weighted += ((typical[start - period + k] ?? NaN) - pivot) * amount;
        traded += amount;
        tail[k] = weighted;
        tailVolume[k] = traded;
      }
    }
    const end = Math.min(start + period, length);
    weighted = 0;
    traded = 0;
    for (let i = start; i < end; i += 1) {
      const price = typical[i] ?? NaN;
      const amount = volume[i] ?? NaN;
      const k = i - start + 1;
      weighted += (price - pivot) * amount;
      traded += amount;
      out[i] = averagePrice(pivot, price, (tail[k] ?? NaN) + weighted, (tailVolume[k] ?? NaN) + traded);
    }
  }
  return out;
}

class VwapStream extends BlockWindow implements StreamingIndicator {
  readonly values = new Float64Array(1).fill(NaN);

  constructor(period: number) {
    super(period, [0, 0]);
  }

  next(_open: number, high: number, low: number, close: number, volume: number): Float64Array {
    const typical = typicalPrice(high, low, close);
    this.push(typical, volume);
    this.values[0] = averagePrice(
      this.pivot,
      typical,
      this.tail(0) + this.head(0),
      this.tail(1) + this.head(1),
    );
    return this.values;
  }

  protected override add(sums: Float64Array, typical: number, volume: number): void {
    sums[0] = (sums[0] ?? NaN) + (typical - this.pivot) * volume;
    sums[1] = (sums[1] ?? NaN) + volume;
  }
}

export const vwapDefinition: IndicatorDefinition<'vwap'> = {
  kind: 'vwap',
  summary: 'Volume-weighted average price of a rolling window, in price units',
  outputs: ['vwap'],
  lookback: ({ period }) => period - 1,
  settlingBars: ({ period }) => period - 1,
  compute: (columns, { period }) => [vwap(sourceColumn(columns, 'typical'), columns.volume, period)],
  stream: ({ period }) => new VwapStream(period),
};

interface Session {
  readonly sessionMs: number;
  readonly offsetMs: number;
}

/**
 * The volume-weighted average of the typical price since the session began; sessions are `sessionMs` long and begin at
 * `offsetMs` past multiples of it (UTC). The newest typical price while nothing has been traded in the session.
 */
export function sessionVwap(columns: BarColumns, session: Session): Float64Array {
  const { length, openTimeMs, high, low, close, volume } = columns;
  const out = new Float64Array(length);
  const average = new SessionAverage(session);
  for (let i = 0; i < length; i += 1) {
    const typical = typicalPrice(high[i] ?? NaN, low[i] ?? NaN, close[i] ?? NaN);
    out[i] = average.next(openTimeMs[i] ?? NaN, typical, volume[i] ?? NaN);
  }
  return out;
}

/** The average since a session's beginning. Nothing leaves it, so sums that only grow are all there is to it. */
class SessionAverage {
  private endMs = -Infinity;
  private pivot = NaN;
  private weighted = 0;
  private volume = 0;

  constructor(private readonly session: Session) {}

  next(openTimeMs: number, typical: number, volume: number): number {
    if (openTimeMs >= this.endMs) this.begin(openTimeMs, typical);
    this.weighted += (typical - this.pivot) * volume;
    this.volume += volume;
    return averagePrice(this.pivot, typical, this.weighted, this.volume);
  }

  private begin(openTimeMs: number, typical: number): void {
    const { sessionMs, offsetMs } = this.session;
    this.endMs = (Math.floor((openTimeMs - offsetMs) / sessionMs) + 1) * sessionMs + offsetMs;
    this.pivot = typical;
    this.weighted = 0;
    this.volume = 0;
  }
}

class SessionVwapStream implements StreamingIndicator {
  readonly values = new Float64Array(1).fill(NaN);
  private readonly average: SessionAverage;

  constructor(session: Session) {
    this.average = new SessionAverage(session);
  }

  next(
    _open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    openTimeMs: number,
  ): Float64Array {
    this.values[0] = this.average.next(openTimeMs, typicalPrice(high, low, close), volume);
    return this.values;
  }
}

export const sessionVwapDefinition: IndicatorDefinition<'sessionVwap'> = {
  kind: 'sessionVwap',
  summary: 'Volume-weighted average price since the session began, in price units',
  outputs: ['vwap'],
  lookback: () => 0,
  settlingBars: ({ sessionMs }, barMs) => Math.ceil(sessionMs / barMs) - 1,
  compute: (columns, spec) => [sessionVwap(columns, spec)],
  stream: (spec) => new SessionVwapStream(spec),
};
