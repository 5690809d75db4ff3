import { z } from 'zod';
import { Timeframe } from '../domain/bar';
import { StrayPolicy } from '../domain/findings';
import { Lane } from '../domain/lane';
import { QUALITY_LIMITS } from '../domain/quality/limits';
import { riskLimitsSchema } from '../domain/risk';
import { filterEntrySchema } from '../domain/strategies/filters/registry';
import { triggerLimitsSchema } from '../domain/triggers';
import { amount, milliseconds, name, path, secret, url } from './fields';
import { deliberationSchema } from './deliberation-schema';
import { modelsSchema } from './models-schema';
import { newsSchema } from './news-schema';

/**
 * Every setting there is. Values come from `profiles/*.yaml`, so a default is stated here only where the profiles
 * cannot state it: for the members of lists. Unknown keys are errors.
 */

/** What Ballast trades on. `Shadow` is planned and refused. */
export const Mode = {
  Simulated: 'simulated',
  Replay: 'replay',
  Testnet: 'testnet',
  Live: 'live',
  Paper: 'paper',
  Shadow: 'shadow',
} as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** What has to be written to `live.confirm` before a single order goes to a real market. */
export const LIVE_CONFIRMATION = 'I-understand-that-real-money-is-at-risk';

export const LogLevel = {
  Trace: 'trace',
  Debug: 'debug',
  Info: 'info',
  Warn: 'warn',
  Error: 'error',
} as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/** `auto` takes the usual port, or a free one when it is taken. */
const portRule = 'must be "auto" or a port from 1 to 65535';
const port = z.union([z.literal('auto'), z.int(portRule).min(1, portRule).max(65_535, portRule)], portRule);

const pair = z.string().regex(/^[A-Z0-9]{1,20}\/[A-Z0-9]{1,20}$/, 'must be a pair like BTC/USDT');
const symbols = z.array(pair).min(1, 'must name at least one pair');

export const strategySchema = z.strictObject({
  /** Unique in the account; part of workflow ids. */
  name,
  /** Which coded strategy it runs; `ballast strategies --available` lists them. */
  strategy: z.string(),
  symbols,
  timeframe: z.enum(Timeframe),
  parameters: z.record(z.string(), z.unknown()).default({}),
  /** What its entries have to pass, in this order; its exits never do. */
  filters: z.array(filterEntrySchema).default([]),
  /** Id of a model that advises on its open positions. It advises only; nobody acts on it. Absent: none. */
  adviser: z.string().min(1).optional(),
  /** `durable` decides in a workflow for every bar, `fast` as soon as the venue's stream tells that a bar has closed. */
  lane: z.enum(Lane).default(Lane.Durable),
  /** Wall milliseconds to wait after a bar's close before asking for it, on the durable path. */
  graceMs: milliseconds(0, 600_000).default(100),
  /** Bars after the decision in which an entry may still be sent, and rest. */
  entryTtlBars: z.int().min(1).max(1000).default(1),
  /** Bars after which a position is given up; null for never. */
  maxHoldingBars: z.int().min(1).nullable().default(null),
  enabled: z.boolean().default(true),
});
export type StrategyConfig = Readonly<z.infer<typeof strategySchema>>;

const exchangeSchema = z.strictObject({
  venue: z.literal('binance', 'must be "binance", the only venue so far'),
  /** Base URLs instead of the venue's own. The emulator's are filled in by `ballast up`. */
  restUrl: url(['http:', 'https:']).optional(),
  wsUrl: url(['ws:', 'wss:']).optional(),
  apiKey: secret.optional(),
  secret: secret.optional(),
  apiKeyFile: path.optional(),
  secretFile: path.optional(),
  /** How long the exchange may take a signed request for fresh; Binance allows 60 s, the order path 5 s. */
  recvWindowMs: milliseconds(100, 5000),
  requestTimeoutMs: milliseconds(500, 60_000),
  /** How long after winning the right to send an order the request may still leave this process. */
  sendWindowMs: milliseconds(100, 30_000),
});

const referenceSchema = z.strictObject({
  /** Any venue that ccxt has, by ccxt's name of it. */
  venue: z.string().regex(/^[a-z0-9]+$/, 'must be a venue as ccxt names it, like kraken'),
  /** Base URL instead of the venue's own. */
  restUrl: url(['http:', 'https:']).optional(),
  /** Pairs that are called otherwise there, or are quoted in another asset. */
  pairs: z.record(pair, pair).default({}),
  /** Relative difference of two closes of the same bar above which no position is opened. */
  maxDivergence: z.number().gt(0).max(1).default(QUALITY_LIMITS.maxDivergence),
});

