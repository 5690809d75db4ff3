import './source-maps';
import { createIntelligenceActivities } from '../activities/intelligence/intelligence';
import { loadConfig } from '../config/load';
import { inferenceNeeds } from '../config/needs';
import { processEnvironment } from '../config/environment';
import { taskQueues } from '../workflows/contract';
import { openIntelligenceDeps } from './intelligence-deps';
import { createLogger } from './logging';
import { drainOnSignals, openServing, runProcess, runTogether } from './serving';

/**
 * The inference process: asks models, and does nothing else. What a model's native code does to it, it does to nobody else; its supervisor
 * starts it again, and what it was asked is asked once more. It has no key of the exchange.
 */
async function main(): Promise<void> {
  const config = loadConfig({ ...processEnvironment(), withoutExchangeKeys: true });
  const log = createLogger(config, 'inference');
  const { deps, close } = await openIntelligenceDeps(config, log);
  const serving = await openServing(config, log);
  const queue = taskQueues(config.exchange.venue).inference;
  const worker = await serving.serve(
    queue,
    config.worker.slots.inference,
    createIntelligenceActivities(deps),
  );
  const running = runTogether([worker], serving);
  drainOnSignals(running, log);
  log.info({ pid: process.pid, for: inferenceNeeds(config) }, 'inference ready');
  await running.done;
  await close();
  log.info('inference stopped');
}

runProcess(main);
