import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../../adapters/store/migrate';
import { createPool } from '../../../adapters/store/pool';
import { createStore } from '../../../adapters/store/store';
import { Leg, OrderState } from '../../../domain/order';
import { type RunningPostgres, startPostgres } from '../../../workers/embedded-postgres';
import { ACCOUNT, mustGrant, mustOrder, orderId, sendRequest, SESSION } from './support';

let folder: string;
let server: RunningPostgres;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-store-restart-'));
  server = await startPostgres({ dataDir: join(folder, 'data'), log: () => undefined });
}, 120_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

it('goes on after PostgreSQL was killed, with every answer it gave still true', async () => {
  await migrate(server.url, () => undefined);
  const broken: Error[] = [];
  const pool = createPool({
    url: server.url,
    applicationName: 'ballast-test',
    onConnectionError: (error) => broken.push(error),
  });
  const store = createStore(pool);
  await store.openAccount(ACCOUNT, SESSION);
  const position = await mustGrant(store);
  const id = orderId(position, Leg.Entry);

  /** Spells of unprotected time: each acknowledged one must still be there afterwards. */
  let acknowledged = 0;
  let killed = false;
  const write = async (): Promise<void> => {
    while (!killed) {
      await store.recordUnprotected(position.positionId, `k${acknowledged}`, 1);
      acknowledged += 1;
    }
  };
  const writing = expect(write()).rejects.toThrow();
  while (acknowledged < 20) await store.order(id);
  process.kill(server.pid, 'SIGKILL');
  await server.exited;
  await writing;
  killed = true;
  // While it is down, callers get errors and the process lives.
  await expect(store.beginSend(sendRequest(id))).rejects.toThrow();

  server = await startPostgres({ dataDir: join(folder, 'data'), port: server.port, log: () => undefined });
  const after = await store.position(position.positionId);
  // The last call may have been committed without an answer.
  expect([acknowledged, acknowledged + 1]).toContain(after?.unprotectedMs);
  expect(await mustOrder(store, id)).toMatchObject({ state: OrderState.Created });
  expect(await store.beginSend(sendRequest(id))).toMatchObject({ kind: 'send' });
  expect(broken.length).toBeGreaterThan(0);
  await pool.end();
}, 120_000);
