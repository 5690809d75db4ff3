import type { Argv, CommandModule } from 'yargs';
import type { GlobalOptions } from './locate-config';

/** One command of the line: what it is called, what it takes, and what it does. */
export interface CommandSpec<Options> {
  /** Yargs' notation: `pause [name]`. */
  readonly command: string;
  /** One sentence for `--help`. */
  readonly describe: string;
  readonly builder: (yargs: Argv) => Argv<Options>;
  readonly run: (options: GlobalOptions & Options) => Promise<void>;
}

/** Fits a command to yargs. Its errors reach main.ts, which alone decides how they look. */
export const defineCommand = <Options>({
  command,
  describe,
  builder,
  run,
}: CommandSpec<Options>): CommandModule => ({
  command,
  describe,
  builder,
  // yargs has parsed what `builder` and main.ts have declared.
  handler: (options) => run(options as unknown as GlobalOptions & Options),
});

/** A builder for commands which take nothing of their own. */
export const noOptions = (yargs: Argv): Argv => yargs;
