import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { provideCached } from './cache.mjs';
import { findOnPath, isExecutable, run } from './command.mjs';
import { downloadTemporalProgram } from './download.mjs';
import { say, withProgress } from './progress.mjs';
import { cacheFolder } from './project.mjs';
import { firstRoute } from './routes.mjs';

const version = '1.5.1';
const oldestUsable = [1, 5, 0];
const cacheName = `temporal-cli-${version}`;
const goInstallLimitMs = 30 * 60_000;

/** The Temporal CLI, whose `server start-dev` is the dev server with its Web UI. */
export function provideTemporalCli() {
  return firstRoute(
    `The Temporal dev server (Temporal CLI ${version})`,
    [
      { name: '`temporal` on PATH', get: fromPath },
      { name: 'the cache', get: async () => [join(cacheFolder(), cacheName, 'temporal')].find(isExecutable) },
      {
        name: 'download',
        get: () => intoCache((into) => downloadTemporalProgram('cli', version, join(into, 'temporal'))),
      },
      { name: 'Go module proxy', get: () => intoCache(buildWithGo) },
    ],
    'install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH, or install Go 1.24 or later, or set BALLAST_TEMPORAL_CLI to the program, then run the command again.',
  );
}

async function fromPath() {
  const path = findOnPath('temporal');
  if (path === undefined) return undefined;
  const found = await run(path, ['--version'], { timeoutMs: 20_000 });
  if (isUsableVersion(found)) return path;
  throw new Error(
    `${path} is too old (${found.trim()}), ${oldestUsable.join('.')} is the oldest that will do`,
  );
}

/** @param {string} text such as `temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)` */
export function isUsableVersion(text) {
  const found = /version v?(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number);
  if (!found) return false;
  const difference = found.map((part, index) => part - oldestUsable[index]).find((part) => part !== 0) ?? 0;
  return difference >= 0;
}

async function intoCache(install) {
  const folder = await provideCached(cacheName, async (into) => {
    await install(into);
    chmodSync(join(into, 'temporal'), 0o755);
    await run(join(into, 'temporal'), ['--version'], { timeoutMs: 60_000 });
  });
  return join(folder, 'temporal');
}

async function buildWithGo(into) {
  if (findOnPath('go') === undefined) throw new Error('Go is not installed');
  say(
    'ballast: no download of the Temporal CLI here; building it with Go takes four to eight minutes on two cores, once',
  );
  await withProgress(`building the Temporal CLI ${version}`, () =>
    run('go', ['install', `github.com/temporalio/cli/cmd/temporal@v${version}`], {
      cwd: dirname(into),
      env: { ...process.env, GOBIN: into, GOFLAGS: '' },
      timeoutMs: goInstallLimitMs,
    }),
  );
}
