import { stringify } from 'csv-stringify/sync';
import type { Report } from './report';

const iso = (timeMs: number | undefined): string =>
  timeMs === undefined ? '' : new Date(timeMs).toISOString();

const TRADE_COLUMNS = [
  'strategy',
  'symbol',
  'side',
  'open_date',
  'close_date',
  'quantity',
  'entryPrice',
  'exitPrice',
  'fees',
  'funding',
  'profit_abs',
  'exitReason',
  'bars',
] as const;

/** Every trade with times in ISO 8601 (UTC); `ballast metrics` reads it again. */
export const tradesCsv = ({ trades }: Report): string =>
  stringify(
    trades.map((trade) => ({
      ...trade,
      open_date: iso(trade.openTimeMs),
      close_date: iso(trade.closeTimeMs),
      profit_abs: trade.profit,
    })),
    { header: true, columns: [...TRADE_COLUMNS] },
  );

/** Daily equity: `date, equity`. */
export const equityCsv = ({ equity }: Report): string =>
  stringify(
    equity.map(({ timeMs, equity: value }) => ({ date: iso(timeMs), equity: value })),
    { header: true, columns: ['date', 'equity'] },
  );
