import type { BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';
import { median } from '../statistics';
import type { SteadyRun } from '../steady-run';

/** Three questions to one run of the whole system, which is made once however many of them are asked. */

const alone = { baseline: null, ratio: null } as const;

function entry(name: string, answer: (run: SteadyRun) => readonly NamedMeasurement[]): BenchEntry {
  return { name, measure: async (context) => answer(await context.steadyRun()) };
}

export const actionsPerCycle = entry('actionsPerCycle', ({ actions, cycles, accountActionsPerMinute }) => [
  {
    ...alone,
    name: 'actionsPerCycle',
    value: actions.cycle + actions.strategy,
    unit: 'actions',
    goal: { of: 'value', atMost: 5 },
    how: `Temporal Cloud's billable actions of a quiet one-minute bar, counted in the histories of ${cycles} quiet cycles (${actions.cycle} each) and of their strategy (${actions.strategy.toFixed(2)} a bar: its timer, and the start of the cycle, which counts as two)`,
  },
  {
    ...alone,
    name: 'accountActionsPerMinute',
    value: accountActionsPerMinute,
    unit: 'actions',
    goal: null,
    how: 'what the risk desk (a look and a timer every two seconds) and the account feed (heartbeats) cost per wall minute, whatever the strategies do',
  },
]);

const BYTES_PER_MB = 1e6;

export const historyMbPer1000Cycles = entry('historyMbPer1000Cycles', ({ bytes, cycles }) => [
  {
    ...alone,
    name: 'historyMbPer1000Cycles',
    value: (1_000 * (bytes.cycle + bytes.strategy)) / BYTES_PER_MB,
    unit: 'MB',
    goal: null,
    how: `history of 1,000 quiet cycles of two symbols and of their strategy as the server counts it, scaled from the mean of ${cycles} cycles (${Math.round(bytes.cycle)} bytes each, and ${Math.round(bytes.strategy)} in the strategy's)`,
  },
]);

export const workerRss = entry('workerRss', ({ workerMb }) => [
  {
    ...alone,
    name: 'workerRss',
    value: median(workerMb),
    unit: 'MB',
    goal: { of: 'value', atMost: 200 },
    how: `resident memory (2^20 bytes) of the worker process of the whole system with its two default strategies at 60 times speed: the median of ${workerMb.length} samples from its second to its third minute; the highest was ${Math.max(...workerMb).toFixed(0)}`,
  },
]);
