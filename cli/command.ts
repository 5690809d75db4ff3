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
export function defineCommand<Options>({
  command,
  describe,
  jsonFile,
  builder,
  run,
}: CommandSpec<Options>): CommandModule {
  let repeatable: readonly string[] = [];
  return {
    command,
    describe,
    builder: (yargs: Argv) => {
      const built = builder(
        jsonFile === true
          ? yargs
          : yargs.option('json', { type: 'boolean', default: false, describe: JSON_OPTION }),
      );
      repeatable = arraysOf(built);
      return built;
    },
    handler: (options) =>
      // yargs has parsed what `builder` and main.ts have declared.
      run(once(options, repeatable) as unknown as Omit<GlobalOptions, keyof Options> & Options),
  };
}

/** The options that were declared to be lists. Every yargs knows them; its types do not say so. */
const arraysOf = (yargs: unknown): readonly string[] =>
  (yargs as { readonly getOptions: () => { readonly array: readonly string[] } }).getOptions().array;

/** What is given twice and is no list: the last word counts. */
const once = (
  options: Readonly<Record<string, unknown>>,
  repeatable: readonly string[],
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      name === '_' || repeatable.includes(name) || !Array.isArray(value) ? value : value.at(-1),
    ]),
  );

/** A builder for commands which take nothing of their own. */
export const noOptions = (yargs: Argv): Argv => yargs;
