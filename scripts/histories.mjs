#!/usr/bin/env node
/**
 * `npm run histories`: saves workflow histories as fixtures for the replay tests. It takes the fewest that exercise what the
 * committed ones do not, and leaves those as they are: they stand for runs that older versions began.
 *
 * - without `--staged` from the Ballast that runs here (or at `--address HOST:PORT`, `--namespace NAME`); let it trade on
 *   the simulated market, because histories tell prices and recorded data never enters the repository
 * - with `--staged` from the workflow tests, which it runs: they reach every branch
 * - with `--from DIR` from files, as `temporal workflow show --output json` and the Web UI give them
 *
 * `--only TYPE` one type of workflow; `--fresh` replaces its committed histories instead of adding to them; `--limit N` at
 * most so many new ones of a type (20); `--out DIR`.
 */
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, ServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import protoUtils from '@temporalio/common/lib/proto-utils.js';
import { choose, describeHistory, leaksOf, LONG_TEST, MAX_BYTES, withoutMachine } from './lib/histories.mjs';
import { readOptions } from './lib/histories-options.mjs';
import { runJest } from './lib/jest.mjs';
import { root, runMain, SetupError } from './lib/project.mjs';

/** Runs looked at for each type and status, newest first. */
const CANDIDATES = 200;
const STATUSES = ['Completed', 'ContinuedAsNew', 'Running', 'Failed'];
const CONNECT_TIMEOUT_MS = 3_000;

const described = (json) => ({ json, ...describeHistory(JSON.parse(json)) });

/** @throws SetupError when the file holds something else */
function readHistory(path) {
  const json = readFileSync(path, 'utf8');
  try {
    return described(json);
  } catch {
    throw new SetupError(`${path} is no workflow history.`);
  }
}

/** Where the Ballast of this folder has its Temporal, by the file that `ballast up` writes. */
function runningAddress() {
  const file = join(process.env.BALLAST_STATE_DIR ?? join(root, '.ballast'), 'runtime.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')).settings.temporal.address;
  } catch {
    return undefined;
  }
}

async function connect(address) {
  const nothing = new SetupError(
    `No Temporal answers${address === undefined ? ': no `ballast up` runs here' : ` at ${address}`}.\nWhat to do: start one on the simulated market (npm start -- --simulate) and let it trade, name another with --address HOST:PORT, or take histories from the tests with --staged.`,
  );
  if (address === undefined) throw nothing;
  try {
    return await Connection.connect({ address, connectTimeout: CONNECT_TIMEOUT_MS });
  } catch {
    throw nothing;
  }
}

/** Histories of the runs that a server knows. */
async function fromServer({ address = runningAddress(), namespace }) {
  const connection = await connect(address);
  try {
    const client = new Client({ connection, namespace });
    const found = [];
    for (const status of STATUSES) {
      let count = 0;
      for await (const run of client.workflow.list({ query: `ExecutionStatus = '${status}'` })) {
        const handle = client.workflow.getHandle(run.workflowId, run.runId);
        found.push(described(protoUtils.historyToJSON(await handle.fetchHistory())));
        if (++count >= CANDIDATES) break;
      }
    }
    if (found.length === 0)
      throw new SetupError(
        `Temporal at ${address} has no workflows in namespace ${namespace}.\nWhat to do: let Ballast trade for a while first, or use --staged.`,
      );
    return found;
  } catch (error) {
    // Such as a namespace that it does not have, or a right that we do not.
    if (!(error instanceof ServiceError || error instanceof NamespaceNotFoundError)) throw error;
    throw new SetupError(
      `Temporal at ${address} tells nothing of namespace ${namespace}: ${error.cause?.details ?? error.message}`,
    );
  } finally {
    await connection.close();
  }
}

function fromFolder(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  if (names.length === 0) throw new SetupError(`There are no histories in ${folder}.`);
  return names.map((name) => readHistory(join(folder, name)));
}

/** Histories of everything that the workflow tests do. */
async function fromTests() {
  const pool = mkdtempSync(join(tmpdir(), 'ballast-histories-'));
  try {
    process.env.BALLAST_HISTORY_POOL = pool;
    const code = await runJest([
      '--selectProjects=workflows',
      'test/workflows',
      `--testPathIgnorePatterns=${LONG_TEST}`,
    ]);
    if (code !== 0) throw new SetupError('The workflow tests fail; mend them first.');
    return fromFolder(pool);
  } finally {
    rmSync(pool, { recursive: true, force: true });
  }
}

/** The first free name for a history. */
function nameFor({ type, status }, taken) {
  for (let number = 1; ; number += 1) {
    const name = `${type}-${status}-${number}.json`;
    if (!taken.has(name)) return name;
  }
}

/** Picks what is worth keeping of one type and takes the machine out. @throws SetupError when one tells a secret */
function pick(candidates, type, { out, limit, fresh }) {
  const committed = readdirSync(out).filter((name) => name.startsWith(`${type}-`) && name.endsWith('.json'));
  const kept = fresh ? [] : committed;
  const known = new Set(kept.flatMap((name) => [...readHistory(join(out, name)).features]));
  const chosen = choose(
    candidates.filter((each) => each.type === type),
    known,
    limit,
  );
  const taken = new Set(kept);
  const files = chosen.map((candidate) => {
    const json = withoutMachine(candidate.json, root);
    const leaks = leaksOf(json);
    if (leaks.length > 0)
      throw new SetupError(`A history of ${type} is not saved, for it tells ${leaks[0]}.`);
    const name = nameFor(candidate, taken);
    taken.add(name);
    return { name, json };
  });
  return { files, replaced: fresh ? committed : [] };
}

/** Nothing is deleted before everything that takes its place is known. */
function save({ files, replaced }, out) {
  if (files.length === 0) {
    const none =
      replaced.length === 0
        ? 'nothing that the committed ones do not exercise'
        : `nothing of less than ${MAX_BYTES / 1000} kB that would take their place: the committed ones stay`;
    process.stdout.write(`  ${none}\n`);
    return;
  }
  for (const name of replaced) rmSync(join(out, name));
  for (const { name, json } of files) {
    writeFileSync(join(out, name), `${json}\n`);
    process.stdout.write(`  ${name} (${Math.round(json.length / 1000)} kB)\n`);
  }
}

function candidatesFrom(values) {
  if (values.from !== undefined) return fromFolder(values.from);
  return values.staged ? fromTests() : fromServer(values);
}

/** The types to save. @throws SetupError when there is nothing of the only one that is wanted */
function typesOf(candidates, only) {
  const types = [...new Set(candidates.map(({ type }) => type))].sort();
  if (only === undefined) return types;
  if (types.includes(only)) return [only];
  throw new SetupError(`--only is "${only}"; the histories found are of ${types.join(', ')}.`);
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  const candidates = await candidatesFrom(options);
  const types = typesOf(candidates, options.only);
  mkdirSync(options.out, { recursive: true });
  const picked = types.map((type) => ({ type, ...pick(candidates, type, options) }));
  for (const { type, ...files } of picked) {
    process.stdout.write(`${type}\n`);
    save(files, options.out);
  }
}

await runMain(main);
