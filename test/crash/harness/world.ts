import { BUILT_IN_CATALOGUE } from '../../../domain/strategies/catalogue';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { Pool } from 'pg';
import type { ExchangePort } from '../../../adapters/exchange/port';
import { createPool } from '../../../adapters/store/pool';
import type { Journal, OrderStore } from '../../../adapters/store/port';
import { createStore } from '../../../adapters/store/store';
import type { BallastConfig } from '../../../config/config';
import { loadConfig } from '../../../config/load';
import { riskLimitsSchema, type RiskLimits } from '../../../domain/risk';
import { reconcileNow, reconciliationInput } from '../../../cli/reconciliation-client';
import { beginTrading } from '../../../workers/up/begin-trading';
import type { AccountRef, ReconciliationInput, ReconciliationReport } from '../../../workflows/contract';
import type { ExchangeRecord } from '../../../emulator/journal/record';
import { runCommand, type CommandResult } from './command';
import { judgeRecords, type Difference, type Records } from './compare-records';
import { ExchangeProcess, newAccount, type ExchangeAccount, type ExchangeSettings } from './exchange-process';
import type { PlacedCall, UnservedCall } from './exchange-proxy';
import type { HandTrade } from './hand-trades';
import { readJournalRecord } from './journal-record';
import type { Instant } from './moments';
import type { Servers } from './servers';
import { Traps, type Strike } from './traps';
import { waitFor } from './wait';
import { WorkerProcess, type WorkerSite } from './worker-process';
import { endAll, unfinishedBusiness } from './workflow-runs';

const VENUE = 'binance';
export const SYMBOLS = ['BTC/USDT', 'ETH/USDT'] as const;
/** Trades nothing, and makes the account watch the symbols. */
const idleStrategy = (symbols: readonly string[]): object => ({
  ...{ name: 'idle', strategy: 'rsi', symbols, timeframe: '1m', enabled: false },
});
/** Between the two looks which must find the same agreement. */
const SECOND_LOOK_MS = 500;
const AGREEMENT_LIMIT_MS = 60_000;
const HOUR_MS = 3_600_000;
const MARKET_LIMIT_HOURS = 200;

export interface WorldOptions {
  /** A new name per world: of its database, its folder and its deployment. */
  readonly name: string;
  readonly seed?: number;
  /** How the exchange is; its market stands still until told otherwise. */
  readonly exchange?: ExchangeSettings;
  /** Strategies to run, as configuration files name them; none unless told otherwise, so that only the test trades. */
  readonly strategies?: readonly object[];
  /** Traded and watched; {@link SYMBOLS} unless told otherwise. */
  readonly symbols?: readonly string[];
  /** Further settings of the workers, as environment variables. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Watch what workers tell Temporal, for `Instant.Continue`. */
  readonly watchTemporal?: boolean;
  /** Other limits than the default ones. */
  readonly limits?: Partial<RiskLimits>;
  /** What the account owns at first; 10,000 USDT unless given. */
  readonly balances?: Readonly<Record<string, string>>;
  /** Trade on this one's exchange and account, instead of having both to oneself. On servers of its own: workflows are named after the account. */
  readonly joins?: World;
}

/**
 * One deployment of Ballast on one exchange: a database, an exchange process, workers, and a client like the command
 * line's. The servers below it are shared with other worlds.
 */
export class World {
  readonly account: AccountRef;
  readonly limits: RiskLimits;
  /** The first worker; it is there from the beginning. */
  get worker(): WorkerProcess {
    const [worker] = this.workers;
    if (worker === undefined) throw new Error('The world has no worker.');
    return worker;
  }

  get allWorkers(): readonly WorkerProcess[] {
    return this.workers;
  }

  /** No log, history or file of the run may show these. */
  readonly secrets: readonly string[];
  private readonly traps = new Traps();
  readonly workers: WorkerProcess[] = [];
  /** What the test has traded as a person does, past Ballast. */
  readonly byHand: HandTrade[] = [];

