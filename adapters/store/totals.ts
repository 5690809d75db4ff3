import { decimal, type DecimalString } from '../../domain/decimal';
import { integerOrNull } from './orders';
import { inSession, select, type ListFilter } from './selection';
import type { Queryable } from './transaction';

/** Sums over one session of an account. */
export interface Totals {
  readonly livePositions: number;
  readonly closedPositions: number;
  /** Closed positions that bought something, by the sign of their result. */
  readonly wins: number;
  readonly losses: number;
  /** Results of closed positions, fees in base and quote included. */
  readonly realisedPnl: DecimalString;
  /** The same for those closed since midnight UTC, in market time, of the day of the latest mark. */
  readonly realisedPnlToday: DecimalString;
  /** By asset. */
  readonly fees: Readonly<Record<string, DecimalString>>;
  readonly fills: number;
  /** By state. */
  readonly orders: Readonly<Record<string, number>>;
  readonly decisions: number;
  /** Wall milliseconds that positions held something without a resident stop; null before the first that held. */
  readonly unprotectedMs: { readonly median: number | null; readonly longest: number | null };
}

type SessionFilter = Pick<ListFilter, 'account' | 'session'>;

export async function totalsOf(db: Queryable, filter: SessionFilter): Promise<Totals> {
  return {
    ...(await positionSums(db, filter)),
    ...(await fillSums(db, filter)),
    orders: await orderStates(db, filter),
    decisions: await decisionCount(db, filter),
  };
}

interface PositionSums {
  readonly live: number;
  readonly closed: number;
  readonly wins: number;
  readonly losses: number;
  readonly realised: string;
  readonly realised_today: string;
  readonly unprotected_median: number | null;
  readonly unprotected_longest: string | null;
}

async function positionSums(
  db: Queryable,
  filter: SessionFilter,
): Promise<Omit<Totals, 'fees' | 'fills' | 'orders' | 'decisions'>> {
  const { where, values } = sessionOf('p', filter);
  const { rows } = await db.query<PositionSums>(
    `SELECT count(*) FILTER (WHERE p.state = 'live')::integer AS live,
       count(*) FILTER (WHERE p.state = 'closed')::integer AS closed,
       count(*) FILTER (WHERE p.opened_at_ms IS NOT NULL AND p.realised_pnl > 0)::integer AS wins,
       count(*) FILTER (WHERE p.opened_at_ms IS NOT NULL AND p.realised_pnl <= 0)::integer AS losses,
       coalesce(sum(p.realised_pnl), 0) AS realised,
       coalesce(sum(p.realised_pnl) FILTER (
         WHERE p.closed_at_ms >= coalesce((a.equity ->> 'dayStartMs')::bigint, 0)), 0) AS realised_today,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY p.unprotected_ms)
         FILTER (WHERE p.opened_at_ms IS NOT NULL) AS unprotected_median,
       max(p.unprotected_ms) FILTER (WHERE p.opened_at_ms IS NOT NULL) AS unprotected_longest
     FROM positions p JOIN accounts a ON a.account = p.account ${where}`,
    values,
  );
  const [sums] = rows;
  return {
    livePositions: sums?.live ?? 0,
    closedPositions: sums?.closed ?? 0,
    wins: sums?.wins ?? 0,
    losses: sums?.losses ?? 0,
    realisedPnl: decimal(sums?.realised ?? '0'),
    realisedPnlToday: decimal(sums?.realised_today ?? '0'),
    unprotectedMs: {
      median: sums?.unprotected_median ?? null,
      longest: integerOrNull(sums?.unprotected_longest ?? null),
    },
  };
}

async function fillSums(db: Queryable, filter: SessionFilter): Promise<Pick<Totals, 'fees' | 'fills'>> {
  const { where, values } = sessionOf('f', filter);
  const { rows } = await db.query<{ fee_asset: string; fee: string; count: number }>(
    `SELECT fee_asset, sum(fee) AS fee, count(*)::integer AS count FROM fills f ${where} GROUP BY fee_asset ORDER BY fee_asset`,
    values,
  );
  return {
    fees: Object.fromEntries(rows.map((row) => [row.fee_asset, decimal(row.fee)])),
    fills: rows.reduce((total, row) => total + row.count, 0),
  };
}

async function orderStates(db: Queryable, filter: SessionFilter): Promise<Totals['orders']> {
  const { where, values } = sessionOf('p', filter);
  const { rows } = await db.query<{ state: string; count: number }>(
    `SELECT o.state, count(*)::integer AS count FROM orders o JOIN positions p USING (position_id) ${where}
     GROUP BY o.state ORDER BY o.state`,
    values,
  );
  return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}

async function decisionCount(db: Queryable, filter: SessionFilter): Promise<number> {
  const { where, values } = sessionOf('d', filter);
  const { rows } = await db.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM decisions d ${where}`,
    values,
  );
  return rows[0]?.count ?? 0;
}

function sessionOf(table: string, { account, session }: SessionFilter): { where: string; values: unknown[] } {
  const { where, values } = select([[`${table}.account = ?`, account], inSession(table, session)]);
  return { where, values: [...values] };
}
