import { Client, WorkflowNotFoundError, type Workflow, type WorkflowStartOptions } from '@temporalio/client';
import { Context } from '@temporalio/activity';
import { IllegalStateError } from '@temporalio/common';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { createAgentDesk, type AgentDeskActivities } from '../../activities/agent-desk';
import { createBackfillActivities, type BackfillActivities } from '../../activities/backfill';
import { createDecisionActivities, type DecisionActivities } from '../../activities/decision';
import { createEmergencyActivities, type EmergencyActivities } from '../../activities/emergency';
import { createFeedActivities, type FeedActivities } from '../../activities/feed';
import {
  createIntelligenceActivities,
  type IntelligenceActivities,
} from '../../activities/intelligence/intelligence';
import type { LaneActivities } from '../../activities/lane/contract';
import { createLaneActivities } from '../../activities/lane/lane';
import { createMarketActivities, type MarketActivities } from '../../activities/market';
import { createGaugeActivities, type GaugeActivities } from '../../activities/gauges';
import { createMemoryActivities, type MemoryActivities } from '../../activities/memory';
import { createNewsActivities, type NewsActivities } from '../../activities/news';
import { createOptimisationActivities, type OptimisationActivities } from '../../activities/optimisation';
import { createOrderActivities, type OrderActivities } from '../../activities/orders';
import { createProtection } from '../../activities/protection';
import {
  createReconciliationActivities,
  type ReconciliationActivities,
} from '../../activities/reconciliation';
import { createRiskActivities, type RiskActivities } from '../../activities/risk';
import { createTrainingActivities, type TrainingActivities } from '../../activities/training';
import type { Owners } from '../../activities/deps';
import { Leg } from '../../domain/order';
import { decimal } from '../../domain/decimal';
import { riskLimitsSchema, TradingMode } from '../../domain/risk';
import { createTimeSkippingTestEnvironment } from '../../temporal/test-server';
import { heartbeats } from '../../workers/heartbeat';
import { createOwners } from '../../workers/owners';
import {
  pokeSignal,
  stopSignal,
  taskQueues,
  WORKFLOW_TASK_QUEUE,
  workflowIds,
  type PositionInput,
  type StrategySettings,
} from '../../workflows/contract';
import { createBench, DEPLOYMENT, grantOf, STRATEGY, type Bench } from '../activities/bench';
import type { Grant } from '../activities/memory-orders';
import { BTC } from '../domain/fixtures';
import { workflowBundle } from './bundle';
import { HistoryPool, type Execution } from './history-pool';
import { startDevServer, type Server } from './dev-server';

export const VENUE = 'fake';
export const LIMITS = riskLimitsSchema.parse({});

type Activities = MarketActivities &
  AgentDeskActivities &
  DecisionActivities &
  OrderActivities &
  RiskActivities &
  ReconciliationActivities &
  EmergencyActivities &
  FeedActivities &
  BackfillActivities &
  OptimisationActivities &
  TrainingActivities &
  NewsActivities &
  IntelligenceActivities &
  GaugeActivities &
  MemoryActivities &
  LaneActivities;

/** One test's account: an exchange and a journal of its own, under the real activities. */
export interface World extends Bench {
  readonly account: string;
  readonly real: Activities;
  /** Takes the place of single activities. */
  readonly script: Partial<Activities>;
  /** Every activity that ran, in order. */
  readonly calls: { readonly name: string; readonly input: unknown }[];
}

interface ServedQueue {
  readonly worker: Worker;
  readonly ended: Promise<void>;
}

async function endServing({ worker, ended }: ServedQueue): Promise<void> {
  worker.shutdown();
  await ended;
}

/**
 * The time-skipping server with workers on every queue. The activities are the real ones, over an exchange and a journal in
 * memory; their wall clock is the server's. Time passes only in {@link pass} and {@link until}.
 *
 * Give a test that starts positions or cycles a server of its own: when a child ends after its parent, as orders of a position and
 * positions of a cycle may, version 1.35 of the server keeps the lock on its clock that the parent should have released (so it does
 * when a workflow is terminated while busy). From then on time passes there as slowly as everywhere.
 */
export class Harness {
  private world: World | undefined;
  private readonly worlds = new Map<string, World>();
  private readonly started = new Set<string>();

