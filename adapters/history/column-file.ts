import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { BarColumns } from '../../domain/bar-columns';

/**
 * Bars in a file that is read at once, without a look at any of them:
 *
 * | bytes            | what                                                                                     |
 * | ---------------- | ---------------------------------------------------------------------------------------- |
 * | 0–7              | `BLSTBARS`                                                                               |
 * | 8–11             | version, 1                                                                               |
 * | 12–15            | length of the header below, filled up with spaces so that the columns begin on 8 bytes   |
 * | 16–19            | CRC-32 of everything behind byte 24                                                      |
 * | 20–23            | 0x01020304 in the byte order of the machine that wrote it, which is that of the columns |
 * | from 24          | header, JSON: `{"length", "stamp", "series"}`                                            |
 * | behind           | openTimeMs, open, high, low, close, volume: `length` doubles each                        |
 */
const MAGIC = 'BLSTBARS';
const VERSION = 1;
const PREFIX_BYTES = 24;
const BYTE_ORDER = 0x01_02_03_04;
const COLUMNS = ['openTimeMs', 'open', 'high', 'low', 'close', 'volume'] as const;
/** Bytes from 24 to the first column, so that a `Float64Array` can begin there. */
const ALIGNMENT = Float64Array.BYTES_PER_ELEMENT;

const headerSchema = z.object({ length: z.int().min(0), stamp: z.string(), series: z.string() });
type Header = z.infer<typeof headerSchema>;

/** A file that is not, or no longer, what was written. */
export class ColumnFileError extends Error {
  override readonly name = 'ColumnFileError';
}

export interface ColumnFile {
  readonly bars: BarColumns;
  /** Says which content these bars are; see `SeriesInfo.stamp`. */
  readonly stamp: string;
}

/** Puts the file in its place in one step: whoever reads meanwhile reads the old one. */
export function writeColumnFile(path: string, series: string, { bars, stamp }: ColumnFile): void {
  const json = JSON.stringify({ length: bars.length, stamp, series } satisfies Header);
  const bytes = Buffer.byteLength(json);
  const header = Buffer.from(json + ' '.repeat((ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT));
  const parts = [header, ...COLUMNS.map((name) => bytesOf(bars[name]))];
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, 'latin1');
  prefix.writeUInt32LE(VERSION, 8);
  prefix.writeUInt32LE(header.length, 12);
  prefix.writeUInt32LE(
    parts.reduce((sum, part) => crc32(part, sum), 0),
    16,
  );
  new Uint32Array(prefix.buffer, prefix.byteOffset, PREFIX_BYTES / 4)[5] = BYTE_ORDER;

  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  try {
    const file = openSync(temporary, 'w');
    try {
      for (const part of [prefix, ...parts]) writeAll(file, part);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * @returns undefined when there is no file
 * @throws ColumnFileError when it is not whole, or was written by another version or kind of machine
 */
export function readColumnFile(path: string, series: string): ColumnFile | undefined {
  const content = readWhole(path);
  if (content === undefined) return undefined;
  if (content.length < PREFIX_BYTES) throw new ColumnFileError('it is cut off');
  if (content.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw new ColumnFileError('it is no file of columns');
  const version = content.readUInt32LE(8);
  if (version !== VERSION) throw new ColumnFileError(`it is of version ${version}, not ${VERSION}`);
  if (new Uint32Array(content.buffer, 20, 1)[0] !== BYTE_ORDER)
    throw new ColumnFileError('it was written by a machine of another byte order');
  if (crc32(content.subarray(PREFIX_BYTES)) !== content.readUInt32LE(16))
    throw new ColumnFileError('its checksum is wrong');
  const columnsAt = PREFIX_BYTES + content.readUInt32LE(12);
  const header = readHeader(content.subarray(PREFIX_BYTES, columnsAt));
  if (header.series !== series)
    throw new ColumnFileError(`it holds ${header.series} in the place of ${series}`);
  const { length, stamp } = header;
  if (content.length !== columnsAt + COLUMNS.length * length * Float64Array.BYTES_PER_ELEMENT)
    throw new ColumnFileError('it is not as long as it says');
  const column = (index: number): Float64Array =>
    new Float64Array(content.buffer, columnsAt + index * length * Float64Array.BYTES_PER_ELEMENT, length);
  const [openTimeMs, open, high] = [column(0), column(1), column(2)];
  return {
    bars: { length, openTimeMs, open, high, low: column(3), close: column(4), volume: column(5) },
    stamp,
  };
}

function readHeader(bytes: Buffer): Header {
  try {
    return headerSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    throw new ColumnFileError('its header cannot be read');
  }
}

/** In a buffer of its own, from whose beginning the columns are aligned. */
function readWhole(path: string): Buffer<ArrayBuffer> | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    const content = Buffer.allocUnsafeSlow(size);
    let at = 0;
    while (at < size) {
      const count = readSync(file, content, at, size - at, at);
      if (count === 0) throw new ColumnFileError('it is cut off');
      at += count;
    }
    return content;
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, part: Uint8Array): void {
  for (let at = 0; at < part.length;) at += writeSync(file, part, at, part.length - at);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
