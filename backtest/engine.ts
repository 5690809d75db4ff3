import type { ClosedTrade, EquityPoint } from '../domain/performance/types';
import { dayAfter } from '../domain/performance/realised-equity';
import { DailyEquity, type Account } from './account';
import type { Lane } from './lane';
import type { RiskMarks } from './risk-marks';
import { quoteOf } from './scale';

export interface EngineParts {
  readonly account: Account;
  readonly lanes: readonly Lane[];
  /** Null when sizing looks at no losses. */
  readonly marks: RiskMarks | null;
  /** Called with every close and the equity at it; null when nobody wants to know. */
  readonly onEquity: ((timeMs: number, equity: number) => void) | null;
}

export interface EngineResult {
  readonly trades: readonly ClosedTrade[];
  readonly daily: readonly EquityPoint[];
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Walks all lanes along one time line. At each instant at which a bar of any lane opens or closes: first what happened inside
 * the bars that close (stops, targets, liquidation, funding), then the account is marked, then the strategies decide, then the
 * bars that open meet the orders. So no decision or fill ever sees a price, or another lane's money, of a later time.
 */
export function runLanes(parts: EngineParts): EngineResult {
  const { account, lanes } = parts;
  const startMs = Math.min(...lanes.map((lane) => lane.openTimeMs(0)));
  const daily = new DailyEquity(account, startMs);
  const [only] = lanes;
  const isAlone = lanes.length === 1 && parts.marks === null && parts.onEquity === null;
  const endMs = isAlone && only !== undefined ? walkOne(only, daily) : walkAll(parts, daily);
  for (const lane of lanes) lane.finish();
  daily.finish(dayAfter(endMs));
  return { trades: account.trades, daily: daily.points, startMs, endMs };
}

/** One lane has nobody to wait for: from midnight to midnight it walks by itself. */
function walkOne(lane: Lane, daily: DailyEquity): number {
  let index = 0;
  while (index < lane.length) {
    daily.before(lane.openTimeMs(index) + 1);
    // The bar that closes at the next midnight, or spans it, is the first that is not walked over.
    const end = Math.max(index, lane.firstClosingAtOrAfter(daily.nextMs));
    lane.walk(index, end);
    if (end === lane.length) break;
    const closeMs = lane.closeTimeMs(end);
    daily.before(lane.openTimeMs(end) + 1);
    lane.openBar(end);
    daily.before(closeMs);
    lane.insideBar(end);
    daily.at(closeMs);
    lane.closeBar(end);
    index = end + 1;
  }
  return lane.closeTimeMs(lane.length - 1);
}

/** Where a lane is: inside the bar at `index`, or waiting for it to open. */
interface Cursor {
  readonly lane: Lane;
  index: number;
  isOpen: boolean;
  /** The next time at which something happens to it. */
  nextMs: number;
}

function walkAll({ account, lanes, marks, onEquity }: EngineParts, daily: DailyEquity): number {
  const cursors = lanes.map((lane): Cursor => ({
    lane,
    index: 0,
    isOpen: false,
    nextMs: lane.openTimeMs(0),
  }));
  let endMs = next(cursors);
  for (let nowMs = endMs; nowMs < Infinity; nowMs = next(cursors)) {
    if (daily.nextMs < nowMs) daily.before(nowMs);
    for (const { lane, index, isOpen, nextMs } of cursors) {
      if (isOpen && nextMs === nowMs) lane.insideBar(index);
    }
    if (daily.nextMs === nowMs) daily.at(nowMs);
    marks?.mark(nowMs);
    onEquity?.(nowMs, quoteOf(account.equity()));
    for (const cursor of cursors) {
      if (!cursor.isOpen || cursor.nextMs !== nowMs) continue;
      cursor.lane.closeBar(cursor.index);
      cursor.index += 1;
      cursor.isOpen = false;
      cursor.nextMs = cursor.lane.openTimeMs(cursor.index);
    }
    for (const cursor of cursors) {
      if (cursor.isOpen || cursor.nextMs !== nowMs) continue;
      cursor.lane.openBar(cursor.index);
      cursor.isOpen = true;
      cursor.nextMs = cursor.lane.closeTimeMs(cursor.index);
    }
    endMs = nowMs;
  }
  return endMs;
}

/** The earliest time at which something happens. */
function next(cursors: readonly Cursor[]): number {
  let earliest = Infinity;
  for (const { nextMs } of cursors) if (nextMs < earliest) earliest = nextMs;
  return earliest;
}
