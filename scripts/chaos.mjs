#!/usr/bin/env node
/**
 * `npm run chaos -- --minutes M --seed S [--json FILE]`: kills and faults at random while strategies trade, on real
 * processes, judged by the exchange's own journal. docs/chaos.md says how.
 */
import { spawn } from 'node:child_process';
import { constants as osConstants } from 'node:os';
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { root, runMain } from './lib/project.mjs';
import { provideServers } from './lib/servers.mjs';

await runMain(async () => {
  await provideServers(['temporalCli']);
  await build();
  const loader = join(root, 'scripts/lib/typescript-loader.cjs');
  const program = ['--require', loader, join(root, 'test/chaos/main.ts'), ...process.argv.slice(2)];
  const child = spawn(process.execPath, program, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + osConstants.signals[signal]));
  });
});
