import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { withLock } from './lock.mjs';
import { say } from './progress.mjs';
import { root, SetupError } from './project.mjs';
import { slimBundle } from './workflow-bundle.mjs';

const require = createRequire(import.meta.url);
const swcOptions = require('./swc-options.cjs');

const distFolder = join(root, 'dist');
const stampPath = join(distFolder, '.build.json');
/** Top-level folders that hold no code of the running system. */
const notRooms = [
  'bench',
  'coverage',
  'deploy',
  'dist',
  'docs',
  'node_modules',
  'scripts',
  'strategies',
  'test',
];
/** What can change the output without a change of the sources. */
const toolFiles = [
  'scripts/lib/build.mjs',
  'scripts/lib/swc-options.cjs',
  'scripts/lib/workflow-bundle.mjs',
  'package-lock.json',
];
const bundleEntry = 'workflows/index.ts';
const bundleRooms = ['workflows/', 'domain/'];
const bundleOutput = 'workflow-bundle.js';

/**
 * Compiles every room's TypeScript to dist/ in the same layout, copies the other files beside it, and bundles the
 * workflows. Only what has changed is done; when nothing has, that is known within milliseconds. Each file is replaced
 * in one step, so that a system running from dist/ never reads half of one.
 */
export async function build() {
  const sources = hashSources();
  if (isUpToDate(readStamp(), sources)) return;
  await withLock(join(distFolder, '.build.lock'), async () => {
    const before = readStamp();
    if (isUpToDate(before, sources)) return;
    const startedAt = Date.now();
    const fresh = before.tools === sources.tools ? before.files : {};
    const changed = Object.keys(sources.files).filter((file) => fresh[file] !== sources.files[file]);
    for (const file of Object.keys(before.files).filter((known) => !(known in sources.files)))
      removeOutput(file);
    await Promise.all(changed.map(emit));
    if (before.bundle !== sources.bundle) await bundleWorkflows(sources.bundle.slice(0, 16));
    replaceFile(stampPath, JSON.stringify(sources));
    say(`ballast: compiled ${changed.length} files in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  });
}

/** @returns {{tools: string, files: Record<string, string>, bundle: string}} content hashes */
function hashSources() {
  const hash = (...parts) =>
    parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest('base64url');
  const rooms = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !notRooms.includes(entry.name),
  );
  const files = {};
  for (const file of rooms.flatMap((room) => listFiles(room.name)).sort())
    files[file] = hash(readFileSync(join(root, file)));
  const tools = hash(...toolFiles.map((file) => readFileSync(join(root, file))));
  const bundled = Object.entries(files).filter(([file]) => bundleRooms.some((room) => file.startsWith(room)));
  return { tools, files, bundle: hash(tools, JSON.stringify(bundled)) };
}

function listFiles(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return listFiles(path);
    return entry.name.endsWith('.md') || entry.name.endsWith('.d.ts') ? [] : [path];
  });
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampPath, 'utf8'));
  } catch {
    return { tools: '', files: {}, bundle: '' };
  }
}

/** Old outputs that are no longer wanted count too, hence both directions. */
function isUpToDate(stamp, sources) {
  return JSON.stringify(stamp) === JSON.stringify(sources);
}

function outputOf(file) {
  return join(distFolder, file.replace(/\.ts$/, '.js'));
}

async function emit(file) {
  const output = outputOf(file);
  mkdirSync(dirname(output), { recursive: true });
  const source = join(root, file);
  if (!file.endsWith('.ts')) {
    replaceFile(output, readFileSync(source));
    return;
  }
  const { code, map } = await compile(source, file);
  const mapName = `${output}.map`;
  replaceFile(mapName, map);
  replaceFile(output, `${code}//# sourceMappingURL=${mapName.slice(dirname(output).length + 1)}\n`);
}

async function compile(source, file) {
  const { transform } = require('@swc/core');
  try {
    return await transform(readFileSync(source, 'utf8'), {
      ...swcOptions,
      swcrc: false,
      filename: source,
      sourceMaps: true,
      sourceFileName: source,
    });
  } catch (error) {
    const [explanation] = error.message.split('Caused by:');
    throw new SetupError(`${file} does not compile.\n${explanation.trim()}`);
  }
}

function removeOutput(file) {
  rmSync(outputOf(file), { force: true });
  rmSync(`${outputOf(file)}.map`, { force: true });
}

/**
 * The bundle begins with the name of its build (temporal/versioning.ts reads it): a hash of the sources, because the bundle
 * itself holds absolute paths, and the git hash is not there in an archive and not true of a changed clone.
 */
async function bundleWorkflows(buildId) {
  if (!existsSync(join(root, bundleEntry))) return;
  const { bundleWorkflowCode } = require('@temporalio/worker');
  const silent = { trace() {}, debug() {}, info() {}, log() {}, warn: say, error: say };
  const { code } = await bundleWorkflowCode({ workflowsPath: join(root, bundleEntry), logger: silent });
  replaceFile(join(distFolder, bundleOutput), `/* ballast build ${buildId} */${slimBundle(code)}`);
}

function replaceFile(path, content) {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}
