import {
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ClockReading } from '../../../domain/clock';
import { syncFolder } from '../../journal/files';
import { MarketDataError, MarketDataErrorCode } from '../errors';
import type { SymbolSpec } from '../source';
import type { News } from './news';

const syncData = promisify(fdatasync);

const FORMAT = 'ballast-mirror-1';
const FILE_NAME = /^mirror-(\d{8})\.ndjson$/;
/** A file of this size is followed by another, which begins with the whole books. */
const ROTATE_AFTER_BYTES = 4 * 1024 * 1024;
/** A disk that falls so far behind has failed. */
const MAX_QUEUE = 200_000;

/** Where a file begins: all that the lines after it need. */
export interface RecordHead {
  readonly specs: readonly SymbolSpec[];
  readonly books: readonly News[];
}

type Line =
  | { readonly kind: 'head'; readonly format: string; readonly specs: readonly SymbolSpec[] }
  | { readonly kind: 'clock'; readonly reading: ClockReading }
  | News;

/** What a record holds: the news of the last minutes, oldest first. */
export interface RecordContents {
  readonly specs: readonly SymbolSpec[];
  readonly clock: ClockReading | undefined;
  readonly news: readonly News[];
  readonly segments: readonly Segment[];
}

interface Segment {
  readonly generation: number;
  readonly path: string;
  /** Time of the newest news in it. */
  newestMs: number;
}

/**
 * The news that has moved a mirrored market, on disk: append-only files, each beginning with the whole books. Only the
 * last minutes are kept. `append` calls back once the line is on the disk; lines that arrive meanwhile share the next
 * sync.
 */
export class MirrorRecord {
  private queue: (
    { readonly line: string; readonly then: (() => void) | undefined } | { readonly head: string }
  )[] = [];
  private writing: Promise<void> | undefined;
  private fd: number | undefined;
  private segments: Segment[] = [];
  private bytes = 0;
  private failed = false;

  private constructor(
    private readonly dir: string,
    private readonly keepMs: number,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** @throws MarketDataError when a whole line cannot be read. */
  static read(dir: string): RecordContents | undefined {
    const files = segmentsOf(dir).map((file) => ({ ...file, lines: readLines(file.path) }));
    const lines = files.flatMap((file) => file.lines);
    const head = lines.findLast((line) => line.kind === 'head');
    if (head === undefined) return undefined;
    return {
      specs: head.specs,
      clock: lines.findLast((line) => line.kind === 'clock')?.reading,
      news: lines.filter(isNews),
      segments: files.map(({ generation, path, lines: own }) => ({
        generation,
        path,
        newestMs: own.findLast(isNews)?.timeMs ?? 0,
      })),
    };
  }

  /**
   * Opens the folder for writing, which nobody else may: the exchange's journal holds its lock. A new file begins.
   * @param contents what `read` found in the folder
   * @param onFailure called once when the disk fails; nothing is called back any more then.
   */
  static open(
    dir: string,
    contents: RecordContents | undefined,
    head: RecordHead,
    options: { readonly keepMs: number; readonly onFailure: (error: unknown) => void },
  ): MirrorRecord {
    mkdirSync(dir, { recursive: true });
    const record = new MirrorRecord(dir, options.keepMs, options.onFailure);
    record.segments = [...(contents?.segments ?? [])];
    record.begin(headText(head));
    return record;
  }

  append(line: News, then: () => void): void {
    const segment = this.segments.at(-1);
    if (segment !== undefined) segment.newestMs = line.timeMs;
    this.enqueue(line, then);
  }

  noteClock(reading: ClockReading): void {
    this.enqueue({ kind: 'clock', reading });
  }

  /** Has the file grown enough to be followed by another? */
  wantsRotation(): boolean {
    return this.bytes > ROTATE_AFTER_BYTES;
  }

  /** Begins another file after all that has been appended so far, which `head` must hold. */
  rotate(head: RecordHead): void {
    this.bytes = 0;
    this.queue.push({ head: headText(head) });
    this.write();
  }

  /** Resolves when all that has been appended is on the disk. */
  async close(): Promise<void> {
    while (this.writing !== undefined) await this.writing;
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private enqueue(line: Line, then?: () => void): void {
    const text = `${JSON.stringify(line)}\n`;
    this.bytes += text.length;
    this.queue.push({ line: text, then });
    if (this.queue.length > MAX_QUEUE) this.fail(new Error(`more than ${MAX_QUEUE} lines wait for the disk`));
    this.write();
  }

  private write(): void {
    if (this.failed || this.fd === undefined) return;
    this.writing ??= this.drain()
      .catch((cause: unknown) => {
        this.fail(cause);
      })
      .finally(() => {
        this.writing = undefined;
        // What came between the last look at the queue and now.
        if (this.queue.length > 0) this.write();
      });
  }

  private fail(cause: unknown): void {
    if (this.failed) return;
    this.failed = true;
    this.onFailure(
      new Error(`the emulator cannot record the mirrored market in ${this.dir}; check the disk`, { cause }),
    );
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue;
      this.queue = [];
      const done: (() => void)[] = [];
      let text = '';
      for (const entry of batch) {
        if ('line' in entry) {
          text += entry.line;
          if (entry.then !== undefined) done.push(entry.then);
          continue;
        }
        await this.flush(text);
        text = '';
        this.begin(entry.head);
      }
      await this.flush(text);
      for (const then of done) then();
    }
  }

  private async flush(text: string): Promise<void> {
    if (text === '' || this.fd === undefined) return;
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;)
      written += writeSync(this.fd, bytes, written, bytes.length - written);
    await syncData(this.fd);
  }

