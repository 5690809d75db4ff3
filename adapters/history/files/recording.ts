import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { UserError } from '../../../domain/errors';

/** Lines of `<local nanoseconds> <json>`, as tools that record Binance's streams write them. */
const LINE = /^(\d{19}) \{/;
const NS_PER_MS = 1_000_000n;

/** True when this could be the beginning of a recorded order book. */
export const looksLikeRecording = (firstLine: string): boolean => LINE.test(firstLine);

export interface RecordingRange {
  readonly lines: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Reads through a recording for its range. Its content is checked when it is played. @throws UserError for a line without a time */
export async function measureRecording(path: string): Promise<RecordingRange> {
  const file = createReadStream(path);
  const unpacked = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => unpacked.destroy(error));
  let lines = 0;
  let [firstMs, lastMs] = [Infinity, -Infinity];
  for await (const line of createInterface({ input: unpacked, crlfDelay: Infinity })) {
    lines += 1;
    const [, nanoseconds] = LINE.exec(line) ?? [];
    if (nanoseconds === undefined)
      throw new UserError(
        `${path}, line ${lines}: "${line.slice(0, 40)}" does not begin with a time in nanoseconds and a message.`,
        'Correct or remove the line, or leave the file out. Nothing has been imported.',
      );
    const timeMs = Number(BigInt(nanoseconds) / NS_PER_MS);
    firstMs = Math.min(firstMs, timeMs);
    lastMs = Math.max(lastMs, timeMs);
  }
  return { lines, firstMs, lastMs };
}
