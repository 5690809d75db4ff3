import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const defaultMaxBytes = 10 * 1024 * 1024;
const keptFiles = 3;
const tailLines = 20;

/** A log file that is set aside when it has grown too large: `x.log`, then `x.log.1` and so on, the oldest is dropped. */
export class RotatingLog {
  private descriptor: number;
  private bytes: number;
  private lastOutput = '';

  constructor(
    readonly path: string,
    private readonly maxBytes = defaultMaxBytes,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    this.descriptor = openSync(path, 'a');
    this.bytes = fstatSync(this.descriptor).size;
  }

  write(chunk: Buffer | string): void {
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (this.bytes > 0 && this.bytes + data.length > this.maxBytes) this.rotate();
    writeSync(this.descriptor, data);
    this.bytes += data.length;
    this.lastOutput = (this.lastOutput + data.toString('utf8'))
      .split('\n')
      .slice(-tailLines - 1)
      .join('\n');
  }

  /** The last lines written by this process, for explaining a failure. */
  tail(lines: number): string {
    return this.lastOutput.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Forgets the tail: what follows belongs to another run. */
  mark(): void {
    this.lastOutput = '';
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private rotate(): void {
    closeSync(this.descriptor);
    for (let index = keptFiles - 1; index >= 0; index -= 1) {
      const from = index === 0 ? this.path : `${this.path}.${index}`;
      try {
        renameSync(from, `${this.path}.${index + 1}`);
      } catch {
        // Not that many yet.
      }
    }
    this.descriptor = openSync(this.path, 'a');
    this.bytes = 0;
  }
}
