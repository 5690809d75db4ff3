import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './progress.mjs';

const heartbeatMs = 2_000;
const staleAfterMs = 30_000;
const retryMs = 200;

/**
 * Runs `work` while holding the lock file; a second process waits for the first. The owner touches the file while it
 * works: a lock whose owner is dead, or which nobody has touched for 30 s (a reused pid, another machine), is taken over.
 */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  let announced = false;
  while (!tryAcquire(path)) {
    if (isStale(path)) {
      discard(path);
      continue;
    }
    if (!announced)
      say(`ballast: waiting for another set-up (process ${readOwner(path) ?? 'unknown'}) to finish …`);
    announced = true;
    await sleep(retryMs);
  }
  const heartbeat = setInterval(() => touch(path), heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if (readOwner(path) === process.pid) rmSync(path, { force: true });
  }
}

/** A link appears with its content, so that nobody ever reads a lock without an owner. */
function tryAcquire(path) {
  const candidate = `${path}.${process.pid}`;
  writeFileSync(candidate, String(process.pid));
  try {
    linkSync(candidate, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(candidate, { force: true });
  }
}

function readOwner(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function isStale(path) {
  const owner = readOwner(path);
  if (owner === undefined) return false;
  try {
    if (Date.now() - statSync(path).mtimeMs > staleAfterMs) return true;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Moves the stale lock aside; if another process was quicker and its fresh lock was moved instead, that goes back. */
function discard(path) {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (!isStale(aside)) linkSync(aside, path);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function touch(path) {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Taken over while this process was suspended: nothing to keep alive any more.
  }
}
