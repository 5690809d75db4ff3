import type { Servers } from '../test/crash/harness/servers';
import type { NamedMeasurement } from './measurement';

/** What the entries of one run share. */
export interface BenchContext {
  /** PostgreSQL and the Temporal dev server, started on first use and stopped at the end of the run. */
  readonly servers: () => Promise<Servers>;
  /** A folder for this entry's files; it goes with the servers. */
  readonly folder: (name: string) => Promise<string>;
  /** Told what is going on, for people. */
  readonly progress: (line: string) => void;
}

/** One benchmark: a question, and the measurements that answer it. */
export interface BenchEntry {
  /** For `--only`; the name of its first measurement. */
  readonly name: string;
  readonly measure: (context: BenchContext) => Promise<readonly NamedMeasurement[]>;
}
