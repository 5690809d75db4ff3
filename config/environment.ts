import type { Environment } from './environment-layer';

/** What the process was started with. */
export interface ProcessEnvironment {
  readonly env: Environment;
  readonly cwd: string;
  /** The command line, without the program itself. */
  readonly args: readonly string[];
}

/** Reads the process's environment, folder and command line: the only place which does. */
export const processEnvironment = (): ProcessEnvironment => ({
  env: { ...process.env },
  cwd: process.cwd(),
  args: process.argv.slice(2),
});
