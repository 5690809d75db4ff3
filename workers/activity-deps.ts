import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { ActivityDeps } from '../activities/deps';
import { ExchangeHealth } from '../activities/exchange-health';
import { createMarketClock } from '../activities/market-clock';
import { OrderDesk } from '../activities/order-desk';
import { StartGate } from '../activities/start-gate';
import { createExchange } from '../adapters/exchange/exchange';
import type { ExchangePort } from '../adapters/exchange/port';
import { candleCacheFolder, createCandleCache } from '../adapters/history/candle-cache';
import { createHistory } from '../adapters/history/history';
import { createDeliberationStore } from '../adapters/store/deliberations';
import { createAgentJournal } from '../adapters/store/agent';
import { createTradeMemories } from '../adapters/store/memories';
import { createPool } from '../adapters/store/pool';
import { createStore } from '../adapters/store/store';
import { createSweepStore } from '../adapters/store/sweeps';
import { createTrainingStore } from '../adapters/store/trainings';
import { openStrategies } from '../adapters/strategies/load';
import { accountRef } from '../cli/strategy-client';
import { codeVersion } from '../cli/models';
import { reconciliationInput } from '../cli/reconciliation-client';
import { tradedSymbols, type BallastConfig } from '../config/config';
import { createBarSources } from './bar-sources';
import { headlineScorerName } from './headline-scorer';
import { MARKET_CLOCK } from './market-time';
import { openNewsDesk } from './news-desk';
import { REDUCING, VISIBILITY_LAG_MS } from '../domain/order-timing';
import { createOwners } from './owners';
import { openReference } from './reference';
import { createSweeps } from './sweeps';
import { createTrainings } from './trainings';
import { withUrgentOrders } from './urgent-orders';

/** An emergency would rather look an order up than wait for its answer. */
const EMERGENCY_TIMEOUT_MS = 2_500;

/** Everything the activities of one account need, and how to let go of it. */
export async function openActivityDeps(
  config: BallastConfig,
  client: Client,
  log: Logger,
): Promise<{
  readonly deps: ActivityDeps;
  /** Nothing is sent before it opens. */
  readonly gate: StartGate;
  readonly close: () => Promise<void>;
}> {
  const { deployment, postgres } = config;
  if (postgres.url === undefined)
    throw new Error('No PostgreSQL is configured and no embedded server is running.');
  const wallTimeMs = (): number => Date.now();
  // Node's timers may fire a millisecond early, by the clock that tells the windows.
  const pause = (ms: number): Promise<void> => sleep(ms + 2);
  const url = postgres.url.reveal();
  const openPool = (applicationName: string): Pool =>
    createPool({
      url,
      applicationName,
      maxConnections: 10,
      onConnectionError: (error) => {
        log.warn({ error: error.message }, 'a connection to PostgreSQL broke');
      },
    });
  const pools = [openPool('ballast-worker'), openPool('ballast-emergency')] as const;
  const [store, emergencyStore] = [createStore(pools[0]), createStore(pools[1])];
  const exchangeHealth = new ExchangeHealth({
    account: config.account.name,
    journal: store,
    wallTimeMs,
    log,
  });
  const open = async (throttle: boolean): Promise<ExchangePort> =>
    exchangeHealth.watch(await openExchange(config, throttle, log));
  const [exchange, emergencyExchange] = await Promise.all([open(true), open(false)]);
  const clock = createMarketClock({ read: () => exchange.clock(), wallTimeMs, ...MARKET_CLOCK });
  const emergencyClock = createMarketClock({
    read: () => emergencyExchange.clock(),
    wallTimeMs,
    ...MARKET_CLOCK,
  });
  const timing = {
    sendWindowMs: config.exchange.sendWindowMs,
    receiveWindowMs: config.exchange.recvWindowMs,
    reducing: {
      sendWindowMs: Math.min(config.exchange.sendWindowMs, REDUCING.sendWindowMs),
      receiveWindowMs: Math.min(config.exchange.recvWindowMs, REDUCING.receiveWindowMs),
    },
    visibilityLagMs: VISIBILITY_LAG_MS,
  };
  const gate = new StartGate();
  const owners = createOwners(client, reconciliationInput(config, accountRef(config)));
  const sources = createBarSources(config, exchange);
  const reference = await openReference(config, clock, log);
  const history = createHistory(pools[0]);
  const strategies = openStrategies(config);
  const jobs = {
    history,
    candles: createCandleCache({
      folder: candleCacheFolder(config.stateDir),
      store: history,
      warn: (line) => {
        log.warn(line);
      },
    }),
    strategies,
    folders: { strategiesDir: config.strategiesDir, stateDir: config.stateDir },
  };
  const sweeps = createSweeps({
    ...jobs,
    store: createSweepStore(pools[0]),
    threads: config.worker.slots.jobs,
  });
  const trainings = createTrainings({
    ...jobs,
    store: createTrainingStore(pools[0]),
    codeVersion: codeVersion(),
  });
  const news = openNewsDesk(config, pools[0], { name: await headlineScorerName(config.models) });
  const deps: ActivityDeps = {
    deployment,
    exchange,
    emergencyExchange,
    store,
    deliberations: createDeliberationStore(pools[0]),
    memories: createTradeMemories(pools[0]),
    emergencyStore,
    desk: new OrderDesk({
      exchange: withUrgentOrders(exchange, emergencyExchange),
      ...{ orders: store, clock, timing, wallTimeMs },
      mayBegin: () => gate.pass(),
    }),
    emergencyDesk: new OrderDesk({
      ...{ exchange: emergencyExchange, orders: emergencyStore, clock: emergencyClock },
      ...{ timing, wallTimeMs },
      mayBegin: () => gate.passInEmergency(),
    }),
    exchangeHealth,
    clock,
    owners,
    wallTimeMs,
    pause,
    log,
    history,
    strategies,
    market: config.mode === 'simulated' ? 'made-up' : 'real',
    barSource: sources.barSource,
    ...(reference !== undefined && { reference: reference.reference }),
    sweeps,
    trainings,
    agent: createAgentJournal(pools[0]),
    news: news.desk,
  };
  const close = async (): Promise<void> => {
    await Promise.all([
      exchange.close(),
      emergencyExchange.close(),
      sources.close(),
      reference?.close(),
      sweeps.close(),
      news.close(),
    ]);
    await Promise.all(pools.map((pool) => pool.end()));
  };
  return { deps, gate, close };
}

/** @param throttle keeps to the exchange's request rate by waiting, which an emergency does not */
function openExchange(config: BallastConfig, throttle: boolean, log: Logger): Promise<ExchangePort> {
  const { apiKey, secret, restUrl, wsUrl, ...rest } = config.exchange;
  const { venue, sandbox, clock, recvWindowMs } = rest;
  const requestTimeoutMs = throttle
    ? rest.requestTimeoutMs
    : Math.min(rest.requestTimeoutMs, EMERGENCY_TIMEOUT_MS);
  return createExchange({
    venue,
    sandbox,
    clock,
    requestTimeoutMs,
    recvWindowMs,
    throttle,
    symbols: tradedSymbols(config),
    logger: log,
    ...(apiKey !== undefined && { apiKey: apiKey.reveal() }),
    ...(secret !== undefined && { secret: secret.reveal() }),
    ...(restUrl !== undefined && { restUrl }),
    ...(wsUrl !== undefined && { wsUrl }),
  });
}
