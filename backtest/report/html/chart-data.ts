import { underwater } from '../../../domain/performance/drawdown';
import { dayOf } from '../../../domain/performance/realised-equity';
import { fromStart } from '../../../domain/performance/returns';
import type { TradeRecord } from '../../../domain/performance/types';
import type { ChartBar, Report } from '../report';

/** Prices for the page's chart, per pair; none, and the page has no price chart. */
export interface ChartData {
  readonly bars?: Readonly<Record<string, readonly ChartBar[]>>;
}

/** More bars than these are joined, more trades than these are left out, and the page says so. */
export const MOST_BARS = 6_000;
export const MOST_POINTS = 4_000;
export const MOST_TRADES = 2_000;

/** What the page's script draws. Times are UTC seconds, strictly ascending. */
export interface PageData {
  readonly prices: readonly { readonly symbol: string; readonly bars: readonly (readonly number[])[] }[];
  readonly equity: readonly Point[];
  readonly buyAndHold: readonly Point[];
  /** Percentages below the peak, zero or negative. */
  readonly drawdown: readonly Point[];
  /** Realised profit per day of closing. */
  readonly profits: readonly Point[];
  readonly trades: readonly PageTrade[];
}

type Point = readonly [time: number, value: number];

export interface PageTrade {
  readonly symbol: string;
  readonly side: string;
  readonly open: number | null;
  readonly close: number;
  readonly profit: number;
}

/** The page's data, thinned out where there is too much to draw, and sentences that say what was thinned. */
export function pageData(
  report: Report,
  { bars = {} }: ChartData,
): {
  readonly data: PageData;
  readonly shownTrades: readonly TradeRecord[];
  readonly thinned: readonly string[];
} {
  const { startingBalance, startMs, trades, buyAndHold = [] } = report;
  const thinned: string[] = [];
  const equity = fromStart(report.equity, startingBalance, startMs);
  const depths = underwater(equity, startingBalance);
  const prices = Object.entries(bars).map(([symbol, all]) => {
    const joined = joinBars(all, MOST_BARS);
    if (joined.length < all.length)
      thinned.push(`The price chart of ${symbol} joins its ${all.length} bars into ${joined.length}.`);
    return {
      symbol,
      bars: joined.map(({ timeMs, open, high, low, close }) => [seconds(timeMs), open, high, low, close]),
    };
  });
  const curve = equity.map(({ timeMs, equity: value }): Point => [seconds(timeMs), value]);
  const kept = thinOut(curve, MOST_POINTS);
  if (kept.length < curve.length)
    thinned.push(
      `The equity chart draws ${kept.length} of ${curve.length} days, every high and low among them.`,
    );
  const shownTrades = mostTelling(trades, MOST_TRADES);
  if (shownTrades.length < trades.length)
    thinned.push(
      `Marked and listed are the ${shownTrades.length} trades with the largest results of ${trades.length}; all of them are in the numbers.`,
    );
  return {
    data: {
      prices,
      equity: kept,
      buyAndHold: thinOut(
        buyAndHold.map(({ timeMs, equity: value }): Point => [seconds(timeMs), value]),
        MOST_POINTS,
      ),
      drawdown: thinOut(
        equity.map(({ timeMs }, index): Point => [seconds(timeMs), -100 * (depths[index] ?? 0)]),
        MOST_POINTS,
      ),
      profits: thinOut(profitsPerDay(trades), MOST_POINTS),
      trades: shownTrades.map(({ symbol = '', side = '', openTimeMs, closeTimeMs, profit }) => ({
        symbol,
        side,
        open: openTimeMs === undefined ? null : seconds(openTimeMs),
        close: seconds(closeTimeMs),
        profit,
      })),
    },
    shownTrades,
    thinned,
  };
}

const seconds = (timeMs: number): number => Math.floor(timeMs / 1000);

/** Joins as many neighbours into one bar as it takes to have at most `most`: first open, last close, extremes of all. */
export function joinBars(bars: readonly ChartBar[], most: number): readonly ChartBar[] {
  const size = Math.max(1, Math.ceil(bars.length / most));
  if (size === 1) return bars;
  const joined: ChartBar[] = [];
  for (let from = 0; from < bars.length; from += size) {
    const part = bars.slice(from, from + size);
    const [first, last] = [part[0], part.at(-1)];
    if (first === undefined || last === undefined) break;
    joined.push({
      timeMs: first.timeMs,
      open: first.open,
      high: Math.max(...part.map(({ high }) => high)),
      low: Math.min(...part.map(({ low }) => low)),
      close: last.close,
    });
  }
  return joined;
}

/** Keeps the lowest and the highest point of each of `most / 2` stretches, and both ends. */
export function thinOut(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points;
  const size = Math.ceil(points.length / Math.max(1, Math.floor(most / 2) - 1));
  const kept = new Set<Point>(points.slice(0, 1));
  for (let from = 0; from < points.length; from += size) {
    const part = points.slice(from, from + size);
    const low = part.reduce((least, point) => (point[1] < least[1] ? point : least));
    const high = part.reduce((most, point) => (point[1] > most[1] ? point : most));
    for (const point of part) if (point === low || point === high) kept.add(point);
  }
  for (const point of points.slice(-1)) kept.add(point);
  return [...kept];
}

function mostTelling(trades: readonly TradeRecord[], most: number): readonly TradeRecord[] {
  const byTime = (a: TradeRecord, b: TradeRecord): number => a.closeTimeMs - b.closeTimeMs;
  if (trades.length <= most) return trades.toSorted(byTime);
  return trades
    .toSorted((a, b) => Math.abs(b.profit) - Math.abs(a.profit))
    .slice(0, most)
    .sort(byTime);
}

function profitsPerDay(trades: readonly TradeRecord[]): readonly Point[] {
  const sums = new Map<number, number>();
  for (const { closeTimeMs, profit } of trades) {
    const time = seconds(dayOf(closeTimeMs));
    sums.set(time, (sums.get(time) ?? 0) + profit);
  }
  return [...sums].sort(([a], [b]) => a - b);
}