  private constructor(
    private readonly server: Server,
    readonly client: Client,
    /** Of a dev server, for other processes. */
    readonly address: string,
    private readonly serveActivities: (taskQueue: string) => Promise<ServedQueue>,
    private readonly workers: Map<string, ServedQueue>,
    private readonly stop: () => Promise<void>,
  ) {}

  /** On the time-skipping server. */
  static async start(): Promise<Harness> {
    installQuietRuntime();
    const environment = await createTimeSkippingTestEnvironment();
    return Harness.on({
      connection: environment.connection,
      nativeConnection: environment.nativeConnection,
      sleep: (ms) => environment.sleep(ms),
      timeMs: () => environment.currentTimeMs(),
      stop: () => environment.teardown(),
    });
  }

  /** On a dev server, where time is what it is and histories that grow beyond `suggestAt` events are to be continued. */
  static async startOnDevServer(suggestAt: number): Promise<Harness> {
    installQuietRuntime();
    const server = await startDevServer(suggestAt);
    return Harness.on(server, server.address);
  }

  private static async on(server: Server, address = ''): Promise<Harness> {
    const { connection, nativeConnection } = server;
    const client = new Client({ connection });
    const holder: { harness?: Harness } = {};
    const pool = new HistoryPool(client);
    const activities = activitiesOf((execution) => {
      pool.note(execution);
      return holder.harness?.worldOf(execution.workflowId);
    });
    const common = { connection: nativeConnection, interceptors: { activity: [heartbeats] } };
    const workflowWorker = { ...common, workflowBundle: await workflowBundle(), maxCachedWorkflows: 100 };
    const serve = async (
      own: Partial<WorkerOptions> & { readonly taskQueue: string },
    ): Promise<ServedQueue> => {
      const worker = await Worker.create({ ...common, ...own });
      return { worker, ended: worker.run() };
    };
    const serveActivities = (taskQueue: string): Promise<ServedQueue> => serve({ taskQueue, activities });
    const workers = new Map<string, ServedQueue>();
    workers.set(WORKFLOW_TASK_QUEUE, await serve({ ...workflowWorker, taskQueue: WORKFLOW_TASK_QUEUE }));
    for (const taskQueue of Object.values(taskQueues(VENUE)))
      workers.set(taskQueue, await serveActivities(taskQueue));
    const harness = new Harness(server, client, address, serveActivities, workers, async () => {
      await pool.save();
      await Promise.all([...workers.values()].map(endServing));
      await server.stop();
    });
    holder.harness = harness;
    return harness;
  }

  /** Does `work` while nobody serves this queue of activities. */
  async without<T>(taskQueue: string, work: () => Promise<T>): Promise<T> {
    const served = this.workers.get(taskQueue);
    if (served === undefined) throw new Error(`Nobody serves ${taskQueue}.`);
    await endServing(served);
    try {
      return await work();
    } finally {
      this.workers.set(taskQueue, await this.serveActivities(taskQueue));
    }
  }

  current(): World {
    if (this.world === undefined) throw new Error('No world: call `newWorld` first.');
    return this.world;
  }

  /** A fresh account; whatever the one before still runs is ended. @param owners who hear of news in another way than usual */
  async newWorld(owners: Partial<Owners> = {}): Promise<World> {
    await this.endWorld();
    return this.addWorld(owners);
  }

  /** A fresh account beside the others, and the current one from now on. */
  async addWorld(others: Partial<Owners> = {}): Promise<World> {
    const account = `main-${this.worlds.size + 1}`;
    const symbols = [BTC.symbol];
    const owners = createOwners(this.client, { deployment: DEPLOYMENT, account, venue: VENUE, symbols });
    const bench = createBench({ ...owners, ...others });
    // Time passes on the server only.
    const deps = { ...bench.deps, pause: () => Promise.resolve() };
    const real = realActivities({ ...bench, deps });
    const world: World = { ...bench, account, real, script: {}, calls: [] };
    this.worlds.set(account, world);
    this.world = world;
    bench.time.nowMs = await this.server.timeMs();
    await bench.store.openAccount(account, 's1');
    return world;
  }

  /** The world whose account a workflow acts for: the id names it. */
  private worldOf(workflowId: string): World | undefined {
    const account = workflowId.split('/').find((part) => this.worlds.has(part));
    return account === undefined ? this.world : this.worlds.get(account);
  }

