#!/usr/bin/env node
/**
 * Unmodified ccxt and ccxt.pro for Python against the emulator: `npm run test:python`. Needs a Python 3.9 or later with
 * venv; ccxt itself is installed once into the user's cache.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { root, runMain } from './lib/project.mjs';
import { providePython } from './lib/python.mjs';

const require = createRequire(import.meta.url);
const { version } = require(join(root, 'node_modules/ccxt/package.json'));
const marketSpeed = 60;

await runMain(async () => {
  await build();
  const python = await providePython(`python-ccxt-${version}`, [`ccxt==${version}`], 'npm run test:python');
  const folder = mkdtempSync(join(tmpdir(), 'ballast-python-'));
  const { startEmulator } = require(join(root, 'dist/emulator/main.js'));
  const { openMarketSource } = require(join(root, 'dist/emulator/market/open-market.js'));
  const emulator = await startEmulator({
    port: 0,
    speed: marketSpeed,
    source: await openMarketSource({ seed: 1 }),
    journalDir: join(folder, 'journal'),
  });
  try {
    const { url, wsUrl, apiKey, secret } = emulator;
    const script = join(root, 'test/emulator/python/ccxt_smoke.py');
    process.exitCode = await runVisibly(python, [script, JSON.stringify({ url, wsUrl, apiKey, secret })]);
  } finally {
    await emulator.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

function runVisibly(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
