import type { ExchangePort, OrderReport } from '../../adapters/exchange/port';
import { tryEach } from '../../adapters/exchange/try-each';
import type { Journal, OrderStore } from '../../adapters/store/port';
import { isPositive } from '../../domain/decimal';
import { isMarked } from '../../domain/ids';
import type { Fill } from '../../domain/order';
import { isUnexplained } from '../../domain/findings';

/** How far the exchange's record is read back, in market time, before anything that the journal knows: clocks may differ. */
const LOOK_BACK_MS = 3_600_000;
/** The same when the journal remembers no reconciliation at all. */
const FIRST_LOOK_BACK_MS = 86_400_000;

/** What the exchange says about the account since an instant. */
export interface ExchangeRecord {
  readonly sinceMs: number;
  /** Every symbol that was looked at. */
  readonly symbols: readonly string[];
  readonly reports: readonly OrderReport[];
  readonly fills: readonly Fill[];
}

/**
 * From when on the exchange's record is to be read: the last instant up to which this journal has compared it. For one
 * restored from an older copy that is the time of the copy, so that everything it has lost is found. What could not be explained stays in sight.
 */
export async function compareSince(
  store: Pick<OrderStore & Journal, 'livePositions' | 'lastReconciliation'>,
  account: string,
  session: string,
  nowMs: number,
): Promise<number> {
  const grants = (await store.livePositions(account)).map(({ grantedAtMs }) => grantedAtMs);
  const last = await store.lastReconciliation(account);
  if (last?.session !== session) return Math.floor(Math.min(nowMs - FIRST_LOOK_BACK_MS, ...grants));
  const { report, marketTimeMs } = last;
  const unexplained = report.findings.some(isUnexplained) ? [report.sinceMs + LOOK_BACK_MS] : [];
  return Math.floor(Math.min(nowMs, marketTimeMs, ...grants, ...unexplained)) - LOOK_BACK_MS;
}

/** Reads orders and trades of `symbols`, and of every symbol on which an order of Ballast rests. */
export async function readExchange(
  exchange: ExchangePort,
  symbols: readonly string[],
  sinceMs: number,
): Promise<ExchangeRecord> {
  const open = await exchange.openOrders();
  const ours = open.filter(({ clientOrderId }) => isMarked(clientOrderId));
  const watched = [...new Set([...symbols, ...ours.map(({ symbol }) => symbol)])];
  const reports = new Map(open.map((report) => [report.exchangeOrderId, report]));
  const fills: Fill[] = [];
  // One that the exchange no longer lists has nothing to tell.
  await tryEach(watched, async (symbol) => {
    // Later answers win: an order may have ended since the first.
    for (const report of await exchange.ordersSince(symbol, sinceMs))
      reports.set(report.exchangeOrderId, report);
    fills.push(...(await exchange.fillsSince(symbol, sinceMs)));
  });
  return { sinceMs, symbols: watched, reports: [...reports.values()], fills };
}

/** It rests, or has traded: one that came to nothing needs no explanation. */
export const matters = ({ status, filledQuantity }: OrderReport): boolean =>
  status === 'open' || isPositive(filledQuantity);
