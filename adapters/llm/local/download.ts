import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../../domain/errors';

export interface DownloadOptions {
  readonly url: string;
  /** Where the file goes, once it is whole. */
  readonly path: string;
  readonly maxBytes: number;
  /** 64 hexadecimal digits; a file with another sum is thrown away. */
  readonly sha256?: string;
  readonly signal?: AbortSignal;
}

export interface Downloaded {
  readonly bytes: number;
  readonly sha256: string;
}

/** A server that sends nothing for this long has gone. */
const SILENCE_MS = 60_000;

/**
 * Downloads a file over HTTPS, or HTTP from this machine. It takes its place in one step, whole and checked; until then, and after a
 * failure, nothing is there. @throws UserError naming what is wrong
 */
export async function download(options: DownloadOptions): Promise<Downloaded> {
  const { url, path, maxBytes, sha256: wanted } = options;
  requireSafe(url);
  const silence = new AbortController();
  const signal = AbortSignal.any([silence.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const partial = `${path}.part`;
  let timer = setTimeout(() => undefined, 0);
  const hear = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silence.abort(new Error(`nothing was sent for ${SILENCE_MS / 1000} s`));
    }, SILENCE_MS);
  };
  try {
    hear();
    const response = await fetch(url, { signal });
    requireSafe(response.url);
    if (!response.ok || response.body === null)
      throw new UserError(`${url} answers ${response.status} ${response.statusText}.`);
    const told = Number(response.headers.get('content-length') ?? 0);
    if (told > maxBytes) throw tooLarge(url, maxBytes);
    await mkdir(dirname(path), { recursive: true });
    const hash = createHash('sha256');
    let bytes = 0;
    const counting = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hear();
        bytes += chunk.length;
        hash.update(chunk);
        done(bytes > maxBytes ? tooLarge(url, maxBytes) : null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body), counting, createWriteStream(partial), { signal });
    const sha256 = hash.digest('hex');
    if (wanted !== undefined && sha256 !== wanted.toLowerCase())
      throw new UserError(
        `What came from ${url} has the SHA-256 sum ${sha256}, not ${wanted}.`,
        'It was thrown away. Compare the sum with the one its publisher tells.',
      );
    await rename(partial, path);
    return { bytes, sha256 };
  } catch (error) {
    await rm(partial, { force: true });
    if (error instanceof UserError) throw error;
    const cause = (error as Error).cause;
    const why = cause instanceof Error ? cause.message : (error as Error).message;
    throw new UserError(
      `${url} could not be downloaded: ${why}`,
      'Nothing was kept. Try again, or download it yourself and add the file.',
    );
  } finally {
    clearTimeout(timer);
  }
}

const tooLarge = (url: string, maxBytes: number): UserError =>
  new UserError(`${url} is larger than ${maxBytes} bytes.`, 'Allow more with --max-gb.');

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function requireSafe(text: string): void {
  const url = URL.parse(text);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname))) return;
  throw new UserError(`${text} is not a URL to download a model from.`, 'It has to begin with https://');
}
