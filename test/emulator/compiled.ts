import { transformSync, type Options } from '@swc/core';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const root = join(__dirname, '../..');
const swcOptions = createRequire(__filename)('../../scripts/lib/swc-options.cjs') as Options;

const running = new Set<ChildProcess>();

/**
 * Compiles the emulator and these tests' helpers, as they are now, to a folder where a plain `node` runs them.
 * @returns the folder, laid out like the project; remove it with `removeCompiled`.
 */
export function compileEmulator(): string {
  const out = join(root, 'node_modules/.cache/ballast', `emulator-${process.pid}-${Date.now()}`);
  const files = ['domain', 'emulator', 'adapters/exchange', 'test/emulator'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((file) => join(room, file)),
  );
  for (const file of [...files, 'cli/run-emulator.ts', 'cli/open-live.ts']) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const path = join(out, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(path), { recursive: true });
    const filename = join(root, file);
    writeFileSync(
      path,
      transformSync(readFileSync(filename, 'utf8'), { ...swcOptions, swcrc: false, filename }).code,
    );
  }
  return out;
}

/** Removes the folder, and ends what a failed test has left running. */
export function removeCompiled(dir: string): void {
  for (const child of running) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}

export interface EmulatorProcess {
  readonly child: ChildProcess;
  readonly url: string;
  readonly wsUrl: string;
  readonly apiKey: string;
  readonly secret: string;
  readonly sessionId: string;
  /** Ends it with the signal and resolves with its exit code (null after a SIGKILL). */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

/** Starts an emulator on the wave market as a process of its own and waits until it answers. */
export async function spawnEmulator(
  dir: string,
  options: {
    readonly journalDir: string;
    readonly port: number;
    readonly speed: number | 'max';
    readonly paused?: boolean;
  },
): Promise<EmulatorProcess> {
  return spawnProgram(join(dir, 'test/emulator/wave-process.js'), options);
}

/** Starts a program that runs an emulator with `options`, and waits until it answers. */
export async function spawnProgram(path: string, options: object): Promise<EmulatorProcess> {
  const child = spawn(process.execPath, [path, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.once('exit', () => running.delete(child));
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const ready = new Promise<Omit<EmulatorProcess, 'child' | 'end'>>((resolve) => {
    createInterface({ input: child.stdout }).once('line', (line) => {
      resolve(JSON.parse(line) as Omit<EmulatorProcess, 'child' | 'end'>);
    });
  });
  const failed = exited.then((code) => {
    throw new Error(`the emulator exited with ${String(code)} before it was ready: ${errors.join(' ')}`);
  });
  const info = await Promise.race([ready, failed]);
  return {
    ...info,
    child,
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}
