import type { Servers } from '../test/crash/harness/servers';
import type { NamedMeasurement } from './measurement';
import type { SteadyRun } from './steady-run';

/** What the entries of one run share. */
export interface BenchContext {
  /** PostgreSQL and the Temporal dev server, started on first use and stopped at the end of the run. */
  readonly servers: () => Promise<Servers>;
  /** A temporary folder for this entry's files. */
  readonly folder: (name: string) => string;
  /** A run of the whole system, made on first use and shared. */
  readonly steadyRun: () => Promise<SteadyRun>;
  /** Told what is going on, for people. */
  readonly progress: (line: string) => void;
}

/** One benchmark: a question, and the measurements that answer it. */
export interface BenchEntry {
  /** For `--only`; the name of its first measurement. */
  readonly name: string;
  readonly measure: (context: BenchContext) => Promise<readonly NamedMeasurement[]>;
}