  /** Begins the next file and lets go of those that are older than what is kept. */
  private begin(head: string): void {
    const last = this.segments.at(-1);
    const generation = (last?.generation ?? 0) + 1;
    const path = segmentPath(this.dir, generation);
    const fd = openSync(path, 'wx');
    writeSync(fd, head);
    fsyncSync(fd);
    syncFolder(this.dir);
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = fd;
    const newestMs = last?.newestMs ?? 0;
    const kept = this.segments.filter((segment) => segment.newestMs >= newestMs - this.keepMs);
    for (const segment of this.segments) if (!kept.includes(segment)) rmSync(segment.path, { force: true });
    this.segments = [...kept, { generation, path, newestMs }];
  }
}

const isNews = (line: Line): line is News => line.kind !== 'head' && line.kind !== 'clock';

function headText({ specs, books }: RecordHead): string {
  const lines: Line[] = [{ kind: 'head', format: FORMAT, specs }, ...books];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function segmentPath(dir: string, generation: number): string {
  return join(dir, `mirror-${generation.toString().padStart(8, '0')}.ndjson`);
}

/** Oldest first. */
function segmentsOf(dir: string): Omit<Segment, 'newestMs'>[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .flatMap((name) => FILE_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
    .map((generation) => ({ generation, path: segmentPath(dir, generation) }));
}

/** The file's whole lines; what a crash has torn is cut off. */
function readLines(path: string): Line[] {
  const bytes = readFileSync(path);
  const validBytes = bytes.lastIndexOf(0x0a) + 1;
  if (validBytes < bytes.length) cut(path, validBytes);
  const lines = bytes.subarray(0, validBytes).toString('utf8').split('\n').slice(0, -1);
  return lines.map((line, index) => {
    try {
      const parsed = JSON.parse(line) as Line;
      if (index > 0 || (parsed.kind === 'head' && parsed.format === FORMAT)) return parsed;
    } catch {
      // Told below, with everything else that is no line of ours.
    }
    throw new MarketDataError(
      MarketDataErrorCode.InvalidData,
      `Line ${index + 1} of ${path} is damaged`,
      'Remove the file: it holds only the last minutes of mirrored prices; orders, fills and balances are in the journal.',
    );
  });
}

function cut(path: string, validBytes: number): void {
  const fd = openSync(path, 'r+');
  ftruncateSync(fd, validBytes);
  closeSync(fd);
}
