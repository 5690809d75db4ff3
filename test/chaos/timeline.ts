import type { Pool } from 'pg';
import type { HistoricalChange } from '../../emulator/journal/history';
import type { FaultStrike } from '../../emulator/server/faults/log';
import type { UnservedCall } from '../crash/harness/exchange-proxy';
import { within } from '../crash/harness/wait';
import { explain, type Entry } from './chronicle';

/** Something that can tell of a run; it may be broken, or gone. */
export interface Source {
  /** As in "… could not be read". */
  readonly name: string;
  readonly read: () => readonly Entry[] | Promise<readonly Entry[]>;
}

/**
 * What all of them tell. One that fails or takes longer than `limitMs` is an entry that says so, and keeps nobody from
 * hearing the others.
 */
export async function gather(sources: readonly Source[], limitMs: number): Promise<readonly Entry[]> {
  const told = sources.map(async ({ name, read }): Promise<readonly Entry[]> => {
    try {
      return await within(limitMs, async () => read());
    } catch (error) {
      return [
        { wallMs: Date.now(), source: 'harness', text: `${name} could not be read: ${explain(error)}` },
      ];
    }
  });
  return (await Promise.all(told)).flat();
}

/** Requests that the exchange did not serve, for people. */
export const unservedEntries = (calls: readonly UnservedCall[]): readonly Entry[] =>
  calls.map(({ fromMs, toMs, key, why }) => ({
    wallMs: fromMs,
    source: 'wire',
    text: `${key} was not served for ${toMs - fromMs} ms: ${why}`,
  }));

/** Strikes of the planned faults, for people. */
export const strikeEntries = (strikes: readonly FaultStrike[]): readonly Entry[] =>
  strikes.map(({ wallTimeMs, kind, endpoint, clientOrderId }) => ({
    wallMs: wallTimeMs,
    source: 'strike',
    text: `${kind} strikes ${endpoint}${clientOrderId === null ? '' : ` \`${clientOrderId}\``}`,
  }));

/** What the exchange recorded about orders, for people. */
export const exchangeEntries = (history: readonly HistoricalChange[]): readonly Entry[] =>
  history.map((change) => ({
    wallMs: change.wallMs ?? 0,
    source: 'exchange',
    text: describeChange(change),
  }));

function describeChange(change: HistoricalChange): string {
  const { order } = change;
  const name = `${order.side} ${order.type} ${order.symbol} \`${order.clientOrderId}\``;
  switch (change.kind) {
    case 'accepted': {
      const price = Number(order.stopPrice) > 0 ? `stop ${order.stopPrice}` : `price ${order.price}`;
      return `accepted ${name}: ${order.quantity}, ${price}`;
    }
    case 'triggered':
      return `triggered ${name}`;
    case 'traded': {
      const { trade } = change;
      return `traded ${name}: ${trade.quantity} at ${trade.price}, fee ${trade.fee} ${trade.feeAsset}; ${order.executedQuantity} of ${order.quantity} done`;
    }
    case 'closed':
      return `closed ${name}: ${order.status}, ${order.executedQuantity} of ${order.quantity} done`;
  }
}

interface Row {
  readonly at: Date;
  readonly text: string;
}

/** What Ballast wrote into its own journal, for people: rows that carry a wall time. */
export async function journalEntries(pool: Pool, account: string): Promise<readonly Entry[]> {
  const queries = [
    `SELECT e.recorded_at AS at, format('%s %s of \`%s\` \`%s\`: %s → %s, filled %s of %s%s', o.leg, o.sequence,
       o.position_id, o.client_order_id, e.event, e.to_state, e.filled_quantity, e.quantity,
       coalesce(' (' || e.reason || ')', '')) AS text
     FROM order_events e JOIN orders o USING (client_order_id) WHERE o.account = $1`,
    `SELECT recorded_at AS at, format('fill %s of \`%s\` learnt by %s', trade_id, client_order_id, source) AS text
     FROM fills WHERE account = $1`,
    `SELECT created_at AS at, format('granted \`%s\`', position_id) AS text FROM positions WHERE account = $1`,
    `SELECT exit_wished_at AS at, format('\`%s\` is to leave: %s', position_id, exit_reason) AS text
     FROM positions WHERE account = $1 AND exit_wished_at IS NOT NULL`,
    `SELECT changed_at AS at, format('mode %s → %s by %s: %s', from_mode, to_mode, changed_by, reason) AS text
     FROM mode_changes WHERE account = $1`,
    `SELECT recorded_at AS at, format('risk event %s: %s', code, message) AS text FROM risk_events WHERE account = $1`,
    `SELECT u.recorded_at AS at, format('\`%s\` was without a stop for %s ms', u.position_id, u.duration_ms) AS text
     FROM unprotected u JOIN positions p USING (position_id) WHERE p.account = $1`,
  ];
  const found = await Promise.all(queries.map((sql) => pool.query<Row>(sql, [account])));
  return found
    .flatMap(({ rows }) => rows)
    .map(({ at, text }) => ({ wallMs: at.getTime(), source: 'journal', text }));
}

/** One table of everything, in the order of wall time. Entries of the same millisecond keep the order given. */
export function timeline(title: string, entries: readonly Entry[]): string {
  const sorted = [...entries].sort((a, b) => a.wallMs - b.wallMs);
  const startMs = sorted[0]?.wallMs ?? 0;
  const rows = sorted.map(({ wallMs, source, text }) => {
    const clock = new Date(wallMs).toISOString().slice(11, 23);
    const elapsed = ((wallMs - startMs) / 1000).toFixed(3).padStart(9);
    return `| ${clock} | ${elapsed} | ${source} | ${text.replaceAll('|', '\\|').replaceAll('\n', ' ')} |`;
  });
  return [
    `# ${title}`,
    '',
    '| wall time | seconds | source | what |',
    '|---|---:|---|---|',
    ...rows,
    '',
  ].join('\n');
}
