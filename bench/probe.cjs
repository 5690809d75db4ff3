/**
 * Preloaded into every Node process of a soak (NODE_OPTIONS): writes what only the process itself can tell to
 * $BALLAST_PROBE_DIR/PID.json, every five seconds. Workflow threads are left alone.
 */
const { renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { isMainThread } = require('node:worker_threads');

const folder = process.env.BALLAST_PROBE_DIR;
const periodMs = 5_000;

function write() {
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo().length;
  const file = join(folder, `${process.pid}.json`);
  writeFileSync(`${file}.new`, JSON.stringify({ heapUsed, heapTotal, external, handles }));
  renameSync(`${file}.new`, file);
}

if (folder !== undefined && isMainThread) setInterval(write, periodMs).unref();
