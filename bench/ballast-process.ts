import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { accountRef } from '../cli/strategy-client';
import type { BallastConfig } from '../config/config';
import { processEnvironment } from '../config/environment';
import { loadRunningConfig } from '../config/load';
import { runtimeFile } from '../config/runtime';
import { connectTemporal, type TemporalSession } from '../temporal/connection';
import { Child } from '../test/crash/harness/child';
import { waitFor } from '../test/crash/harness/wait';
import type { AccountRef } from '../workflows/contract';

const CLI = join(__dirname, '../dist/cli/main.js');
/** What `ballast up` says when everything is there, and when it trades. */
const UP_LINE = 'Everything is up';
const TRADING_LINE = 'Trading.';
const START_LIMIT_MS = 120_000;

const recorded = z.array(z.object({ name: z.string(), pid: z.int() }));

/** Resident memory by process, in megabytes of 2^20 bytes; PostgreSQL with all its own processes. */
export type Memory = Readonly<Record<string, number>>;

/** The whole system as `npm start` runs it, in a folder of its own: a supervisor and its children. */
export class BallastProcess {
  private constructor(
    private readonly child: Child,
    readonly stateDir: string,
    readonly config: BallastConfig,
    private readonly temporal: TemporalSession,
    /** Memory when everything was up and no strategy ran yet. */
    readonly idleMemory: Memory,
  ) {}

  /**
   * Starts everything on the simulated market and resolves when it trades.
   * @param settings further configuration, as environment variables
   */
  static async start(
    folder: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<BallastProcess> {
    const stateDir = join(folder, 'state');
    mkdirSync(stateDir, { recursive: true });
    const { PATH, HOME, BALLAST_TEMPORAL_CLI } = processEnvironment().env;
    const inherited = Object.entries({ PATH, HOME, BALLAST_TEMPORAL_CLI }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const env = {
      ...Object.fromEntries(inherited),
      BALLAST_STATE_DIR: stateDir,
      BALLAST__mode: 'simulated',
      ...settings,
    };
    const logPath = join(folder, 'up.log');
    const child = await Child.start([CLI, 'up', '--no-view'], env, logPath);
    const said = (line: string): Promise<true> =>
      waitFor(
        `Ballast to say "${line}"; see ${logPath}`,
        () => {
          if (!child.isRunning) throw new Error(`It has ended: ${readFileSync(logPath, 'utf8')}`);
          return readFileSync(logPath, 'utf8').includes(line) ? true : undefined;
        },
        START_LIMIT_MS,
      );
    try {
      await said(UP_LINE);
      const idleMemory = await memoryOf(stateDir, child.pid);
      await said(TRADING_LINE);
      const { config } = loadRunningConfig(runtimeFile(stateDir), env);
      return new BallastProcess(child, stateDir, config, await connectTemporal(config.temporal), idleMemory);
    } catch (error) {
      await child.kill();
      throw error;
    }
  }

  get client(): Client {
    return this.temporal.client;
  }

  get account(): AccountRef {
    return accountRef(this.config);
  }

  memory(): Promise<Memory> {
    return memoryOf(this.stateDir, this.child.pid);
  }

  /** The process id of a child by its name, e.g. `worker`. */
  pidOf(name: string): number {
    const found = children(this.stateDir).find((child) => child.name === name);
    if (found === undefined) throw new Error(`Ballast has no ${name}.`);
    return found.pid;
  }

  /** Stops everything in order. */
  async close(): Promise<void> {
    await this.temporal.close();
    this.child.signal('SIGINT');
    await this.child.exited;
    await this.child.kill();
  }
}

const children = (stateDir: string): z.infer<typeof recorded> =>
  recorded.parse(JSON.parse(readFileSync(join(stateDir, 'children.json'), 'utf8')));

const run = promisify(execFile);
const KIB_PER_MB = 1024;

async function memoryOf(stateDir: string, supervisor: number): Promise<Memory> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,rss=']);
  const processes = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .map(([pid = 0, parent = 0, kib = 0]) => ({ pid, parent, mb: kib / KIB_PER_MB }));
  const withChildren = (root: number): number =>
    processes
      .filter(({ pid, parent }) => pid === root || parent === root)
      .reduce((total, { mb }) => total + mb, 0);
  const named = children(stateDir).map(({ name, pid }) => [name, withChildren(pid)] as const);
  const own = processes.find(({ pid }) => pid === supervisor)?.mb ?? 0;
  return Object.fromEntries([...named, ['supervisor', own]]);
}
