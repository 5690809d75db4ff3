#!/usr/bin/env node
import './compile-cache';
import yargs from 'yargs';
import { UserError } from '../domain/errors';
import { processEnvironment } from '../config/environment';
import { allCommands } from './commands/all';
import { ExitCode } from './exit-code';
import { JSON_OPTION } from './command';
import { describeFailure } from './failure';
import { hasPrintedResult } from './output';

/** What the command line itself gets wrong. */
class CommandLineError extends UserError {}

const EPILOGUE = `Exit codes: 0 done, 1 failed, 2 wrong command line or configuration (nothing has been done),
3 a service does not answer, 4 refused because it is not safe or not possible now.`;

function commandLine(args: readonly string[]) {
  return (
    yargs([...args])
      .scriptName('ballast')
      .usage(
        '$0 <command> [options]\n\nTrades crypto durably: every cycle, order and position is a workflow.',
      )
      .option('config', {
        type: 'string',
        requiresArg: true,
        describe: 'Your configuration file; else ./ballast.yaml',
      })
      .option('profile', {
        type: 'string',
        requiresArg: true,
        describe: 'dev (default), paper, testnet or live',
      })
      // Not global: every command declares its own, and some take a file.
      .option('json', { type: 'boolean', global: false, describe: JSON_OPTION })
      .option('verbose', { type: 'boolean', default: false, describe: 'Show stack traces of errors' })
      .command([...allCommands])
      .completion('completion', 'Print a completion script for your shell')
      .demandCommand(1, 'Which command? See: ballast --help')
      .recommendCommands()
      .strict()
      .parserConfiguration({ 'greedy-arrays': false })
      .wrap(Math.min(110, process.stdout.columns || 100))
      .epilogue(EPILOGUE)
      .version(false)
      .help()
      .alias('help', 'h')
      .exitProcess(false)
      .fail((message: string | null, error: Error | undefined) => {
        // yargs suggests a like command without saying that this one is unknown.
        const text =
          message?.replace(/^Did you mean/, 'There is no such command. Did you mean') ??
          'The command line is wrong.';
        // Of an option without its value yargs makes an error of its own as well.
        throw error === undefined || error.name === 'YError'
          ? new CommandLineError(text, 'See: ballast --help')
          : error;
      })
  );
}

async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    await commandLine(args).parseAsync();
    return ExitCode.Ok;
  } catch (error) {
    const { exitCode, message, hint } = describeFailure(error);
    const verbose = args.includes('--verbose');
    const stack = verbose && error instanceof Error ? `${error.stack ?? ''}\n` : '';
    if (args.includes('--json') && !hasPrintedResult())
      process.stdout.write(`${JSON.stringify({ error: message, hint, exitCode })}\n`);
    process.stderr.write(`${stack}ballast: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`);
    return exitCode;
  }
}

// Whoever reads our output may have seen enough (`ballast orders | head`): what is under way goes on without it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// The exit is explicit: a client library's stray timer must not keep a finished command alive.
void main(processEnvironment().args).then((code) => process.exit(code));