  private constructor(
    readonly servers: Servers,
    readonly folder: string,
    readonly exchange: ExchangeProcess,
    readonly store: OrderStore & Journal,
    readonly pool: Pool,
    readonly client: Client,
    readonly port: ExchangePort,
    private readonly options: WorldOptions,
    readonly databaseUrl: string,
    private readonly owner: ExchangeAccount,
  ) {
    this.account = { deployment: options.name, account: owner.name, venue: VENUE };
    this.limits = riskLimitsSchema.parse(options.limits ?? {});
    this.secrets = [owner.apiKey, owner.secret, servers.password];
  }

  static async open(servers: Servers, options: WorldOptions): Promise<World> {
    const folder = join(servers.folder, options.name);
    mkdirSync(folder, { recursive: true });
    const owner = options.joins?.owner ?? newAccount('main', options.balances);
    const [exchange, databaseUrl, connection] = await Promise.all([
      options.joins?.exchange ?? ExchangeProcess.start(folder, owner, options.seed ?? 1, options.exchange),
      servers.createDatabase(options.name),
      Connection.connect({ address: servers.temporalAddress }),
    ]);
    const pool = createPool({
      url: databaseUrl,
      applicationName: 'crash-test',
      onConnectionError: () => undefined,
    });
    const port = await exchange.connect(owner, options.symbols ?? SYMBOLS);
    const world = new World(
      servers,
      folder,
      exchange,
      createStore(pool),
      pool,
      new Client({ connection }),
      port,
      options,
      databaseUrl,
      owner,
    );
    const { session } = await port.clock();
    await world.store.openAccount(owner.name, session);
    await world.startWorker();
    await world.beginTrading();
    return world;
  }

  /** What `ballast up` does once everything is there. */
  async beginTrading(): Promise<void> {
    await beginTrading(this.client, this.config(), this.account, BUILT_IN_CATALOGUE);
  }

  /** Starts a worker process, which is started again whenever it dies, and waits until it is ready. */
  async startWorker(
    name = 'a',
    other: Pick<WorkerSite, 'main' | 'readyLine'> & { readonly env?: WorkerSite['env'] } = {},
  ): Promise<WorkerProcess> {
    const worker = await WorkerProcess.start({
      name,
      folder: this.folder,
      exchangePort: this.exchange.port,
      databaseUrl: this.databaseUrl,
      temporalAddress: this.servers.temporalAddress,
      watchTemporal: this.options.watchTemporal ?? false,
      env: { ...this.workerEnvironment(), ...other.env },
      ...(other.main !== undefined && { main: other.main }),
      ...(other.readyLine !== undefined && { readyLine: other.readyLine }),
      observe: (observed, moment) => this.traps.observe(observed, moment),
    });
    this.workers.push(worker);
    return worker;
  }

  /** The requests by which workers placed this order, or one that took its place; those that were dropped included. */
  placed(clientOrderId: string): readonly PlacedCall[] {
    return this.workers.flatMap(({ placed }) =>
      placed.filter((call) => call.clientOrderId === clientOrderId),
    );
  }

  /** Requests of workers about orders that the exchange did not serve. */
  get unserved(): readonly UnservedCall[] {
    return this.workers.flatMap((worker) => worker.unserved);
  }

  /** When a worker first asked the exchange about this order after `sinceMs`, both wall times. */
  askedMs(clientOrderId: string, sinceMs: number): number | undefined {
    const asked = this.workers.flatMap((worker) => worker.askedMs(clientOrderId, sinceMs) ?? []);
    return asked.length === 0 ? undefined : Math.min(...asked);
  }

  /**
   * Waits for the first time that this order comes to this instant, in whichever worker, and does `act` there and then,
   * before the message moves on.
   */
  at(instant: Instant, clientOrderId: string, act: Strike): Promise<WorkerProcess> {
    return this.traps.at(instant, clientOrderId, act);
  }

  /** The same for the first moment of this kind whose text holds each of these words. */
  when(instant: Instant, words: readonly string[], act: Strike): Promise<WorkerProcess> {
    return this.traps.when(instant, words, act);
  }

  /** Moves the market on, hour by hour, until the exchange's record shows what is waited for. */
  async moveMarketUntil(reached: (record: ExchangeRecord) => boolean): Promise<void> {
    for (let hours = 0; hours < MARKET_LIMIT_HOURS; hours += 1) {
      const record = this.exchange.record();
      if (reached(record)) return;
      await this.exchange.clock({ action: 'advanceTo', toMs: record.clockMs + HOUR_MS });
    }
    throw new Error(`The market has moved for ${MARKET_LIMIT_HOURS} hours in vain.`);
  }

