import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { processEnvironment } from '../../config/environment';
import { startServers, type Servers } from '../crash/harness/servers';
import { explain } from './chronicle';
import { describeGoal } from './goals';
import { BadArgument, readOptions, type ChaosOptions } from './options';
import { isGood, reportOf, writeFolder, writeJson } from './report';
import { ChaosRun } from './run';

/** Exit codes: a good run, one that was not, arguments that make no sense. */
const Exit = { Good: 0, NotGood: 1, BadArguments: 2 } as const;

/** Beyond the minutes of the run, whatever hangs: its children end with it. */
const GRACE_MS = 3 * 60_000;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<number> {
  const options = readOptions(processEnvironment().args);
  const servers = await startServers(undefined, 'ballast-chaos-');
  const watch = setTimeout(
    () => {
      print(`The run does not end by itself; see ${servers.folder}`);
      process.exit(Exit.NotGood);
    },
    options.minutes * 60_000 + GRACE_MS,
  );
  try {
    return await play(servers, options);
  } finally {
    clearTimeout(watch);
  }
}

async function play(servers: Servers, options: ChaosOptions): Promise<number> {
  // Others may move the clone on while the run lasts.
  const started = commit();
  let run: ChaosRun | undefined;
  let good = false;
  try {
    run = await ChaosRun.open(servers, options, print);
    await run.play();
    const outcome = await run.finish();
    const report = reportOf(options, run, outcome, started);
    good = isGood(report, options.strict);
    if (options.json !== null) writeJson(options.json, report);
    if (!good || options.keep) await writeFolder(servers.folder, options, run, outcome, report);
    print(JSON.stringify(report, null, 2));
    for (const goal of report.goals) print(describeGoal(goal));
    for (const { kind, text } of outcome.verdict.differences) print(`${kind}: ${text}`);
  } catch (error) {
    print(`The run failed: ${explain(error)}`);
  } finally {
    await close(servers, run, !good || options.keep);
  }
  if (!good || options.keep) print(`${good ? 'Kept' : 'Not good; see'} ${servers.folder}`);
  return good ? Exit.Good : Exit.NotGood;
}

/** Closes what is still there; a server that does not answer any more must not keep the run from ending. */
async function close(servers: Servers, run: ChaosRun | undefined, keep: boolean): Promise<void> {
  const closing = run === undefined ? Promise.resolve() : run.world.close();
  await closing.catch((error: unknown) => {
    print(`Closing: ${explain(error)}`);
  });
  await servers.close({ keep });
  if (keep) rmSync(join(servers.folder, 'postgres'), { recursive: true, force: true });
}

/** What was run, or null outside of a clone. */
function commit(): string | null {
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
