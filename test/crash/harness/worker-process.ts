import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child';
import { ExchangeProxy } from './exchange-proxy';
import type { Moment, Verdict } from './moments';
import { PostgresProxy } from './postgres-proxy';
import { waitFor } from './wait';

const WORKER = join(__dirname, '../../../dist/workers/main.js');
const READY_LINE = '"worker ready"';
const RESTART_MS = 100;

export interface WorkerSite {
  readonly name: string;
  readonly folder: string;
  readonly exchangePort: number;
  readonly databaseUrl: string;
  /** Everything of the worker's configuration but where its neighbours are. */
  readonly env: Readonly<Record<string, string>>;
  readonly observe: (worker: WorkerProcess, moment: Moment) => Verdict;
}

/**
 * A worker process as its supervisor keeps it: started again whenever it has ended. All its traffic with PostgreSQL and
 * the exchange passes through proxies of its own.
 */
export class WorkerProcess {
  /** Wall times of its ends. */
  readonly diedMs: number[] = [];
  private child: Child | undefined;
  private starts = 0;
  private closed = false;

  private constructor(
    private readonly site: WorkerSite,
    private postgres: PostgresProxy | undefined,
    private exchange: ExchangeProxy | undefined,
  ) {}

  static async start(site: WorkerSite): Promise<WorkerProcess> {
    const worker: WorkerProcess = new WorkerProcess(site, undefined, undefined);
    const observe = (moment: Moment): Verdict => site.observe(worker, moment);
    worker.postgres = await PostgresProxy.start(Number(new URL(site.databaseUrl).port), observe);
    worker.exchange = await ExchangeProxy.start(site.exchangePort, observe);
    await worker.launch();
    await worker.untilReady();
    return worker;
  }

  get placed(): ExchangeProxy['placed'] {
    return this.exchange?.placed ?? [];
  }

  /** When it first asked the exchange about an order after `sinceMs`; wall time. */
  askedMs(clientOrderId: string, sinceMs: number): number | undefined {
    return this.exchange?.asked.find((asked) => asked.clientOrderId === clientOrderId && asked.atMs > sinceMs)
      ?.atMs;
  }

  /** SIGKILL, at once. It is started again soon after. */
  kill(): void {
    this.child?.signal('SIGKILL');
  }

  /** Stops the process where it is, as a machine that stalls; `resume` lets it go on. */
  stall(): void {
    this.child?.signal('SIGSTOP');
  }

  resume(): void {
    this.child?.signal('SIGCONT');
  }

  /** Resolves when the current process, or the next one, is polling for work. */
  async untilReady(): Promise<void> {
    const log = this.logPath;
    await waitFor(`worker ${this.site.name} to be ready`, () => {
      const ready = readFileSync(log, 'utf8').split(READY_LINE).length - 1;
      return this.child?.isRunning === true && ready >= 1 && this.logPath === log ? true : undefined;
    });
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.closed = true;
    await this.child?.kill();
    await Promise.all([this.postgres?.close(), this.exchange?.close()]);
  }

  private get logPath(): string {
    return join(this.site.folder, `worker-${this.site.name}-${this.starts}.log`);
  }

  private async launch(): Promise<void> {
    this.starts += 1;
    const { databaseUrl, env } = this.site;
    const postgresUrl = new URL(databaseUrl);
    postgresUrl.port = String(this.postgres?.port);
    const exchange = `127.0.0.1:${String(this.exchange?.port)}`;
    this.child = await Child.start(
      [WORKER],
      {
        ...env,
        BALLAST_POSTGRES_URL: postgresUrl.href,
        BALLAST__exchange__restUrl: `http://${exchange}`,
        BALLAST__exchange__wsUrl: `ws://${exchange}`,
      },
      this.logPath,
    );
    void this.child.exited.then(() => {
      this.diedMs.push(Date.now());
      if (!this.closed) setTimeout(() => void this.relaunch(), RESTART_MS);
    });
  }

  private async relaunch(): Promise<void> {
    if (!this.closed) await this.launch();
  }
}
