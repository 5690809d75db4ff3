import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createMemoryActivities } from '../../activities/memory';
import { createTradeMemories } from '../../adapters/store/memories';
import { decimal } from '../../domain/decimal';
import { Leg, OrderEvent } from '../../domain/order';
import {
  startOptions,
  taskQueues,
  WORKFLOW_TASK_QUEUE,
  workflowIds,
  type ReflectionInput,
  type ReflectionResult,
} from '../../workflows/contract';
import { createBench as createWorld } from '../activities/bench';
import { openAiWire, startVendor, type VendorServer } from '../adapters/llm/vendor-server';
import {
  ACCOUNT,
  createBench,
  enter,
  fillOf,
  orderId,
  sendAndOpen,
  type Bench,
} from '../adapters/store/support';
import { buildBallast } from '../cli/ballast-process';
import { Child } from '../crash/harness/child';
import { waitFor } from '../crash/harness/wait';
import { workflowBundle } from '../workflows/bundle';
import { startDevServer } from '../workflows/dev-server';

const MAIN = join(__dirname, '../../dist/workers/inference-main.js');
const LESSON = JSON.stringify({ judgement: 'sound', lesson: 'Wait for the retest.' });

/**
 * The real inference process, with a model that answers over HTTP; the facts are written by a worker of the test's own, in a database of the
 * server that BALLAST_TEST_POSTGRES_URL names.
 */
describe('SIGKILL in the middle of a reflection', () => {
  let bench: Bench;
  let vendor: VendorServer;
  let server: Awaited<ReturnType<typeof startDevServer>>;
  let folder: string;
  const workers: { readonly worker: Worker; readonly done: Promise<void> }[] = [];
  const children: Child[] = [];

  beforeAll(async () => {
    buildBallast();
    folder = mkdtempSync(join(tmpdir(), 'ballast-reflection-'));
    [bench, vendor, server] = await Promise.all([
      createBench(6),
      startVendor(openAiWire),
      startDevServer(1_000),
    ]);
    await bench.reset();
    const deps = { ...createWorld().deps, store: bench.store, memories: createTradeMemories(bench.pool) };
    const connection = server.nativeConnection;
    for (const own of [
      { taskQueue: WORKFLOW_TASK_QUEUE, workflowBundle: await workflowBundle() },
      { taskQueue: taskQueues('').journal, activities: createMemoryActivities(deps) },
    ]) {
      const worker = await Worker.create({ connection, ...own });
      workers.push({ worker, done: worker.run() });
    }
  });
  afterAll(async () => {
    await Promise.all(children.map((child) => child.kill()));
    for (const { worker } of workers) worker.shutdown();
    await Promise.all(workers.map(({ done }) => done));
    await Promise.all([server.stop(), vendor.close(), bench.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function closedTrade(): Promise<string> {
    const { store } = bench;
    const position = await enter(store, '2');
    const stop = await sendAndOpen(store, orderId(position, Leg.Stop));
    await store.recordFills(ACCOUNT, [fillOf(stop, 'out', '2', { price: decimal('90') })], 'look-up');
    await store.recordEvent({ clientOrderId: stop.clientOrderId, event: OrderEvent.SeenFilled });
    await store.closePosition(position.positionId, 'stop', position.barCloseMs + 60_000);
    return position.positionId;
  }

  async function startInference(): Promise<Child> {
    const model = { name: 'big', provider: 'compatible', baseUrl: `${vendor.url}/v1`, model: 'large' };
    const env = {
      ...{ PATH: process.env.PATH ?? '', HOME: folder, BALLAST_STATE_DIR: join(folder, 'state') },
      ...{ BALLAST_POSTGRES_URL: bench.url, BALLAST_TEMPORAL_ADDRESS: server.address },
      BALLAST__mode: 'testnet',
      BALLAST__models: JSON.stringify({ available: [model], roles: { reflection: ['big'] } }),
    };
    const child = await Child.start([MAIN], env, join(folder, 'inference.log'));
    children.push(child);
    return child;
  }

  it('leaves one memory and one lesson', async () => {
    const positionId = await closedTrade();
    vendor.behaviours = [{ kind: 'silence' }, { kind: 'text', parts: [LESSON] }];
    const first = await startInference();
    const input: ReflectionInput = {
      ...{ deployment: 'test', account: ACCOUNT, venue: 'binance', positionId, strategy: 'rsi' },
      ...{ symbol: 'BTC/USDT', models: { embedding: false, reflection: true } },
    };
    const client = new Client({ connection: server.connection });
    const handle = await client.workflow.start<(input: ReflectionInput) => Promise<ReflectionResult>>(
      'reflection',
      {
        ...{ ...startOptions, workflowId: workflowIds.reflection(positionId), args: [input] },
      },
    );
    await waitFor('the model to be asked', () => (vendor.requests.length > 0 ? true : undefined));
    await first.kill();
    await startInference();

    expect(await handle.result()).toEqual({ remembered: true, embedded: false, missing: null });
    const { rows } = await bench.pool.query(
      `SELECT (SELECT count(*)::int FROM trade_memories) AS memories, (SELECT count(*)::int FROM trade_reflections) AS reflections,
         (SELECT lesson FROM trade_reflections) AS lesson, (SELECT owes_memory FROM positions) AS owes,
         ARRAY(SELECT outcome FROM model_calls ORDER BY call_id) AS calls`,
    );
    // The call that was cut off stays reserved: nobody knows what it cost.
    expect(rows).toEqual([
      { memories: 1, reflections: 1, lesson: 'Wait for the retest.', owes: false, calls: [null, 'answered'] },
    ]);
  });
});
