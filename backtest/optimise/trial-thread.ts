import { parentPort, workerData } from 'node:worker_threads';
import { findStrategy } from '../../domain/strategies/registry';
import { createStudy } from './study';
import type { ThreadAnswer, ThreadSetup, ThreadTask } from './trial-messages';

/** A thread of {@link openTrialPool}: tries one point after the other. */
function main(): void {
  const port = parentPort;
  if (port === null) throw new Error('This is a program for threads.');
  const { strategyId, setup, indicatorBytes } = workerData as ThreadSetup;
  const study = createStudy(findStrategy(strategyId), setup, indicatorBytes);
  const say = (answer: ThreadAnswer): void => {
    port.postMessage(answer);
  };
  port.on('message', ({ id, point, period }: ThreadTask) => {
    try {
      const result = study.tryPoint(point, period);
      say({ kind: 'tried', id, result, indicators: study.indicators });
    } catch (error) {
      say({ kind: 'failed', id, error });
    }
  });
  say({ kind: 'ready' });
}

main();
