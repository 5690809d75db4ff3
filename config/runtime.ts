import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({
  /** Of the process that supervises everything; when it is gone, so is the rest. */
  pid: z.int(),
  startedAtMs: z.int(),
  /** The folder that relative paths in `settings` are relative to. */
  cwd: z.string(),
  /** Every layer merged, and where the embedded services are. No secrets: those stay in files or the environment. */
  settings: z.record(z.string(), z.unknown()),
  /** Secrets which only the environment knows, as paths like `exchange.apiKey`. */
  environmentSecrets: z.array(z.string()),
  /** One line for people: where prices come from. */
  market: z.string(),
  emulatorUrl: z.string().nullable(),
});

/**
 * What a running `ballast up` tells its child processes and other commands: the configuration as it was when it
 * started, so that nobody mixes two versions of a file that is edited meanwhile.
 */
export type RuntimeRecord = Readonly<z.infer<typeof recordSchema>>;

export const runtimeFile = (stateDir: string): string => join(stateDir, 'runtime.json');

/** Replaces the record in one step, readable by its owner only. */
export function writeRuntime(file: string, record: RuntimeRecord): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, file);
}

export const removeRuntime = (file: string): void => {
  rmSync(file, { force: true });
};

/** The record, or undefined when there is none or it cannot be read. */
export function readRuntime(file: string): RuntimeRecord | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** True while the process that wrote the record is there. */
export function isAlive(record: Pick<RuntimeRecord, 'pid'>): boolean {
  try {
    process.kill(record.pid, 0);
    return true;
  } catch (error) {
    // The process is there and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
