import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { commandLine, identifyProcess } from '../process-identity';
import { messageOf } from '../system-error';
import { handOver, type UnprivilegedStart } from './unprivileged';

const execute = promisify(execFile);

export const majorVersion = '18';
export const superuser = 'ballast';
export const databaseName = 'ballast';

const passwordFile = 'ballast.password';
const pidFile = 'postmaster.pid';
const stagingMark = '.initialising-';
const leftoverWaitMs = 15_000;
const pollMs = 50;

/** PostgreSQL's programs get nothing of our environment: PGDATA, PGPORT and their like would change what they do. */
export const programEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

/** The programs of the embedded package. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * Makes the data folder unless it is there. It is there completely or not at all: everything happens in a folder beside
 * it, which takes its name at the end; what an interrupted attempt left behind is removed.
 * @throws Error saying what to do when the folder holds something else
 */
export async function ensureDataFolder(
  dataDir: string,
  programs: PostgresPrograms,
  start: UnprivilegedStart,
): Promise<void> {
  removeInterrupted(dataDir);
  if (isComplete(dataDir)) {
    handOver(dataDir, start);
    return;
  }
  const staging = `${dataDir}${stagingMark}${process.pid}`;
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  try {
    const cluster = join(staging, 'data');
    const password = join(staging, 'password');
    writeFileSync(password, randomBytes(24).toString('base64url'), { mode: 0o600 });
    handOver(staging, start);
    await runProgram(start, programs.initdb, [
      '-D',
      cluster,
      '--username',
      superuser,
      '--pwfile',
      password,
      '--auth',
      'scram-sha-256',
      '--encoding',
      'UTF8',
      '--locale',
      'C',
    ]);
    await runProgram(
      start,
      programs.postgres,
      ['--single', '-D', cluster, 'postgres'],
      `CREATE DATABASE ${databaseName}\n`,
    );
    renameSync(password, join(cluster, passwordFile));
    renameSync(cluster, dataDir);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The password of the database's only user, made with the data folder. */
export function readPassword(dataDir: string): string {
  return readFileSync(join(dataDir, passwordFile), 'utf8').trim();
}

/** Whether the postmaster of this folder says that it accepts connections, so that nobody has to try in vain. */
export function acceptsConnections(dataDir: string): boolean {
  try {
    return readFileSync(join(dataDir, pidFile), 'utf8').split('\n')[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

/**
 * Waits until no process uses the data folder any more. A killed postmaster's backends live on for a moment, and one
 * that is shutting down takes its time; either would make the next start fail.
 * @throws Error naming the process that does not go away
 */
export async function waitUntilUnused(dataDir: string): Promise<void> {
  const deadline = Date.now() + leftoverWaitMs;
  let users = processesUsing(dataDir);
  while (users.length > 0) {
    if (Date.now() > deadline) {
      throw new Error(
        `PostgreSQL's data folder ${dataDir} is in use by process ${users.join(', ')}. ` +
          `Stop the Ballast that it belongs to, or end it (kill -INT ${String(users[0])}), then start again.`,
      );
    }
    await sleep(pollMs);
    users = processesUsing(dataDir);
  }
  removeForeignPidFile(dataDir);
}

function removeInterrupted(dataDir: string): void {
  const parent = dirname(dataDir);
  if (!existsSync(parent)) return;
  const prefix = `${basename(dataDir)}${stagingMark}`;
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(prefix))) {
    const owner = Number(name.slice(prefix.length));
    if (identifyProcess(owner) === undefined) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isComplete(dataDir: string): boolean {
  if (!existsSync(dataDir) || readdirSync(dataDir).length === 0) return false;
  const missing = ['PG_VERSION', 'global/pg_control', passwordFile].filter(
    (file) => !existsSync(join(dataDir, file)),
  );
  if (missing.length > 0) {
    throw new Error(
      `${dataDir} is not empty, and not a complete data folder of Ballast's PostgreSQL (${missing.join(', ')} missing). ` +
        'If it holds nothing of value, delete it and start again; else restore it from a backup.',
    );
  }
  const version = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  if (version !== majorVersion) {
    throw new Error(
      `${dataDir} was made by PostgreSQL ${version}, this is PostgreSQL ${majorVersion}. Dump it with the version that made it (pg_dump) and restore it here, or move it away.`,
    );
  }
  return true;
}

/** On Linux every process whose working folder this is, which every backend's is; elsewhere the recorded postmaster. */
function processesUsing(dataDir: string): number[] {
  if (process.platform !== 'linux') {
    const postmaster = recordedPostmaster(dataDir);
    return postmaster !== undefined && commandLine(postmaster)?.includes(dataDir) === true
      ? [postmaster]
      : [];
  }
  const folder = realpathSync(dataDir);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && workingFolder(name) === folder)
    .map(Number);
}

function workingFolder(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function recordedPostmaster(dataDir: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dataDir, pidFile), 'utf8').split('\n')[0]);
    return identifyProcess(pid)?.pid;
  } catch {
    return undefined;
  }
}

/** PostgreSQL ignores the file of a dead process, but not when some other program has got that pid since. */
function removeForeignPidFile(dataDir: string): void {
  const pid = recordedPostmaster(dataDir);
  if (pid === undefined) return;
  if (process.platform !== 'linux') {
    throw new Error(
      `${join(dataDir, pidFile)} names process ${pid}, which is not PostgreSQL: ${String(commandLine(pid))}. If no postgres process runs, delete that file and start again.`,
    );
  }
  rmSync(join(dataDir, pidFile), { force: true });
}

async function runProgram(
  start: UnprivilegedStart,
  program: string,
  args: readonly string[],
  input = '',
): Promise<void> {
  const [command = program, ...rest] = [...start.prefix, program, ...args];
  const running = execute(command, rest, { env: programEnvironment, cwd: '/', ...start.user });
  running.child.stdin?.end(input);
  await running.catch((error: unknown) => {
    const output =
      typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(`${basename(program)} failed: ${output === '' ? messageOf(error) : output}`);
  });
}
