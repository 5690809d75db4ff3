import { createPool } from '../../adapters/store/pool';
import type { OrderPlan, OrderStore } from '../../adapters/store/port';
import { createStore } from '../../adapters/store/store';
import { inTransaction } from '../../adapters/store/transaction';
import { Leg, OrderType } from '../../domain/order';
import { DEPLOYMENT, mustGrant, orderId, sendRequest, SESSION } from '../../test/adapters/store/support';
import type { BenchContext, BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';
import { interleave, median, ratio } from '../statistics';
import { timed } from './submit';

const PAIRS = 150;
const WARM_UP = 15;

/** What the outbox costs an order before it may leave: its row is looked up or written, then the right to send is won. */
export const outboxCommit: BenchEntry = { name: 'outboxCommit', measure };

async function measure(context: BenchContext): Promise<readonly NamedMeasurement[]> {
  const servers = await context.servers();
  const pool = createPool({
    url: await servers.createDatabase('bench_outbox'),
    applicationName: 'ballast-bench',
    onConnectionError: () => undefined,
  });
  const store = createStore(pool);
  try {
    await pool.query('CREATE TABLE bench_commit AS SELECT 0 AS count');
    let granted = 0;
    const { subject, baseline } = await interleave({
      subject: async () => {
        granted += 1;
        const plan = await grantedEntry(store, `bench-${granted}`);
        return timed(() => winSend(store, plan));
      },
      baseline: () =>
        timed(() => inTransaction(pool, (tx) => tx.query('UPDATE bench_commit SET count = count + 1'))),
      pairs: PAIRS,
      warmUp: WARM_UP,
    });
    const value = median(subject);
    return [
      {
        name: 'outboxCommit',
        value,
        unit: 'ms',
        baseline: median(baseline),
        ratio: ratio(value, median(baseline)),
        goal: null,
        how: `median of ${PAIRS} times plan and beginSend of a granted entry (two transactions, one of them written to the disk), against as many one-row updates committed on the same PostgreSQL, in turn`,
      },
    ];
  } finally {
    await pool.end();
  }
}

type PlannedEntry = Omit<OrderPlan, 'leg'> & { readonly clientOrderId: string };

/** An account of its own with one granted position, so that every order meets the same journal. */
async function grantedEntry(
  store: OrderStore & { openAccount: OpenAccount },
  account: string,
): Promise<PlannedEntry> {
  await store.openAccount(account, SESSION);
  const position = await mustGrant(store, { account });
  return {
    deployment: DEPLOYMENT,
    positionId: position.positionId,
    sequence: 0,
    type: OrderType.Limit,
    stopPrice: null,
    replaces: null,
    clientOrderId: orderId(position, Leg.Entry),
  };
}

type OpenAccount = (account: string, session: string) => Promise<unknown>;

/** As the order desk does before each send. */
async function winSend(store: OrderStore, { clientOrderId, ...plan }: PlannedEntry): Promise<void> {
  await store.plan({ ...plan, leg: Leg.Entry });
  const ticket = await store.beginSend(sendRequest(clientOrderId));
  if (ticket.kind !== 'send') throw new Error(`The send of ${clientOrderId} was not won: ${ticket.kind}.`);
}
