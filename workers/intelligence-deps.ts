import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { IntelligenceDeps } from '../activities/intelligence/deps';
import { createMarketClock } from '../activities/market-clock';
import { createBareClock } from '../adapters/exchange/market-clock';
import { createCallLog } from '../adapters/llm/call-log';
import { createModelManager, type ModelManager } from '../adapters/llm/manager';
import { modelEntries } from '../adapters/llm/open-models';
import { createDeliberationStore } from '../adapters/store/deliberations';
import { createAgentJournal } from '../adapters/store/agent';
import { createPool } from '../adapters/store/pool';
import { createStore } from '../adapters/store/store';
import { createTradeMemories } from '../adapters/store/memories';
import { createNewsStore } from '../adapters/store/stories';
import { decimal } from '../domain/decimal';
import type { BallastConfig } from '../config/config';
import { newsPlan } from '../config/news-plan';
import { openHeadlineScorer } from './headline-scorer';
import { MARKET_CLOCK } from './market-time';

/** The process opens few: a model is slower than any query. */
const MAX_CONNECTIONS = 4;

/** Everything the activities of the inference process need, and how to let go of it. No model is loaded before it is asked. */
export async function openIntelligenceDeps(
  config: BallastConfig,
  log: Logger,
): Promise<{ readonly deps: IntelligenceDeps; readonly close: () => Promise<void> }> {
  const { postgres, models: settings } = config;
  if (postgres.url === undefined)
    throw new Error('No PostgreSQL is configured and no embedded server is running.');
  const wallTimeMs = (): number => Date.now();
  const pool = createPool({
    url: postgres.url.reveal(),
    applicationName: 'ballast-inference',
    maxConnections: MAX_CONNECTIONS,
    onConnectionError: (error) => {
      log.warn({ error: error.message }, 'a connection to PostgreSQL broke');
    },
  });
  const models = openModelManager(settings, pool, wallTimeMs);
  const { clock, requestTimeoutMs, restUrl } = config.exchange;
  const exchange = createBareClock({ clock, requestTimeoutMs, restUrl });
  const deps: IntelligenceDeps = {
    models,
    isConfigured: (role) => (settings.roles[role] ?? []).length > 0,
    scorer: await openHeadlineScorer(settings, models),
    news: createNewsStore(pool),
    deliberations: createDeliberationStore(pool),
    journal: createStore(pool),
    venue: config.exchange.venue,
    agent: createAgentJournal(pool),
    memories: createTradeMemories(pool),
    clock: createMarketClock({ read: () => exchange.clock(), wallTimeMs, ...MARKET_CLOCK }),
    market: newsPlan(config).of === 'demonstration' ? 'made-up' : 'real',
    wallTimeMs,
    log,
  };
  const close = async (): Promise<void> => {
    await models.close();
    exchange.close();
    await pool.end();
  };
  return { deps, close };
}

/** The manager of the configured models, with the budget, the record and the answers of all processes in PostgreSQL. */
const openModelManager = (settings: BallastConfig['models'], pool: Pool, nowMs: () => number): ModelManager =>
  createModelManager({
    models: modelEntries(settings.available, settings),
    roles: settings.roles,
    log: createCallLog(pool),
    deadlineMs: settings.deadlineMs,
    monthlyBudgetUsd: decimal(settings.monthlyBudgetUsd),
    cacheTtlMs: settings.cacheTtlMs,
    replay: settings.replay,
    nowMs,
  });
