import './source-maps';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProtection } from '../activities/protection';
import { UntoldNews } from '../activities/untold-news';
import { loadConfig } from '../config/load';
import { processEnvironment } from '../config/environment';
import { openTemporal } from '../temporal/connection';
import { accountRef } from '../cli/strategy-client';
import { reconciliationInput } from '../cli/reconciliation-client';
import { openActivityDeps } from './activity-deps';
import { Caretaker, keepLooking } from './caretaker';
import { giveFirstAid } from './first-aid';
import { reconcileFirst } from './first-reconciliation';
import { createLogger } from './logging';
import { MemoryKeeper } from './memory-keeper';
import { drainOnSignals, runProcess } from './serving';
import { startWorkers } from './worker';

/** What positions need is finished for so long, when Temporal does not answer and the process has to end. */
const AID_MS = 10_000;

/**
 * The worker process: hosts every task queue that one account is traded on. SIGINT and SIGTERM drain it; anything that fails ends it
 * with code 1, for its supervisor to start it again.
 */
async function main(): Promise<void> {
  const config = loadConfig(processEnvironment());
  const log = createLogger(config, 'worker');
  const temporal = await openTemporal(config.temporal);
  const { deps, gate, close } = await openActivityDeps(config, temporal.client, log);
  const stop = new AbortController();
  const connected = temporal.connected();
  // What a predecessor left behind needs the exchange and the journal, and does not wait for Temporal.
  const { owners } = new UntoldNews(deps.owners, { log, ready: connected });
  const account = config.account.name;
  const { signal } = stop;
  const input = reconciliationInput(config, accountRef(config));
  const protection = createProtection({ ...deps, owners });
  const aid = Promise.all([
    reconcileFirst({ ...deps, owners }, input, gate, signal),
    giveFirstAid({ protection, account, maySend: gate.isOpen, signal, log }),
  ]);
  await connected.catch(async (error: unknown) => {
    await Promise.race([aid, sleep(AID_MS)]);
    throw error;
  });
  const workers = await startWorkers(config, deps, log);
  const caretaker = new Caretaker({ ...deps, client: temporal.client, config });
  const looking = keepLooking(caretaker, {
    intervalMs: config.worker.caretakerIntervalMs,
    signal: stop.signal,
    log,
  });
  const keeper = new MemoryKeeper({ ...deps, client: temporal.client, config });
  const keeping = keepLooking(keeper, {
    intervalMs: config.worker.caretakerIntervalMs,
    signal: stop.signal,
    log,
  });
  drainOnSignals(workers, log);
  for (const fault of deps.strategies.faults) log.warn(fault, 'a strategy could not be loaded');
  log.info({ account, deployment: config.deployment, pid: process.pid }, 'worker ready');
  await workers.done;
  stop.abort();
  await Promise.all([looking, keeping, aid]);
  await close();
  await temporal.close();
  log.info('worker stopped');
}

runProcess(main);
