import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from './command.mjs';
import { withProgress } from './progress.mjs';

const answerWithinMs = 8_000;
const finishWithinMs = 180_000;

/** Where a network refuses, the next route should come soon: the answer has a short limit, the transfer a long one. */
async function request(url) {
  const aborter = new AbortController();
  const limit = setTimeout(() => aborter.abort(), answerWithinMs);
  try {
    const response = await fetch(url, { signal: aborter.signal });
    if (!response.ok) throw new Error(`answered ${response.status} ${response.statusText}`);
    return response;
  } catch (error) {
    if (aborter.signal.aborted)
      throw new Error(`no answer within ${answerWithinMs / 1000} s`, { cause: error });
    throw new Error(error.cause?.message ?? error.message, { cause: error });
  } finally {
    clearTimeout(limit);
  }
}

async function transfer(response, path) {
  try {
    await pipeline(Readable.fromWeb(response.body), createWriteStream(path), {
      signal: AbortSignal.timeout(finishWithinMs),
    });
  } catch (error) {
    throw new Error(
      error.name === 'AbortError' ? `not complete within ${finishWithinMs / 1000} s` : error.message,
      { cause: error },
    );
  }
}

/**
 * Downloads a Temporal program from where the SDK's own download gets it too.
 * @param {string} artifact `cli` or `temporal-test-server`
 * @param {string} version
 * @param {string} path where the program goes; its folder exists
 * @throws an Error of one line
 */
export async function downloadTemporalProgram(artifact, version, path) {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const info = await request(
    `https://temporal.download/${artifact}/v${version}?arch=${arch}&platform=${process.platform}&format=tar.gz`,
  );
  const { archiveUrl, fileToExtract } = await info.json();
  const folder = join(path, '..');
  const archive = join(folder, 'archive.tar.gz');
  await withProgress(`downloading ${artifact} ${version}`, async () => {
    await transfer(await request(archiveUrl), archive);
    await run('tar', ['-xzf', archive, '-C', folder, fileToExtract]);
  });
  rmSync(archive);
  renameSync(join(folder, fileToExtract), path);
}