  /** Both records as they are now. */
  async records(): Promise<Records> {
    return {
      journal: await readJournalRecord(this.pool, this.owner.name),
      exchange: this.exchange.record(),
      account: this.owner.name,
      initialBalances: this.owner.balances,
      byHand: this.byHand,
    };
  }

  /** What keeps the two records from agreeing, or the system from being at rest, right now. */
  async differences(): Promise<readonly Difference[]> {
    const records = await this.records();
    return [...judgeRecords(records), ...(await unfinishedBusiness(this.client, records.journal))];
  }

  /**
   * Waits until nothing is under way any more and the journal agrees with the exchange's record, twice.
   * @throws Error with the differences that remained
   */
  async agreement(limitMs = AGREEMENT_LIMIT_MS): Promise<void> {
    let last: readonly Difference[] = [];
    const look = async (): Promise<number | undefined> => {
      last = await this.differences();
      return last.length === 0 ? (await readJournalRecord(this.pool, this.owner.name)).events : undefined;
    };
    const agree = async (): Promise<true | undefined> => {
      const first = await look();
      if (first === undefined) return undefined;
      await sleep(SECOND_LOOK_MS);
      return (await look()) === first ? true : undefined;
    };
    try {
      await waitFor('journal and exchange to agree', agree, limitMs);
    } catch (error) {
      throw new Error(`${String(error)}; see ${this.folder}\n${last.map(({ text }) => text).join('\n')}`, {
        cause: error,
      });
    }
  }

  /** Runs `ballast ARGS` on this world, beside its workers. */
  ballast(...args: readonly string[]): Promise<CommandResult> {
    const { url } = this.exchange;
    return runCommand(args, {
      ...this.workerEnvironment(),
      BALLAST_POSTGRES_URL: this.databaseUrl,
      BALLAST__exchange__restUrl: url,
      BALLAST__exchange__wsUrl: url.replace('http', 'ws'),
    });
  }

  /** Keeps a copy of the journal as it is now. The worker goes on as if nothing had been. */
  async keepJournal(copy: string): Promise<void> {
    this.worker.stall();
    await this.servers.copyDatabase(this.options.name, copy);
    this.worker.resume();
  }

  /** Restores a copy of the journal while the worker is down, and starts the worker again. */
  async restoreJournal(copy: string): Promise<void> {
    await this.worker.down();
    await this.servers.restoreDatabase(this.options.name, copy);
    this.worker.up();
  }

  /** Asks for a reconciliation, as the command line does. */
  reconcile(change: Partial<ReconciliationInput> = {}): Promise<ReconciliationReport> {
    const input = reconciliationInput(this.config(), this.account);
    return reconcileNow(this.client, { ...input, trigger: 'the test', ...change });
  }

  /** Ends every process and workflow of this world; its folder stays until the servers are closed. */
  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.close()));
    await endAll(this.client);
    if (this.options.joins === undefined) await this.exchange.close();
    await this.port.close();
    await this.pool.end();
    await this.client.connection.close();
  }

  /** The workers' own configuration. */
  private config(): BallastConfig {
    return loadConfig({ env: this.workerEnvironment(), cwd: this.folder });
  }

  private workerEnvironment(): Readonly<Record<string, string>> {
    return {
      BALLAST_STATE_DIR: join(this.folder, 'state'),
      BALLAST_TEMPORAL_ADDRESS: this.servers.temporalAddress,
      BALLAST_EXCHANGE_API_KEY: this.owner.apiKey,
      BALLAST_EXCHANGE_SECRET: this.owner.secret,
      BALLAST__deployment: this.options.name,
      BALLAST__account__name: this.owner.name,
      BALLAST__mode: 'simulated',
      // Rounds of news are no part of what is tested, unless a test says so.
      BALLAST__news__enabled: 'false',
      BALLAST__risk: JSON.stringify(this.limits),
      BALLAST__strategies: JSON.stringify(
        this.options.strategies ?? [idleStrategy(this.options.symbols ?? SYMBOLS)],
      ),
      ...this.options.settings,
    };
  }
}
