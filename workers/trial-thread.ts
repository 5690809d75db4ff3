import { parentPort, workerData } from 'node:worker_threads';
import { serveTrials } from '../backtest/optimise/serve-trials';
import type { ThreadSetup } from '../backtest/optimise/trial-messages';
import { openStrategies } from '../adapters/strategies/load';

/** A thread of a trial pool (backtest/optimise/trial-pool.ts). */
function main(): void {
  if (parentPort === null) throw new Error('This is a program for threads.');
  const setup = workerData as ThreadSetup;
  serveTrials(parentPort, openStrategies(setup.folders).find(setup.strategyId), setup);
}

main();
