import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../../domain/errors';

/** The first four bytes of every GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). */
const MAGIC = 'GGUF';
/** Versions of the format that llama.cpp still reads. */
const VERSIONS = [2, 3];

/** @throws UserError when the file is not there, or is no GGUF */
export async function requireGguf(path: string): Promise<void> {
  const head = Buffer.alloc(8);
  let bytesRead: number;
  try {
    const file = await open(path, 'r');
    try {
      ({ bytesRead } = await file.read(head, 0, 8, 0));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new UserError(
      `The model ${path} cannot be read: ${(error as Error).message}`,
      'Name a GGUF file in models.available, or add one with: ballast model add FILE|URL',
    );
  }
  const version = head.readUInt32LE(4);
  if (bytesRead === 8 && head.toString('latin1', 0, 4) === MAGIC && VERSIONS.includes(version)) return;
  const found =
    head.toString('latin1', 0, 4) === MAGIC ? `a GGUF of version ${version}` : 'something that is no GGUF';
  throw new UserError(
    `The model ${path} is ${found}.`,
    'Models have to be GGUF files of version 2 or 3; on Hugging Face look for repositories whose name ends with -GGUF.',
  );
}

/** Of a file of any size, in 64 hexadecimal digits. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
