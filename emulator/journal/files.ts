import { closeSync, fsyncSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExchangeSnapshot } from '../accounts/state';
import type { ExchangeEvent } from '../engine/types';
import type { MarketMode, SymbolSpec } from '../market/source';
import { decode } from './codec';

/** What a session is: fixed when the journal is created. */
export interface SessionHeader {
  readonly sessionId: string;
  readonly mode: MarketMode;
  readonly symbols: readonly SymbolSpec[];
  /** Made-up news move the market; absent when they do not. */
  readonly news?: true;
}

/** The first line of every journal file. */
export interface JournalHead {
  readonly format: typeof JOURNAL_FORMAT;
  readonly session: SessionHeader;
  readonly clockMs: number;
  readonly snapshot: ExchangeSnapshot;
}

/** Every other line: what one command, or one advance of the market up to `clockMs`, changed. Applied whole or not at all. */
export interface JournalRecord {
  readonly clockMs: number;
  /** Wall time of the line in UTC milliseconds; journals of earlier versions do not have it. */
  readonly wallMs?: number;
  readonly events: readonly ExchangeEvent[];
}

export interface JournalContents {
  readonly head: JournalHead;
  readonly records: readonly JournalRecord[];
  readonly generation: number;
  /** Bytes up to the end of the last whole line; what follows was torn by a crash. */
  readonly validBytes: number;
}

export const JOURNAL_FORMAT = 'ballast-exchange-1';
export const CLOCK_FILE = 'clock';
const FILE_NAME = /^journal-(\d{8})\.ndjson$/;

export function journalPath(dir: string, generation: number): string {
  return join(dir, `journal-${generation.toString().padStart(8, '0')}.ndjson`);
}

/** Makes a rename or a creation in `dir` durable. */
export function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Journal generations in the folder, newest first. */
export function generations(dir: string): number[] {
  return readdirSync(dir)
    .flatMap((name) => FILE_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

/**
 * Reads the newest generation, without its torn last line if there is one.
 * @returns undefined when the folder has no journal.
 * @throws when a whole line cannot be read: the record is damaged, not torn.
 */
export function readJournal(dir: string): JournalContents | undefined {
  const generation = generations(dir)[0];
  if (generation === undefined) return undefined;
  const path = journalPath(dir, generation);
  const bytes = readFileSync(path);
  const validBytes = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, validBytes).toString('utf8').split('\n').slice(0, -1);
  const parsed = lines.map((line, index) => {
    try {
      return decode(line);
    } catch (cause) {
      throw new Error(
        `line ${index + 1} of ${path} is damaged; restore the folder from a copy or start a new session`,
        { cause },
      );
    }
  });
  const [head, ...records] = parsed as [JournalHead | undefined, ...JournalRecord[]];
  if (head?.format !== JOURNAL_FORMAT) {
    throw new Error(
      `${path} is not a journal of this version (${JOURNAL_FORMAT}); start a new session in another folder`,
    );
  }
  return { head, records, generation, validBytes };
}

/** The market clock's last noted position, or undefined. It is newer than the records when nothing has happened since. */
export function readClock(dir: string): number | undefined {
  try {
    const timeMs = Number(readFileSync(join(dir, CLOCK_FILE), 'utf8'));
    return Number.isSafeInteger(timeMs) && timeMs > 0 ? timeMs : undefined;
  } catch {
    return undefined;
  }
}
