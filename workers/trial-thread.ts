import { parentPort, workerData } from 'node:worker_threads';
import { serveTrials } from '../backtest/optimise/serve-trials';
import type { ThreadSetup } from '../backtest/optimise/trial-messages';
import { findStrategy } from '../domain/strategies/registry';

/** A thread of a trial pool (backtest/optimise/trial-pool.ts). */
function main(): void {
  if (parentPort === null) throw new Error('This is a program for threads.');
  const setup = workerData as ThreadSetup;
  serveTrials(parentPort, findStrategy(setup.strategyId), setup);
}

main();
