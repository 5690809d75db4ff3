import { Client } from 'pg';
import { Leg, OrderEvent, OrderState } from '../../../domain/order';
import {
  ACCOUNT,
  createBench,
  fillOf,
  grantRequest,
  mustGrant,
  mustOrder,
  orderId,
  proposal,
  sendAndOpen,
  sendRequest,
  type Bench,
} from './support';

let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
beforeEach(() => bench.reset());
afterAll(() => bench.close());

/** Someone else's connection to the same database, which may stand in the way. */
async function withBystander<T>(work: (bystander: Client) => Promise<T>): Promise<T> {
  const bystander = new Client({ connectionString: bench.url, application_name: 'bystander' });
  await bystander.connect();
  try {
    return await work(bystander);
  } finally {
    await bystander.end();
  }
}

/** Ends every connection of the store that waits for a lock; resolves once there was one. */
async function terminateWaiting(bystander: Client): Promise<void> {
  const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'ballast-test' AND wait_event_type = 'Lock'`;
  while ((await bystander.query(terminate)).rowCount === 0);
}

async function counts(): Promise<Record<string, string>> {
  const { rows } = await bench.pool.query<Record<string, string>>(
    `SELECT (SELECT count(*) FROM positions) AS positions, (SELECT count(*) FROM approvals) AS approvals,
       (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM order_events) AS events,
       (SELECT count(*) FROM fills) AS fills`,
  );
  return rows[0] ?? {};
}

it('leaves nothing of a grant whose connection is killed in the middle; the repetition grants', async () => {
  await withBystander(async (bystander) => {
    // The grant gets as far as the outbox, and waits there.
    await bystander.query('BEGIN; LOCK TABLE orders IN SHARE MODE');
    const grant = bench.store.grant(grantRequest());
    const failed = expect(grant).rejects.toThrow(/terminat/);
    await terminateWaiting(bystander);
    await failed;
    await bystander.query('ROLLBACK');
  });
  expect(await counts()).toEqual({ positions: '0', approvals: '0', orders: '0', events: '0', fills: '0' });
  expect(await bench.store.grant(grantRequest())).toMatchObject({ granted: true });
  expect(await counts()).toMatchObject({ positions: '1', approvals: '1', orders: '2', events: '2' });
});

it('leaves a send whose connection is killed as it was; the repetition wins it', async () => {
  const position = await mustGrant(bench.store);
  const id = orderId(position, Leg.Entry);
  await withBystander(async (bystander) => {
    await bystander.query('BEGIN; LOCK TABLE order_events IN SHARE MODE');
    const failed = expect(bench.store.beginSend(sendRequest(id))).rejects.toThrow(/terminat/);
    await terminateWaiting(bystander);
    await failed;
    await bystander.query('ROLLBACK');
  });
  expect(await mustOrder(bench.store, id)).toMatchObject({ state: OrderState.Created, version: 1 });
  expect(await bench.store.beginSend(sendRequest(id))).toMatchObject({ kind: 'send' });
});

it('journals a batch of fills and their sums together or not at all', async () => {
  const position = await mustGrant(bench.store);
  const entry = await sendAndOpen(bench.store, orderId(position, Leg.Entry));
  const fills = [fillOf(entry, 't1', '1'), fillOf(entry, 't2', '2')];
  await withBystander(async (bystander) => {
    await bystander.query('BEGIN; LOCK TABLE order_events IN SHARE MODE');
    const failed = expect(bench.store.recordFills(ACCOUNT, fills, 'stream')).rejects.toThrow(/terminat/);
    await terminateWaiting(bystander);
    await failed;
    await bystander.query('ROLLBACK');
  });
  expect(await counts()).toMatchObject({ fills: '0' });
  expect(await mustOrder(bench.store, entry.clientOrderId)).toEqual(entry);
  const { changed } = await bench.store.recordFills(ACCOUNT, fills, 'look-up');
  expect(changed).toMatchObject([{ filledQuantity: '3' }]);
});

it('survives the loss of every connection, idle and busy ones, again and again', async () => {
  const position = await mustGrant(bench.store);
  await sendAndOpen(bench.store, orderId(position, Leg.Entry));
  const known = bench.connectionErrors.length;
  await withBystander(async (bystander) => {
    for (let round = 0; round < 5; round += 1) {
      const busy = Array.from({ length: 10 }, () =>
        bench.store.recordEvent({ clientOrderId: orderId(position, Leg.Entry), event: OrderEvent.SeenOpen }),
      );
      await bystander.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'ballast-test'`,
      );
      await Promise.allSettled(busy);
      // Whatever was lost, the next caller that tries again is served.
      await retry(() => bench.store.position(position.positionId));
    }
  });
  expect(bench.connectionErrors.length).toBeGreaterThan(known);
  expect(await bench.store.livePositions(ACCOUNT)).toHaveLength(1);
});

/** As an activity's retry policy would. */
async function retry<T>(work: () => Promise<T>, attempts = 20): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (attempts <= 1) throw error;
    return retry(work, attempts - 1);
  }
}

it('takes the locks of a process that stalls inside a transaction away from it', async () => {
  await mustGrant(bench.store);
  const { rows } = await bench.pool.query('SHOW idle_in_transaction_session_timeout');
  expect(rows).toEqual([{ idle_in_transaction_session_timeout: '10s' }]);
  const stalled = await bench.pool.connect();
  await stalled.query('SET idle_in_transaction_session_timeout = 200');
  await stalled.query('BEGIN');
  await stalled.query('SELECT 1 FROM accounts FOR UPDATE');
  // A halt is not held up for longer than that.
  expect(await bench.store.raiseHalt(ACCOUNT, { key: 'h', reason: 'stalled', by: 'test' })).toBe(1);
  await expect(stalled.query('COMMIT')).rejects.toThrow();
  stalled.release(true);
  expect(await bench.store.grant(grantRequest({ proposal: proposal('ETH/USDT') }))).toMatchObject({
    granted: false,
    code: 'not-active',
  });
});
