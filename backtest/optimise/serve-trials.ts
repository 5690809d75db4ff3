import type { MessagePort } from 'node:worker_threads';
import type { AnyStrategy } from '../../domain/strategies/prepare';
import { createStudy } from './study';
import type { ThreadAnswer, ThreadSetup, ThreadTask } from './trial-messages';

/** What a thread of a pool does: tries one point after the other, until it is ended. */
export function serveTrials(port: MessagePort, strategy: AnyStrategy, setup: ThreadSetup): void {
  const study = createStudy(strategy, setup.setup, setup.indicatorBytes);
  const say = (answer: ThreadAnswer): void => {
    port.postMessage(answer);
  };
  port.on('message', ({ id, point, period, known }: ThreadTask) => {
    try {
      study.exchange.adopt(known);
      const result = study.tryPoint(point, period);
      say({ kind: 'tried', id, result, indicators: study.indicators, fresh: study.exchange.fresh() });
    } catch (error) {
      say({ kind: 'failed', id, error });
    }
  });
  say({ kind: 'ready' });
}
