import type { Argv, CommandModule } from 'yargs';
import type { GlobalOptions } from './locate-config';

/** One command of the line: what it is called, what it takes, and what it does. */
export interface CommandSpec<Options> {
  /** Yargs' notation: `pause [name]`. */
  readonly command: string;
  /** One sentence for `--help`. */
  readonly describe: string;
  /** Its builder declares `--json [FILE]` itself; every other command gets the flag `--json`. */
  readonly jsonFile?: true;
  readonly builder: (yargs: Argv) => Argv<Options>;
  /** An option that the command declares itself is as it declares it. */
  readonly run: (options: Omit<GlobalOptions, keyof Options> & Options) => Promise<void>;
}

/** What `--json` does for every command but those which take a file. */
export const JSON_OPTION = 'Print the result as JSON, for programs';

/** Fits a command to yargs. Its errors reach main.ts, which alone decides how they look. */
export const defineCommand = <Options>({
  command,
  describe,
  jsonFile,
  builder,
  run,
}: CommandSpec<Options>): CommandModule => ({
  command,
  describe,
  builder: (yargs: Argv) =>
    builder(
      jsonFile === true
        ? yargs
        : yargs.option('json', { type: 'boolean', default: false, describe: JSON_OPTION }),
    ),
  // yargs has parsed what `builder` and main.ts have declared.
  handler: (options) => run(options as unknown as Omit<GlobalOptions, keyof Options> & Options),
});

/** A builder for commands which take nothing of their own. */
export const noOptions = (yargs: Argv): Argv => yargs;
