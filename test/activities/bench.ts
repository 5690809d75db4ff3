import type { ActivityDeps, Owners } from '../../activities/deps';
import type { IntelligenceDeps } from '../../activities/intelligence/deps';
import { ExchangeHealth } from '../../activities/exchange-health';
import { createMarketClock } from '../../activities/market-clock';
import type { OrderTiming } from '../../activities/order-attempt';
import { OrderDesk } from '../../activities/order-desk';
import type { ExchangePort } from '../../adapters/exchange/port';
import type { TradeMemories } from '../../adapters/store/memories';
import type { Journal, OrderStore } from '../../adapters/store/port';
import { positionId } from '../../domain/ids';
import type { Leg, OrderView } from '../../domain/order';
import { BUILT_IN_CATALOGUE, type StrategyCatalogue } from '../../domain/strategies/catalogue';
import { BTC, d } from '../domain/fixtures';
import { FakeBars, MemoryHistory } from './fake-bars';
import { FakeExchange } from './fake-exchange';
import { intelligenceDeps } from './intelligence-bench';
import { MemoryOrders, type Grant } from './memory-orders';
import { MemoryMemories } from './memory-memories';
import { memoryDesk, type MemoryDesk } from './memory-news';
import { MemoryDeliberations } from './memory-deliberations';
import { MemoryAgent } from './memory-agent';
import { MemorySweeps } from './memory-sweeps';
import { MemoryTrainings } from './memory-trainings';
import { MemoryStore } from './memory-store';

export const ACCOUNT = 'main';
export const DEPLOYMENT = 'test';
export const STRATEGY = 'trend';
export const TIMING = { sendWindowMs: 2_000, receiveWindowMs: 1_000, visibilityLagMs: 2_000 } as const;
/** A minute, so that bars close on it. */
export const START_MS = 1_763_700_000_000 - (1_763_700_000_000 % 60_000);

/** Nobody runs workflows here: news have no owner. */
export const noOwners: Owners = {
  startPosition: () => Promise.resolve(),
  notifyOrder: () => Promise.resolve(false),
  notifyPosition: () => Promise.resolve(false),
  wakeReconciliation: () => Promise.resolve(),
};

export interface Bench {
  readonly store: MemoryStore;
  readonly exchange: FakeExchange;
  readonly bars: FakeBars;
  readonly history: MemoryHistory;
  readonly sweeps: MemorySweeps;
  readonly trainings: MemoryTrainings;
  readonly news: MemoryDesk;
  readonly deliberations: MemoryDeliberations;
  readonly agent: MemoryAgent;
  readonly memories: MemoryMemories;
  readonly deps: ActivityDeps;
  /** Of the inference process. */
  readonly intelligence: IntelligenceDeps;
  /** Wall time, which only the test moves. */
  readonly time: { nowMs: number };
}

/** What the activities work with, over a journal in memory and any exchange. */
export function createDeps(world: {
  readonly store: OrderStore & Journal;
  readonly exchange: ExchangePort;
  readonly timing: OrderTiming;
  readonly wallTimeMs: () => number;
  readonly owners: Owners;
  readonly history?: MemoryHistory;
  readonly bars?: FakeBars;
  /** Nothing passes unless told otherwise. */
  readonly pause?: (ms: number) => Promise<void>;
  readonly strategies?: StrategyCatalogue;
  readonly sweeps?: MemorySweeps;
  readonly trainings?: MemoryTrainings;
  readonly news?: MemoryDesk;
  readonly deliberations?: MemoryDeliberations;
  readonly agent?: MemoryAgent;
  readonly memories?: TradeMemories;
}): ActivityDeps {
  const { store, timing, wallTimeMs, owners } = world;
  const log = { info: () => undefined, warn: () => undefined };
  const exchangeHealth = new ExchangeHealth({ account: ACCOUNT, journal: store, wallTimeMs, log });
  const { history = new MemoryHistory(), bars = new FakeBars(wallTimeMs) } = world;
  const { sweeps = new MemorySweeps(), news = memoryDesk() } = world;
  const { deliberations = new MemoryDeliberations() } = world;
  const { trainings = new MemoryTrainings() } = world;
  const { agent = new MemoryAgent(new MemoryOrders()) } = world;
  const { memories = new MemoryMemories(new MemoryStore()) } = world;
  const exchange = exchangeHealth.watch(world.exchange);
  const read = (): ReturnType<ExchangePort['clock']> => exchange.clock();
  const clock = createMarketClock({ read, wallTimeMs, maxAgeMs: 0, maxStaleMs: 0 });
  const desk = new OrderDesk({ exchange, orders: store, clock, timing, wallTimeMs });
  return {
    deployment: DEPLOYMENT,
    exchange,
    emergencyExchange: exchange,
    emergencyStore: store,
    store,
    deliberations,
    memories,
    desk,
    emergencyDesk: desk,
    exchangeHealth,
    clock,
    owners,
    wallTimeMs,
    pause: world.pause ?? (() => Promise.resolve()),
    log,
    strategies: world.strategies ?? BUILT_IN_CATALOGUE,
    history,
    market: 'real',
    barSource: () => Promise.resolve(bars),
    sweeps,
    trainings,
    news,
    agent,
  };
}

