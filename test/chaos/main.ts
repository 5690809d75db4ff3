import { execFileSync } from 'node:child_process';
import { processEnvironment } from '../../config/environment';
import { startServers } from '../crash/harness/servers';
import { explain } from './chronicle';
import { BadArgument, readOptions } from './options';
import { ChaosRun } from './run';
import { wholeRun } from './whole-run';

/** Exit codes: a good run, one that was not, arguments that make no sense. */
const Exit = { Good: 0, NotGood: 1, BadArguments: 2 } as const;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<number> {
  const options = readOptions(processEnvironment().args);
  // Read now: by the end of a long run the folder may hold other code.
  const commit = commitOf();
  const surprise = uncaught();
  const servers = await Promise.race([startServers(undefined, 'ballast-chaos-'), surprise]);
  const good = await wholeRun(options, {
    servers,
    open: (chronicle) => ChaosRun.open(servers, options, chronicle, print),
    commit,
    print,
    surprises: [surprise],
  });
  return good ? Exit.Good : Exit.NotGood;
}

/** Rejects with the first error that nobody waits for: it ends the run as any other does, and not the process before it is told. */
function uncaught(): Promise<never> {
  const surprise = new Promise<never>((_, reject) => {
    process.on('uncaughtException', reject);
  });
  surprise.catch((error: unknown) => {
    print(`Nobody waited for: ${explain(error)}`);
  });
  return surprise;
}

/** What was run, or null outside of a clone. */
function commitOf(): string | null {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: __dirname, encoding: 'utf8' }).trim();
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  } catch {
    return null;
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof BadArgument ? error.message : explain(error)}\n`);
    process.exit(error instanceof BadArgument ? Exit.BadArguments : Exit.NotGood);
  },
);
