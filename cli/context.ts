import { userInfo } from 'node:os';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { createExchange } from '../adapters/exchange/exchange';
import type { ExchangeOptions } from '../adapters/exchange/options';
import type { ExchangePort } from '../adapters/exchange/port';
import { createHistory } from '../adapters/history/history';
import type { HistoryStore } from '../adapters/history/port';
import { createCallLog, type CallLog } from '../adapters/llm/call-log';
import { createPool } from '../adapters/store/pool';
import type { Journal, OrderStore } from '../adapters/store/port';
import { createStore } from '../adapters/store/store';
import { createNewsStore, type NewsStore } from '../adapters/store/stories';
import { createSweepStore, type SweepStore } from '../adapters/store/sweeps';
import { createTrainingStore, type TrainingStore } from '../adapters/store/trainings';
import { createViews, type Views } from '../adapters/store/views';
import { isEmulated, type BallastConfig } from '../config/config';
import type { RuntimeRecord } from '../config/runtime';
import { connectTemporal } from '../temporal/connection';
import type { AccountRef } from '../workflows/contract';
import { messageOf, UnavailableError } from './failure';
import { locateConfig, type GlobalOptions } from './locate-config';
import { createOutput, type Output } from './output';

/** What a command works with. Connections are opened when they are first asked for, and closed at the end. */
export interface Context {
  readonly config: BallastConfig;
  /** The `ballast up` which runs on this state folder, if one does. */
  readonly running: RuntimeRecord | undefined;
  readonly account: AccountRef;
  /** Who gives the command, for the audit trail. */
  readonly by: string;
  readonly output: Output;
  readonly store: () => Promise<Journal & OrderStore>;
  readonly views: () => Promise<Views>;
  readonly history: () => Promise<HistoryStore>;
  readonly sweeps: () => Promise<SweepStore>;
  readonly trainings: () => Promise<TrainingStore>;
  readonly news: () => Promise<NewsStore>;
  readonly modelCalls: () => Promise<CallLog>;
  readonly temporal: () => Promise<Client>;
  /** `throttle: false` is for emergencies: it does not wait for the exchange's request rate. */
  readonly exchange: (options?: { readonly throttle: boolean }) => Promise<ExchangePort>;
}

/** Runs a command with a context, and closes what it opened. */
export async function withContext<T>(
  options: GlobalOptions,
  run: (context: Context) => Promise<T>,
): Promise<T> {
  const { config, running } = locateConfig(options);
  const closers: (() => Promise<void>)[] = [];
  const pool = once(() => openPool(config, running, closers));
  const context: Context = {
    config,
    running,
    account: { deployment: config.deployment, account: config.account.name, venue: config.exchange.venue },
    by: `cli:${userInfo().username}`,
    output: createOutput(options.json, (text) => process.stdout.write(text)),
    store: async () => createStore(await pool()),
    views: async () => createViews(await pool()),
    history: async () => createHistory(await pool()),
    sweeps: async () => createSweepStore(await pool()),
    trainings: async () => createTrainingStore(await pool()),
    news: async () => createNewsStore(await pool()),
    modelCalls: async () => createCallLog(await pool()),
    temporal: once(() => openTemporal(config, running, closers)),
    exchange: (exchangeOptions) => openExchange(config, running, closers, exchangeOptions?.throttle ?? true),
  };
  try {
    return await run(context);
  } finally {
    await Promise.allSettled(closers.map((close) => close()));
  }
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => (opened ??= open());
}

type Closers = (() => Promise<void>)[];

async function openPool(
  config: BallastConfig,
  running: RuntimeRecord | undefined,
  closers: Closers,
): Promise<Pool> {
  const url = config.postgres.url?.reveal();
  if (url === undefined)
    throw new UnavailableError('No PostgreSQL is configured and none is running.', startHint(running));
  const pool = createPool({
    url,
    applicationName: 'ballast-cli',
    maxConnections: 2,
    onConnectionError: () => undefined,
  });
  closers.push(() => pool.end());
  try {
    await pool.query('SELECT 1');
  } catch (error) {
    throw new UnavailableError(`PostgreSQL does not answer: ${messageOf(error)}`, startHint(running));
  }
  return pool;
}

async function openTemporal(
  config: BallastConfig,
  running: RuntimeRecord | undefined,
  closers: Closers,
): Promise<Client> {
  if (config.temporal.address === undefined) {
    throw new UnavailableError('No Temporal is configured and none is running.', startHint(running));
  }
  try {
    const { client, close } = await connectTemporal(config.temporal);
    closers.push(close);
    return client;
  } catch (error) {
    throw new UnavailableError(
      `Temporal does not answer at ${config.temporal.address}: ${messageOf(error)}`,
      startHint(running),
    );
  }
}

async function openExchange(
  config: BallastConfig,
  running: RuntimeRecord | undefined,
  closers: Closers,
  throttle: boolean,
): Promise<ExchangePort> {
  if (isEmulated(config) && config.exchange.restUrl === undefined) {
    throw new UnavailableError('The emulator is not running.', startHint(running));
  }
  const port = await createExchange({ ...exchangeOptions(config), throttle });
  closers.push(() => port.close());
  return port;
}

/** The exchange section as the adapter takes it. */
export const exchangeOptions = ({ exchange }: BallastConfig): ExchangeOptions => ({
  venue: exchange.venue,
  clock: exchange.clock,
  sandbox: exchange.sandbox,
  restUrl: exchange.restUrl,
  wsUrl: exchange.wsUrl,
  apiKey: exchange.apiKey?.reveal(),
  secret: exchange.secret?.reveal(),
  requestTimeoutMs: exchange.requestTimeoutMs,
  recvWindowMs: exchange.recvWindowMs,
});

const startHint = (running: RuntimeRecord | undefined): string =>
  running === undefined
    ? 'Start everything with `ballast up`, or name your own servers (ballast config show).'
    : 'It may be restarting: see `ballast doctor` and the logs in the state folder.';
