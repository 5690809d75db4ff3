import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { strategyHandle, strategyProgress } from '../cli/strategy-client';
import type { BallastProcess, Memory } from './ballast-process';

/** One look at a running system. */
export interface Sample {
  /** Wall time since the first look. */
  readonly elapsedMs: number;
  /** Resident memory by process, megabytes of 2^20 bytes. */
  readonly rssMb: Memory;
  /** Of the worker's main thread, in megabytes; null until it has told. */
  readonly heapMb: number | null;
  /** Timers, sockets and the like of the worker; null until it has told. */
  readonly handles: number | null;
  /** Open files of the worker; null where the system does not tell. */
  readonly files: number | null;
  readonly postgresConnections: number;
  readonly runningWorkflows: number;
  /** Events of the longest history of a running workflow. */
  readonly longestHistory: number;
  readonly cycles: number;
  readonly skippedBars: number;
}

const BYTES_PER_MB = 2 ** 20;

/** Takes a look. @param probes the folder that bench/probe.cjs writes to */
export async function takeSample(
  ballast: BallastProcess,
  pool: Pool,
  probes: string,
  elapsedMs: number,
): Promise<Sample> {
  const worker = ballast.pidOf('worker');
  const probe = readProbe(join(probes, `${worker}.json`));
  const [rssMb, postgresConnections, workflows, progress] = await Promise.all([
    ballast.memory(),
    countConnections(pool),
    lookAtWorkflows(ballast),
    sumProgress(ballast),
  ]);
  return {
    elapsedMs,
    rssMb,
    heapMb: probe === undefined ? null : probe.heapUsed / BYTES_PER_MB,
    handles: probe?.handles ?? null,
    files: countFiles(worker),
    postgresConnections,
    ...workflows,
    ...progress,
  };
}

interface Probe {
  readonly heapUsed: number;
  readonly handles: number;
}

function readProbe(file: string): Probe | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Probe;
  } catch {
    return undefined; // not written yet
  }
}

function countFiles(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
}

async function countConnections(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(
    'SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()',
  );
  return Number(rows[0]?.count ?? 0);
}

/** Lists tell no length of a history that still grows: each workflow is asked. */
async function lookAtWorkflows({
  client,
}: BallastProcess): Promise<Pick<Sample, 'runningWorkflows' | 'longestHistory'>> {
  let runningWorkflows = 0;
  let longestHistory = 0;
  for await (const { workflowId, runId } of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) {
    const { historyLength } = await client.workflow.getHandle(workflowId, runId).describe();
    runningWorkflows += 1;
    longestHistory = Math.max(longestHistory, historyLength);
  }
  return { runningWorkflows, longestHistory };
}

async function sumProgress(ballast: BallastProcess): Promise<Pick<Sample, 'cycles' | 'skippedBars'>> {
  const { client, account, config } = ballast;
  const all = await Promise.all(
    config.strategies.map(({ name }) => strategyProgress(strategyHandle(client, account.account, name))),
  );
  return {
    cycles: all.reduce((sum, progress) => sum + (progress?.cycles ?? 0), 0),
    skippedBars: all.reduce((sum, progress) => sum + (progress?.skippedBars ?? 0), 0),
  };
}