  /** Grants a position, as a cycle would have, and returns the input of its workflow. */
  grant(change: Partial<Grant> = {}, world = this.current()): PositionInput {
    const { account, store, time } = world;
    const barCloseMs = Math.floor(time.nowMs / 60_000) * 60_000;
    const sketch = grantOf({ account, barCloseMs, expiresAtMs: time.nowMs + 60_000, ...change });
    const positionId = `position/${account}/s1/${sketch.strategy}/BTC-USDT/${barCloseMs}`;
    const grant = { ...sketch, positionId };
    store.orders.open(grant);
    const { strategy, symbol } = grant;
    return { deployment: DEPLOYMENT, account, venue: VENUE, positionId, strategy, symbol };
  }

  settings(change: Partial<StrategySettings> = {}, world = this.current()): StrategySettings {
    return {
      deployment: DEPLOYMENT,
      account: world.account,
      venue: VENUE,
      name: STRATEGY,
      strategyId: 'ema-cross',
      symbols: [BTC.symbol],
      timeframe: '5m',
      parameters: {},
      limits: LIMITS,
      graceMs: 1_000,
      entryTtlBars: 1,
      maxHoldingBars: null,
      ...change,
    };
  }

  start<T extends Workflow>(type: string, workflowId: string, ...args: Parameters<T>) {
    this.started.add(workflowId);
    const options = {
      taskQueue: WORKFLOW_TASK_QUEUE,
      workflowId,
      args,
    } as unknown as WorkflowStartOptions<T>;
    return this.client.workflow.start<T>(type, options);
  }

  /** Starts a worker for workflows of another queue, where none has been until now. */
  async serve(taskQueue: string): Promise<{ readonly stop: () => Promise<void> }> {
    const connection = this.server.nativeConnection;
    const worker = await Worker.create({ connection, taskQueue, workflowBundle: await workflowBundle() });
    const running = worker.run();
    return {
      stop: () => {
        worker.shutdown();
        return running;
      },
    };
  }

  handle(workflowId: string) {
    return this.client.workflow.getHandle(workflowId);
  }

  /** What the account's feed does when the exchange tells of an order. */
  async hear(clientOrderId: string, world = this.current()): Promise<void> {
    const { deps, exchange } = world;
    const told = exchange.orders.get(clientOrderId);
    if (told === undefined) throw new Error(`The exchange does not know ${clientOrderId}.`);
    await deps.owners.notifyOrder(await deps.desk.news.learn(told.report, 'stream'));
  }

  /** What the Web UI shows of a running workflow. */
  async detailsOf(workflowId: string): Promise<string> {
    const metadata = await this.handle(workflowId).query<{ currentDetails?: string }>(
      '__temporal_workflow_metadata',
    );
    return metadata.currentDetails ?? '';
  }

  async statusOf(workflowId: string): Promise<string> {
    return (await this.handle(workflowId).describe()).status.name;
  }

  /** Whether the newest run of this workflow is a continued one. */
  async wasContinued(workflowId: string): Promise<boolean> {
    const { runId, raw } = await this.handle(workflowId).describe();
    return raw.workflowExecutionInfo?.firstRunId !== runId;
  }

  /** Lets this much of the server's time pass, as fast as the workflows get through it. */
  async pass(ms: number): Promise<void> {
    await this.server.sleep(ms);
    const { time } = this.current();
    time.nowMs = Math.max(time.nowMs, await this.server.timeMs());
  }

  /** Lets time pass until `condition` holds. @throws Error after `limitMs` of the server's time */
  async until(
    condition: () => boolean | Promise<boolean>,
    { stepMs = 250, limitMs = 120_000 }: { readonly stepMs?: number; readonly limitMs?: number } = {},
  ): Promise<void> {
    for (let passedMs = 0; !(await condition()); passedMs += stepMs) {
      if (passedMs > limitMs) throw new Error(`Not so within ${limitMs} ms: ${String(condition)}`);
      await this.pass(stepMs);
    }
  }

  /** The server goes down with all that still runs on it. */
  shutdown(): Promise<void> {
    return this.stop();
  }

