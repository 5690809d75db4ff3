import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ExchangeSnapshot } from '../accounts/state';
import type { ExchangeEvent } from '../engine/types';
import { encode } from './codec';
import {
  CLOCK_FILE,
  generations,
  JOURNAL_FORMAT,
  journalPath,
  readClock,
  readJournal,
  syncFolder,
  type JournalContents,
  type JournalHead,
  type JournalRecord,
  type SessionHeader,
} from './files';
import { lockFolder } from './lock';

const syncData = promisify(fdatasync);

/** A journal is rewritten as one snapshot when it has grown by this much, or by the size of its snapshot if larger. */
const COMPACT_AFTER_BYTES = 4 * 1024 * 1024;

export interface JournalOptions {
  /** Stamps each line: UTC milliseconds. */
  readonly wallMs?: () => number;
  /** Never rewritten, so that every line of the session stays readable; it grows without a bound. */
  readonly keepHistory?: boolean;
}

/**
 * The exchange's own record on disk: one file whose first line is a snapshot and whose other lines are what changed
 * since. `append` resolves when the line is on the disk; lines that arrive while a sync is under way share the next.
 */
export class Journal {
  private pending: string[] = [];
  private committing: Promise<void> | undefined;
  private failure: Error | undefined;
  private bytes = 0;
  /** How many lines have been appended, and how many of them are on the disk. */
  private appended = 0;
  private durable = 0;
  private notedMs = 0;
  private compactAt: number;
  private readonly wallMs: () => number;

  private constructor(
    private readonly dir: string,
    private generation: number,
    private fd: number,
    private readonly clockFd: number,
    private readonly release: () => void,
    { wallMs = Date.now, keepHistory = false }: JournalOptions,
  ) {
    this.wallMs = wallMs;
    this.compactAt = keepHistory ? Infinity : COMPACT_AFTER_BYTES;
  }

  /**
   * Opens the folder's journal, or begins one.
   * @param begin the session and the clock's position of a new journal; called only when there is none.
   * @returns the journal, and what it holds for the caller to replay.
   * @throws when another process writes to the folder or the record is damaged.
   */
  static open(
    dir: string,
    begin: () => Pick<JournalHead, 'session' | 'clockMs'>,
    options: JournalOptions = {},
  ): { journal: Journal; contents: JournalContents; clockMs: number } {
    mkdirSync(dir, { recursive: true });
    const release = lockFolder(dir);
    try {
      const contents = readJournal(dir) ?? beginJournal(dir, begin());
      const fd = openSync(journalPath(dir, contents.generation), 'r+');
      ftruncateSync(fd, contents.validBytes);
      fsyncSync(fd);
      const clockFd = openSync(join(dir, CLOCK_FILE), constants.O_RDWR | constants.O_CREAT);
      const recorded = contents.records.at(-1)?.clockMs ?? contents.head.clockMs;
      const clockMs = Math.max(recorded, readClock(dir) ?? 0);
      const journal = new Journal(dir, contents.generation, fd, clockFd, release, options);
      journal.bytes = contents.validBytes;
      for (const old of generations(dir).slice(1)) rmSync(journalPath(dir, old), { force: true });
      return { journal, contents, clockMs };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Writes down what one command, or one advance of the market to `clockMs`, changed. Resolves once it is on the disk. */
  append(clockMs: number, events: readonly ExchangeEvent[]): Promise<void> {
    this.pending.push(`${encode({ clockMs, wallMs: this.wallMs(), events } satisfies JournalRecord)}\n`);
    this.appended += 1;
    return this.settled();
  }

  /** Resolves once everything appended so far is on the disk; rejects once the disk has failed. */
  async settled(): Promise<void> {
    const wanted = this.appended;
    while (this.failure === undefined && this.durable < wanted) await (this.committing ?? this.commit());
    if (this.failure !== undefined) throw this.failure;
  }

  /** Is everything appended on the disk? */
  isSettled(): boolean {
    return this.durable === this.appended;
  }

  /**
   * Notes the market clock's position, up to which everything must be on the disk. The note survives the death of the
   * process, not that of the machine: after a power cut the market resumes from the last record.
   */
  noteClock(clockMs: number): void {
    if (clockMs <= this.notedMs) return;
    this.notedMs = clockMs;
    writeSync(this.clockFd, clockMs.toString().padEnd(CLOCK_WIDTH), 0);
  }

  /** Has the journal grown enough to be rewritten? */
  wantsCompaction(): boolean {
    return this.bytes > this.compactAt;
  }

  /** Rewrites the journal as one snapshot, which must hold everything appended so far. */
  compact(clockMs: number, session: SessionHeader, snapshot: ExchangeSnapshot): Promise<void> {
    const text = encode({ format: JOURNAL_FORMAT, session, clockMs, snapshot } satisfies JournalHead);
    const held = this.appended;
    this.pending = [];
    return this.inTurn(() => {
      const next = this.generation + 1;
      create(this.dir, next, text);
      closeSync(this.fd);
      rmSync(journalPath(this.dir, this.generation), { force: true });
      this.generation = next;
      this.fd = openSync(journalPath(this.dir, next), 'r+');
      this.bytes = Buffer.byteLength(text) + 1;
      this.compactAt = this.bytes + Math.max(COMPACT_AFTER_BYTES, this.bytes);
      this.durable = held;
    });
  }

  async close(): Promise<void> {
    try {
      await this.settled();
    } finally {
      closeSync(this.fd);
      closeSync(this.clockFd);
      this.release();
    }
  }

  /** Runs one piece of work on the file at a time; once one has failed, every later one fails with it. */
  private inTurn(work: () => void | Promise<void>): Promise<void> {
    const turn = (this.committing ?? Promise.resolve())
      .then(work)
      .catch((cause: unknown) => {
        this.failure ??= new Error(`the exchange cannot write its journal in ${this.dir}; check the disk`, {
          cause,
        });
        throw this.failure;
      })
      .finally(() => {
        if (this.committing === turn) this.committing = undefined;
      });
    this.committing = turn;
    return turn;
  }

  /** Writes the lines that are pending now; what is appended from here on, to a compacted file perhaps, comes after. */
  private commit(): Promise<void> {
    const bytes = Buffer.from(this.pending.join(''));
    const held = this.appended;
    this.pending = [];
    return this.inTurn(async () => {
      for (let done = 0; done < bytes.length;) {
        const written = writeSync(this.fd, bytes, done, bytes.length - done, this.bytes);
        done += written;
        this.bytes += written;
      }
      await syncData(this.fd);
      this.durable = held;
    });
  }
}

const CLOCK_WIDTH = 16;
const EMPTY: ExchangeSnapshot = { balances: [], orders: [], lists: [], trades: [] };

function beginJournal(dir: string, start: Pick<JournalHead, 'session' | 'clockMs'>): JournalContents {
  create(dir, 1, { format: JOURNAL_FORMAT, ...start, snapshot: EMPTY });
  const contents = readJournal(dir);
  if (contents === undefined) throw new Error(`the journal just begun in ${dir} cannot be read back`);
  return contents;
}

/** Writes a new generation under another name first, so that a journal file is always whole. */
function create(dir: string, generation: number, head: JournalHead | string): void {
  const path = journalPath(dir, generation);
  const draft = `${path}.draft`;
  const fd = openSync(draft, 'w');
  try {
    writeSync(fd, `${typeof head === 'string' ? head : encode(head)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
  syncFolder(dir);
}
