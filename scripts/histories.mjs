#!/usr/bin/env node
/**
 * `npm run histories [-- --address HOST:PORT] [--namespace NAME] [--out DIR] [--max-events N] [--per-type N]`: saves
 * workflow histories of a running Ballast as fixtures for the replay tests. Of each type it takes the longest ones within
 * the limit, of runs that ended and of runs that go on. Record on the simulated market: histories tell prices, and
 * recorded data never enters the repository.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import protoUtils from '@temporalio/common/lib/proto-utils.js';
import { root, runMain } from './lib/project.mjs';

const TYPES = [
  'strategy',
  'tradingCycle',
  'position',
  'orderLifecycle',
  'accountFeed',
  'riskDesk',
  'emergencyStop',
  'reconciliation',
];
/** Runs looked at for each type, newest first. */
const CANDIDATES = 200;

/** Who served a task is `PID@HOST`, and sticky queues are named after it; a fixture has no use for either. */
const withoutMachine = (json) => json.replace(/\d+@[A-Za-z0-9.-]+/g, 'worker');

async function candidates(client, type, status) {
  const runs = [];
  for await (const run of client.workflow.list({
    query: `WorkflowType = '${type}' AND ExecutionStatus = '${status}'`,
  })) {
    runs.push(run);
    if (runs.length >= CANDIDATES) break;
  }
  return runs;
}

async function record(client, type, { maxEvents, perType, out }) {
  const names = [];
  for (const status of ['Completed', 'ContinuedAsNew', 'Running']) {
    const runs = await candidates(client, type, status);
    const fitting = runs
      .filter(({ historyLength }) => historyLength <= maxEvents)
      .sort((a, b) => b.historyLength - a.historyLength);
    for (const { workflowId, runId } of fitting.slice(0, perType)) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const name = `${type}-${status.toLowerCase()}-${names.length + 1}.json`;
      writeFileSync(join(out, name), `${withoutMachine(protoUtils.historyToJSON(history))}\n`);
      names.push(name);
    }
  }
  return names;
}

async function main() {
  const { values } = parseArgs({
    options: {
      address: { type: 'string', default: '127.0.0.1:7233' },
      namespace: { type: 'string', default: 'default' },
      out: { type: 'string', default: join(root, 'test', 'histories') },
      'max-events': { type: 'string', default: '250' },
      'per-type': { type: 'string', default: '1' },
    },
  });
  mkdirSync(values.out, { recursive: true });
  const connection = await Connection.connect({ address: values.address });
  try {
    const client = new Client({ connection, namespace: values.namespace });
    const options = {
      maxEvents: Number(values['max-events']),
      perType: Number(values['per-type']),
      out: values.out,
    };
    for (const type of TYPES) {
      const names = await record(client, type, options);
      process.stdout.write(`${type}: ${names.length === 0 ? 'none found' : names.join(', ')}\n`);
    }
  } finally {
    await connection.close();
  }
}

await runMain(main);
