import type { BenchEntry } from '../entry';
import { backtest } from './backtest';
import { candleLoad } from './candle-load';
import { cycle } from './cycle';
import { lane } from './lane';
import { halt } from './halt';
import { haltFaults } from './halt-faults';
import { headlineBatch } from './headline-batch';
import { optimise } from './optimise';
import { outboxCommit } from './outbox-commit';
import { resume } from './resume';
import { strategies } from './strategies';
import { actionsPerCycle, historyMbPer1000Cycles, workerRss } from './steady';
import { submit } from './submit';

/** Every entry, in the order in which they are measured. */
export const entries: readonly BenchEntry[] = [
  cycle,
  submit,
  outboxCommit,
  lane,
  halt,
  haltFaults,
  resume,
  workerRss,
  actionsPerCycle,
  historyMbPer1000Cycles,
  strategies,
  candleLoad,
  backtest,
  optimise,
  headlineBatch,
];