const marketSchema = z.strictObject({
  /** Folder of recorded data; docs/market.md describes its layout. */
  dataDir: path.optional(),
  /** Seed of the simulated market. */
  seed: z.int().min(0).max(0xffff_ffff),
  /**
   * Made-up news move the simulated market, which has feeds that tell of them. A session stays as it began. A default here too: a record
   * of an older `ballast up` has none.
   */
  news: z.boolean().default(false),
  /** Market milliseconds per wall millisecond. */
  speed: z.number().min(0.1).max(10_000),
  /** Market time (UTC milliseconds) at which a new session begins, instead of the market's own. */
  startMs: z.int().min(0).optional(),
  /** Where mode `paper` takes its public data from. */
  live: z.strictObject({
    /** Base URLs instead of the venue's own; both or none. */
    restUrl: url(['http:', 'https:']).optional(),
    wsUrl: url(['ws:', 'wss:']).optional(),
    /** Who tells market time: the venue's server time, or the market clock of an emulator that plays the venue. */
    clock: z.enum(['wall', 'emulator']),
  }),
  /** A second venue, whose public candles those of every cycle are held against. Absent: none. */
  reference: referenceSchema.optional(),
});

const emulatorSchema = z.strictObject({
  port,
  /** What a new account owns. */
  balances: z.record(z.string().regex(/^[A-Z0-9]{1,20}$/, 'must be an asset like USDT'), amount),
  /** In basis points of the received asset. */
  fees: z.strictObject({ makerBps: z.number().min(0).max(1000), takerBps: z.number().min(0).max(1000) }),
});

const temporalSchema = z.strictObject({
  /** host:port of a server of your own or of Temporal Cloud; without it `ballast up` starts the dev server. */
  address: z
    .string()
    .regex(/^[^\s:/]+:\d{1,5}$/, 'must be host:port, for example localhost:7233')
    .optional(),
  namespace: z.string().min(1),
  apiKey: secret.optional(),
  apiKeyFile: path.optional(),
  tls: z.strictObject({
    enabled: z.boolean(),
    /** PEM files: the server's certificate authority, and our own certificate with its key. */
    serverCaFile: path.optional(),
    clientCertFile: path.optional(),
    clientKeyFile: path.optional(),
    serverName: z.string().min(1).optional(),
  }),
  /** Base URL of the Web UI, for links. */
  uiUrl: url(['http:', 'https:']).optional(),
  embedded: z.strictObject({ enabled: z.boolean(), grpcPort: port, uiPort: port }),
});

const postgresSchema = z.strictObject({
  /** postgres://user:password@host:port/database; without it `ballast up` starts its own server. */
  url: secret.optional(),
  urlFile: path.optional(),
  embedded: z.strictObject({ enabled: z.boolean(), port }),
});

const slots = z.int().min(1).max(1000);
const workerSchema = z.strictObject({
  /** How many tasks of each kind run at once in one worker process. */
  slots: z.strictObject({
    workflows: slots,
    market: slots,
    orders: slots,
    emergency: slots,
    feed: slots,
    /** Strategies on the fast lane; one whose lane is opened anew takes two for a moment. A default here too, as below. */
    lane: slots.default(20),
    journal: slots,
    /** Downloads and optimisations; each of an optimisation keeps a processor busy. */
    jobs: slots,
    /** In the inference process. A default here too: a record of an older `ballast up` has none. */
    inference: slots.default(4),
  }),
  /** Workflows kept in memory between their tasks. */
  cachedWorkflows: z.int().min(1).max(100_000),
  /** What running activities get to finish when the worker is told to stop. */
  shutdownGraceMs: milliseconds(0, 600_000),
  /** Between two looks for workflows that were ended past Ballast, and are brought back. */
  caretakerIntervalMs: milliseconds(100, 600_000),
  /** Only workers of the build that `ballast up` started last are given work; for clusters. docs/upgrades.md says more. */
  versioning: z.boolean(),
});

export const configSchema = z.strictObject({
  /** Part of every client order id. Generated once into the state folder when absent. */
  deployment: name.optional(),
  stateDir: path,
  /** Folder of your own strategies; it need not exist. A default here too: a record of an older `ballast up` has none. */
  strategiesDir: path.default('strategies'),
  mode: z.enum(Mode).optional(),
  account: z.strictObject({ name }),
  exchange: exchangeSchema,
  market: marketSchema,
  emulator: emulatorSchema,
  temporal: temporalSchema,
  postgres: postgresSchema,
  risk: riskLimitsSchema.prefault({}),
  riskDesk: z.strictObject({
    /** Between two looks at the account. */
    intervalMs: milliseconds(100, 600_000),
    /** When the account stops by itself. */
    triggers: triggerLimitsSchema.prefault({}),
  }),
  reconciliation: z.strictObject({
    /** What to do about orders of this deployment that the journal does not know and cannot place. */
    strays: z.enum(StrayPolicy),
    /** Wall milliseconds between two scheduled reconciliations; null for none. */
    intervalMs: milliseconds(1_000, 86_400_000).nullable(),
  }),
  news: newsSchema.prefault({}),
  deliberation: deliberationSchema.prefault({}),
  strategies: z.array(strategySchema),
  /** A default here too: a record of an older `ballast up` has none. */
  models: modelsSchema.prefault({}),
  live: z.strictObject({ confirm: z.string().optional() }),
  worker: workerSchema,
  log: z.strictObject({ level: z.enum(LogLevel) }),
});

/** What the layers together say, checked but not yet settled. */
export type Settings = z.infer<typeof configSchema>;
