import './source-maps';
import { createProtection } from '../activities/protection';
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
import { UntoldNews } from './untold-news';
import { startWorkers } from './worker';

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
  // What a predecessor left behind needs the exchange and the journal, and does not wait for Temporal.
  const untold = new UntoldNews(deps.owners, log);
  const account = config.account.name;
  const patient = { ...deps, owners: untold.patient };
  const protection = createProtection(patient);
  const firstAid = giveFirstAid({ protection, account, signal: stop.signal, log });
  const input = reconciliationInput(config, accountRef(config));
  const first = reconcileFirst(patient, input, gate, stop.signal);
  await temporal.connected();
  const workers = await startWorkers(config, deps, log);
  const telling = untold.tell(Promise.all([first, firstAid]), stop.signal);
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
  await Promise.all([looking, keeping, telling]);
  await close();
  await temporal.close();
  log.info('worker stopped');
}

runProcess(main);
