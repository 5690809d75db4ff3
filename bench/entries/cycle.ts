import { BUILT_IN_CATALOGUE } from '../../domain/strategies/catalogue';
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { EvaluateInput, SymbolDecision } from '../../activities/evaluation';
import type { FetchCandlesInput, FetchedCandles } from '../../activities/market';
import { loadConfig } from '../../config/load';
import { strategySettings } from '../../cli/strategy-client';
import { workflowBundle } from '../../test/workflows/bundle';
import {
  startOptions,
  taskQueues,
  tags,
  WORKFLOW_TASK_QUEUE,
  type TradingCycleInput,
} from '../../workflows/contract';
import type { BenchContext, BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';
import { interleave, median, ratio } from '../statistics';

const PAIRS = 150;
const WARM_UP = 15;

/**
 * What a quiet cycle adds to the bare orchestration of two activities: its inputs and results, search attributes, summaries. The
 * activities of both do nothing, so no activity's work is in the figure.
 */
export const cycle: BenchEntry = { name: 'cycle', measure };

async function measure(context: BenchContext): Promise<readonly NamedMeasurement[]> {
  const { temporalAddress } = await context.servers();
  quietenRuntime();
  const workers = await startWorkers(temporalAddress);
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    const client = new Client({ connection });
    const input = cycleInput(context.folder('cycle'));
    const { venue, account, name } = input.settings;
    const run = async (type: string, args: readonly unknown[]): Promise<number> => {
      const startedMs = performance.now();
      await client.workflow.execute(type, {
        ...startOptions,
        workflowId: `bench/${type}/${randomUUID()}`,
        args: [...args],
        typedSearchAttributes: tags({ account, strategy: name }),
      });
      return performance.now() - startedMs;
    };
    const { subject, baseline } = await interleave({
      subject: () => run('tradingCycle', [input]),
      baseline: () => run('bareCycle', [venue]),
      pairs: PAIRS,
      warmUp: WARM_UP,
    });
    const value = median(subject);
    return [
      {
        name: 'cycle',
        value,
        unit: 'ms',
        baseline: median(baseline),
        ratio: ratio(value, median(baseline)),
        goal: { of: 'ratio', atMost: 1.3 },
        how: `median of ${PAIRS} tradingCycle workflows of a quiet bar of two symbols whose two activities do nothing, against as many bare workflows of two empty activities on the same queues, started the same way, in turn`,
      },
    ];
  } finally {
    await connection.close();
    await workers.stop();
  }
}

function quietenRuntime(): void {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
}

/** The input that the first configured strategy gives its cycles. */
function cycleInput(folder: string): TradingCycleInput {
  const config = loadConfig({ env: { BALLAST_STATE_DIR: folder, BALLAST__mode: 'simulated' }, cwd: folder });
  const [first] = config.strategies;
  if (first === undefined) throw new Error('The default profile has no strategy.');
  const barCloseMs = Date.UTC(2026, 0, 9, 18, 45);
  return {
    settings: strategySettings(config, first, BUILT_IN_CATALOGUE),
    session: 'bench',
    barCloseMs,
    previousBarCloseMs: barCloseMs - 60_000,
    entriesPaused: false,
  };
}

/** What the activities of a quiet bar answer, without having done anything for it. */
const idle = {
  fetchCandles: ({ symbols }: FetchCandlesInput): Promise<FetchedCandles> => {
    const verdicts = symbols.map((symbol) => ({ symbol, ok: true, problem: null }));
    const nowMs = Date.now();
    const reading = { wallTimeMs: nowMs, marketTimeMs: nowMs, speed: 1, session: 'bench' };
    return Promise.resolve({ verdicts, clock: { ...reading, state: 'running' } });
  },
  evaluateStrategy: ({ verdicts }: EvaluateInput): Promise<readonly SymbolDecision[]> =>
    Promise.resolve(
      verdicts.map(({ symbol }) => ({
        symbol,
        outcome: 'hold',
        reasons: [{ code: 'hold', text: 'RSI 51.2 is between 30 and 70' }],
        proposal: null,
      })),
    ),
  nothing: (): Promise<void> => Promise.resolve(),
};

async function startWorkers(address: string): Promise<{ readonly stop: () => Promise<void> }> {
  const connection = await NativeConnection.connect({ address });
  const { market, journal } = taskQueues('binance');
  const workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue: WORKFLOW_TASK_QUEUE,
      workflowBundle: await workflowBundle('bench/workflows.ts'),
    }),
    ...[market, journal].map((taskQueue) => Worker.create({ connection, taskQueue, activities: idle })),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    stop: async () => {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
