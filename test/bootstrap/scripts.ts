import { spawn } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../..');

/** A module of scripts/lib, which is plain JavaScript: the caller states the shape it relies on. */
export async function loadScript<Module>(name: string): Promise<Module> {
  return (await import(join(root, 'scripts/lib', name))) as Module;
}

export interface ScriptEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a module of the given text in a Node of its own; it imports scripts as `lib/…`. */
export function runModule(text: string, env: Readonly<Record<string, string>> = {}): Promise<ScriptEnd> {
  const source = text.replaceAll("'lib/", `'${join(root, 'scripts/lib')}/`);
  return runNode(['--input-type=module', '-e', source], env);
}

export function runNode(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ScriptEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