  /**
   * Lets everything of the world come to its own end. Terminating or cancelling what is busy would leave the server with a clock that no
   * longer skips.
   */
  private async endWorld(): Promise<void> {
    if (this.world === undefined) return;
    const { account, store, exchange, script } = this.world;
    for (const name of Object.keys(script)) Reflect.deleteProperty(script, name);
    exchange.faults.length = 0;
    exchange.liquidity = decimal('1000000');
    const { haltEpoch: epoch } = (await store.account(account)) ?? { haltEpoch: 0 };
    await store.setMode(account, TradingMode.Active, { reason: 'the test is over', by: 'harness', epoch });
    const strategy = workflowIds.strategy(account, STRATEGY);
    for (const id of this.started)
      await this.tell(id, (handle) =>
        id === strategy
          ? handle.signal(stopSignal, { by: 'harness', reason: 'the test is over', flatten: false })
          : handle.cancel(),
      );
    for (const position of await store.livePositions(account)) {
      const { positionId, strategy, symbol } = position;
      await store.wishExit(positionId, 'flatten');
      const input: PositionInput = {
        deployment: DEPLOYMENT,
        account,
        venue: VENUE,
        positionId,
        strategy,
        symbol,
      };
      await this.client.workflow.signalWithStart('position', {
        ...{ workflowId: positionId, taskQueue: WORKFLOW_TASK_QUEUE, args: [input] },
        ...{ signal: pokeSignal, signalArgs: [] },
      });
    }
    await this.until(async () => (await this.stillRunning()).length === 0, { stepMs: 1_000 });
    this.started.clear();
  }

  private async stillRunning(): Promise<readonly string[]> {
    const { account, store } = this.current();
    const positions = store.orders.positions(account).map(({ positionId }) => positionId);
    const orders = positions.flatMap((id) => Object.values(Leg).map((leg) => workflowIds.order(id, leg)));
    const ids = [...this.started, ...positions, ...orders, workflowIds.emergencyStop(account)];
    const running: string[] = [];
    for (const id of ids)
      await this.tell(id, async (handle) => {
        if ((await handle.describe()).status.name === 'RUNNING') running.push(id);
      });
    return running;
  }

  /** Does something to a workflow that may be gone. */
  private async tell(
    workflowId: string,
    work: (handle: ReturnType<Harness['handle']>) => Promise<unknown>,
  ): Promise<void> {
    try {
      await work(this.handle(workflowId));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }

  /** Ends a workflow as a person would who knows no better. */
  async terminate(workflowId: string): Promise<void> {
    await this.handle(workflowId).terminate('a test');
  }
}

/** Scripted failures are no news. A runtime ends with its last connection, so each server may need another. */
function installQuietRuntime(): void {
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR' }) };
  try {
    Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging } });
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}

/** Activities of the world whose account their workflow acts for. */
function activitiesOf(
  worldOf: (execution: Execution) => World | undefined,
): Record<string, (input: never) => Promise<unknown>> {
  const run = (name: string) => (input: unknown) => {
    const { workflowExecution, currentAttemptScheduledTimestampMs } = Context.current().info;
    const world = workflowExecution === undefined ? undefined : worldOf(workflowExecution);
    if (world === undefined) throw new Error('The test is over.');
    world.time.nowMs = Math.max(world.time.nowMs, currentAttemptScheduledTimestampMs);
    world.calls.push({ name, input });
    const all: Record<string, unknown> = { ...world.real, ...world.script };
    return (all[name] as (input: unknown) => Promise<unknown>)(input);
  };
  return Object.fromEntries(Object.keys(realActivities(createBench())).map((name) => [name, run(name)]));
}

const realActivities = ({ deps, intelligence }: Pick<Bench, 'deps' | 'intelligence'>): Activities => ({
  ...createMarketActivities(deps),
  ...createAgentDesk(deps),
  ...createDecisionActivities(deps),
  ...createOrderActivities(deps),
  ...createRiskActivities(deps),
  ...createReconciliationActivities(deps, createProtection(deps).protect),
  ...createEmergencyActivities(deps),
  ...createFeedActivities(deps),
  ...createBackfillActivities(deps),
  ...createOptimisationActivities(deps),
  ...createTrainingActivities(deps),
  ...createNewsActivities(deps),
  ...createMemoryActivities(deps),
  ...createIntelligenceActivities(intelligence),
  ...createGaugeActivities(deps),
  ...createLaneActivities(deps),
});