/** The activities' world in memory. `wrap` may put something between the activities and their ports. */
export function createBench(
  owners: Owners = noOwners,
  wrap: <Port extends object>(port: Port) => Port = (port) => port,
): Bench {
  const time = { nowMs: START_MS };
  const wallTimeMs = (): number => time.nowMs;
  const store = new MemoryStore();
  const exchange = new FakeExchange(wallTimeMs);
  const ports = { store: wrap<OrderStore & Journal>(store), exchange: wrap<ExchangePort>(exchange) };
  const [history, bars] = [new MemoryHistory(), new FakeBars(wallTimeMs)];
  const [sweeps, news] = [new MemorySweeps(), memoryDesk()];
  const agent = new MemoryAgent(store.orders);
  const pause = (ms: number): Promise<void> => {
    time.nowMs += ms;
    return Promise.resolve();
  };
  const deliberations = new MemoryDeliberations();
  const memories = new MemoryMemories(store);
  const trainings = new MemoryTrainings();
  const own = { history, bars, sweeps, trainings, news, deliberations, agent, memories };
  const deps = createDeps({ ...ports, timing: TIMING, wallTimeMs, pause, owners, ...own });
  const intelligence = intelligenceDeps(deps, news, deliberations, agent);
  return { store, exchange, ...own, deps, intelligence, time };
}

/** A granted long position of 1 BTC at 100 with its stop at 90 and its target at 130. */
export function grantOf(change: Partial<Grant> = {}): Grant {
  const identity = { account: ACCOUNT, session: 's1', strategy: STRATEGY, symbol: BTC.symbol };
  const barCloseMs = change.barCloseMs ?? START_MS;
  return {
    deployment: DEPLOYMENT,
    ...identity,
    positionId: positionId({ ...identity, barCloseMs }),
    timeframe: '1m',
    barCloseMs,
    epoch: 0,
    quantity: d('1'),
    limitPrice: d('100'),
    stopPrice: d('90'),
    targetPrice: d('130'),
    trailDistance: null,
    reservedQuote: d('100.1'),
    expiresAtMs: barCloseMs + 60_000,
    exitReason: null,
    grantedAtMs: barCloseMs,
    openedAtMs: null,
    closedAtMs: null,
    instrument: BTC,
    ...change,
  };
}

/** The position of {@link grantOf}, granted in a world of its own, in which nothing has been sent yet. */
export async function grantedBench(): Promise<{
  readonly bench: Bench;
  /** Its orders on a leg as they are now, the first to begin with. */
  readonly ordersOf: (leg: Leg) => readonly OrderView[];
}> {
  const bench = createBench();
  const { positionId: id, ...grant } = grantOf();
  await bench.store.openAccount(ACCOUNT, 's1');
  bench.store.orders.open({ ...grant, positionId: id });
  const ordersOf = (leg: Leg): readonly OrderView[] =>
    bench.store.orders.known(id).orders.filter((order) => order.leg === leg);
  return { bench, ordersOf };
}
