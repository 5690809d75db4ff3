import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Secrets of embedded services, readable by their owner only. Children and commands are told the file, not the value. */
export class KeyFolder {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Writes a secret. @returns its file. */
  keep(name: string, value: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, `${value}\n`, { mode: 0o600 });
    return file;
  }

  /** A secret made on first use and kept from then on. @returns its file. */
  generate(name: string): string {
    const file = join(this.folder, name);
    try {
      if (readFileSync(file, 'utf8').trim() !== '') return file;
    } catch {
      // Not made yet.
    }
    return this.keep(name, randomBytes(32).toString('hex'));
  }
}
