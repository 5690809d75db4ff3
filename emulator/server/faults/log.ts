import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultKind } from './request';

/** One strike, as it was written down. */
export interface FaultStrike {
  readonly wallTimeMs: number;
  readonly marketTimeMs: number;
  readonly faultId: string;
  readonly kind: FaultKind;
  /** `METHOD /path`, `ws:…`, or the symbol that the exchange acted on. */
  readonly endpoint: string;
  readonly clientOrderId: string | null;
}

const FILE_NAME = 'faults.ndjson';
/** So many strikes are kept in memory; the file has all. */
const MAX_SHOWN = 10_000;

export const faultLogPath = (journalDir: string): string => join(journalDir, FILE_NAME);

/** Every strike of the session, oldest first, of an emulator that is running or of one that was killed. */
export function readFaultLog(journalDir: string): readonly FaultStrike[] {
  return wholeLines(faultLogPath(journalDir)).map((line) => JSON.parse(line) as FaultStrike);
}

/** Writes strikes down as they happen, so that what was done to whom outlives the process. */
export class FaultLog {
  private shown: FaultStrike[];

  constructor(private readonly path: string) {
    const lines = wholeLines(path);
    // A line torn by a kill would spoil the next one.
    if (existsSync(path)) truncateSync(path, Buffer.byteLength(lines.map((line) => `${line}\n`).join('')));
    this.shown = lines.slice(-MAX_SHOWN).map((line) => JSON.parse(line) as FaultStrike);
  }

  /** The newest strikes, oldest first. */
  entries(): readonly FaultStrike[] {
    return this.shown;
  }

  add(strike: FaultStrike): void {
    this.shown.push(strike);
    if (this.shown.length > 2 * MAX_SHOWN) this.shown = this.shown.slice(-MAX_SHOWN);
    appendFileSync(this.path, `${JSON.stringify(strike)}\n`);
  }
}

function wholeLines(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}
