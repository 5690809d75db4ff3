import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child';
import { ExchangeProxy, type PlacedCall, type UnservedCall } from './exchange-proxy';
import type { Moment, Verdict } from './moments';
import { PostgresProxy } from './postgres-proxy';
import { TemporalProxy } from './temporal-proxy';
import { waitFor } from './wait';

const WORKER = join(__dirname, '../../../dist/workers/main.js');
const READY_LINE = '"worker ready"';
/** The inference process, beside the worker. */
export const INFERENCE = {
  main: join(__dirname, '../../../dist/workers/inference-main.js'),
  readyLine: '"inference ready"',
} as const;
const RESTART_MS = 250;

export interface WorkerSite {
  readonly name: string;
  readonly folder: string;
  readonly exchangePort: number;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Whether a proxy watches what the worker tells Temporal. */
  readonly watchTemporal: boolean;
  /** Everything of the worker's configuration but where its neighbours are. */
  readonly env: Readonly<Record<string, string>>;
  readonly observe: (worker: WorkerProcess, moment: Moment) => Verdict;
  /** The program to run, when it is not the worker of this checkout. */
  readonly main?: string;
  /** What it logs when it polls for work; as a worker does, unless given. */
  readonly readyLine?: string;
}

/**
 * A worker process as its supervisor keeps it: started again whenever it has ended. All its traffic with PostgreSQL and
 * the exchange passes through proxies of its own.
 */
export class WorkerProcess {
  private child: Child | undefined;
  /** How often it has been started. */
  starts = 0;
  private closed = false;
  /** While it is set, a worker that has ended is not started again. */
  private held: Promise<void> | undefined;
  private letGo: () => void = () => undefined;
  private readonly life: Promise<void>;

  private constructor(
    private readonly site: WorkerSite,
    private readonly postgres: PostgresProxy,
    private readonly exchange: ExchangeProxy,
    private readonly temporal: TemporalProxy | undefined,
  ) {
    this.life = this.keepRunning();
  }

  /** Resolves when the worker polls for work. */
  static async start(site: WorkerSite): Promise<WorkerProcess> {
    const self: { worker?: WorkerProcess } = {};
    const observe = (moment: Moment): Verdict =>
      self.worker === undefined ? 'pass' : site.observe(self.worker, moment);
    const postgres = await PostgresProxy.start(Number(new URL(site.databaseUrl).port), observe);
    const exchange = await ExchangeProxy.start(site.exchangePort, observe);
    const temporal = site.watchTemporal
      ? await TemporalProxy.start(Number(site.temporalAddress.split(':')[1]), observe)
      : undefined;
    self.worker = new WorkerProcess(site, postgres, exchange, temporal);
    await self.worker.untilReady();
    return self.worker;
  }

  get placed(): readonly PlacedCall[] {
    return this.exchange.placed;
  }

  get unserved(): readonly UnservedCall[] {
    return this.exchange.unserved;
  }

  /** When it first asked the exchange about an order after `sinceMs`; wall time. */
  askedMs(clientOrderId: string, sinceMs: number): number | undefined {
    return this.exchange.asked.find((asked) => asked.clientOrderId === clientOrderId && asked.atMs > sinceMs)
      ?.atMs;
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** SIGKILL, at once. It is started again soon after. */
  kill(): void {
    this.child?.signal('SIGKILL');
  }

  /** Ends it as native code that goes wrong does. It is started again soon after. */
  crash(signal: 'SIGABRT' | 'SIGSEGV'): void {
    this.child?.signal(signal);
  }

  /** Asks it to end in order. It is started again soon after. @returns what it has logged, to its end */
  async drain(): Promise<string> {
    const { child, logPath } = this;
    child?.signal('SIGTERM');
    await child?.exited;
    return readFileSync(logPath, 'utf8');
  }

  /** SIGKILL, and nothing is started again until `up`. */
  async down(): Promise<void> {
    this.held ??= new Promise((resolve) => {
      this.letGo = resolve;
    });
    this.kill();
    await this.child?.exited;
  }

  /** Starts it again after `down`. */
  up(): void {
    this.held = undefined;
    this.letGo();
  }

  /** Takes the exchange out of its reach, as a failure of the network or of its names does, until `reconnect`. */
  cutOff(): void {
    this.exchange.cutOff();
  }

  reconnect(): void {
    this.exchange.reconnect();
  }

  /** Stops the process where it is, as a machine that stalls; `resume` lets it go on. */
  stall(): void {
    this.child?.signal('SIGSTOP');
  }

  resume(): void {
    this.child?.signal('SIGCONT');
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.closed = true;
    this.up();
    this.kill();
    await this.life;
    await Promise.all([this.postgres.close(), this.exchange.close(), this.temporal?.close()]);
  }

  private async keepRunning(): Promise<void> {
    while (!this.closed) await this.liveOnce();
  }

  private async liveOnce(): Promise<void> {
    this.child = await this.launch();
    if (this.closed) this.kill();
    await this.child.exited;
    await this.held;
    if (!this.closed) await sleep(RESTART_MS);
  }

  private launch(): Promise<Child> {
    this.starts += 1;
    const { databaseUrl, env } = this.site;
    const postgresUrl = new URL(databaseUrl);
    postgresUrl.port = String(this.postgres.port);
    const exchange = `127.0.0.1:${this.exchange.port}`;
    return Child.start(
      [this.site.main ?? WORKER],
      {
        ...env,
        BALLAST_TEMPORAL_ADDRESS: this.temporal?.address ?? this.site.temporalAddress,
        BALLAST_POSTGRES_URL: postgresUrl.href,
        BALLAST__exchange__restUrl: `http://${exchange}`,
        BALLAST__exchange__wsUrl: `ws://${exchange}`,
      },
      this.logPath,
    );
  }

  private async untilReady(): Promise<void> {
    await waitFor(`worker ${this.site.name} to be ready; see ${this.logPath}`, () =>
      readFileSync(this.logPath, 'utf8').includes(this.site.readyLine ?? READY_LINE) ? true : undefined,
    );
  }

  private get logPath(): string {
    return join(this.site.folder, `worker-${this.site.name}-${this.starts}.log`);
  }
}
