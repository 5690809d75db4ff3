import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServers, type Servers } from '../test/crash/harness/servers';
import { ArgumentError, parseBenchArguments } from './arguments';
import { entries } from './entries/all';
import type { BenchContext } from './entry';
import { writeJson } from './json-file';
import { toRecord, type NamedMeasurement } from './measurement';
import { report } from './report';
import { runSteadily, type SteadyRun } from './steady-run';

/**
 * `npm run bench -- [--only a,b] [--json FILE]`. Prints a table; a goal that is missed is said, and fails nothing: the
 * figures are for people to read and compare.
 * @returns the exit code: 0, or 2 when the arguments are wrong
 * @throws whatever kept an entry from being measured
 */
export async function runBench(args: readonly string[]): Promise<number> {
  try {
    const names = entries.map(({ name }) => name);
    const { only, jsonFile } = parseBenchArguments(args, names);
    const measurements = await measureAll(only);
    process.stdout.write(`${report(measurements)}\n`);
    if (jsonFile !== undefined) writeJson(jsonFile, toRecord(measurements));
    return 0;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

async function measureAll(only: readonly string[]): Promise<readonly NamedMeasurement[]> {
  const { context, close } = createContext();
  const measurements: NamedMeasurement[] = [];
  try {
    for (const { name, measure } of entries.filter((entry) => only.includes(entry.name))) {
      context.progress(`measuring ${name} …`);
      measurements.push(...(await measure(context)));
    }
  } finally {
    await close();
  }
  return measurements;
}

/** Whatever entries share is made when the first of them asks for it. */
function createContext(): { readonly context: BenchContext; readonly close: () => Promise<void> } {
  const root = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  let servers: Promise<Servers> | undefined;
  let steadyRun: Promise<SteadyRun> | undefined;
  const folder = (name: string): string => {
    const path = join(root, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const progress = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const context: BenchContext = {
    servers: () => (servers ??= startServers()),
    folder,
    steadyRun: () => (steadyRun ??= runSteadily(folder('steady'), progress)),
    progress,
  };
  const close = async (): Promise<void> => {
    await (await servers)?.close();
    rmSync(root, { recursive: true, force: true });
  };
  return { context, close };
}
