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
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import protoUtils from '@temporalio/common/lib/proto-utils.js';
import { choose, describeHistory, leaksOf, withoutMachine } from './lib/histories.mjs';
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
      '--testPathIgnorePatterns=strategy-week',
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

function save(candidates, type, { out, limit, fresh }) {
  const committed = readdirSync(out).filter((name) => name.startsWith(`${type}-`) && name.endsWith('.json'));
  if (fresh) for (const name of committed) rmSync(join(out, name));
  const kept = fresh ? [] : committed;
  const known = new Set(kept.flatMap((name) => [...readHistory(join(out, name)).features]));
  const taken = new Set(kept);
  const chosen = choose(
    candidates.filter((each) => each.type === type),
    known,
    limit,
  );
  for (const candidate of chosen) {
    const json = withoutMachine(candidate.json, root);
    const leaks = leaksOf(json);
    if (leaks.length > 0)
      throw new SetupError(`A history of ${type} is not saved, for it tells ${leaks[0]}.`);
    const name = nameFor(candidate, taken);
    taken.add(name);
    writeFileSync(join(out, name), `${json}\n`);
    process.stdout.write(`  ${name} (${Math.round(json.length / 1000)} kB)\n`);
  }
  return chosen.length;
}

function candidatesFrom(values) {
  if (values.from !== undefined) return fromFolder(values.from);
  return values.staged ? fromTests() : fromServer(values);
}

async function main() {
  const { values } = parseArgs({
    options: {
      address: { type: 'string' },
      namespace: { type: 'string', default: 'default' },
      staged: { type: 'boolean', default: false },
      from: { type: 'string' },
      only: { type: 'string' },
      fresh: { type: 'boolean', default: false },
      limit: { type: 'string', default: '20' },
      out: { type: 'string', default: join(root, 'test', 'histories') },
    },
  });
  mkdirSync(values.out, { recursive: true });
  const candidates = await candidatesFrom(values);
  const types = [...new Set(candidates.map(({ type }) => type))].filter((type) =>
    values.only === undefined ? true : type === values.only,
  );
  for (const type of types.sort()) {
    process.stdout.write(`${type}\n`);
    const saved = save(candidates, type, { ...values, limit: Number(values.limit) });
    if (saved === 0) process.stdout.write('  nothing that the committed ones do not exercise\n');
  }
}

await runMain(main);
