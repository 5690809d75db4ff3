#!/usr/bin/env node
/** `npm run bench:peers -- [--only a,b] [--bars N] [--json FILE]`: docs/benchmarks.md. Each peer gets an environment of its own. */
import { runBenchRoom } from './lib/bench.mjs';
import { say } from './lib/progress.mjs';
import { runMain } from './lib/project.mjs';
import { providePython } from './lib/python.mjs';

/** What was tried together. */
const packages = {
  backtesting: ['backtesting==0.6.6', 'numpy==2.4.6', 'pandas==3.1.1'],
  vectorbt: ['vectorbt==1.2.0', 'numba==0.68.1', 'numpy==2.4.6', 'pandas==3.1.1'],
  nautilus_trader: ['nautilus_trader==1.221.0', 'numpy==2.4.6', 'pandas==2.3.3'],
  freqtrade: ['freqtrade==2026.9', 'numpy==2.4.6', 'pandas==3.1.1'],
};

/** All, unless the arguments name some; who names a wrong one is told by the benchmark. */
function wanted(args) {
  const at = args.findIndex((arg) => arg === '--only' || arg.startsWith('--only='));
  if (at < 0) return Object.keys(packages);
  const named = args[at].includes('=') ? args[at] : (args[at + 1] ?? '');
  return Object.keys(packages).filter((name) => named.includes(name));
}

await runMain(async () => {
  const pythons = {};
  for (const name of wanted(process.argv.slice(2))) {
    const [main] = packages[name];
    pythons[name] = await providePython(`python-peer-${main.replace('==', '-')}`, packages[name], name).then(
      (python) => ({ python }),
      (error) => {
        say(`ballast: without ${name}: ${error.message}`);
        return { reason: error.message };
      },
    );
  }
  process.env.BALLAST_BENCH_PEERS = JSON.stringify(pythons);
  await runBenchRoom('peers', 'runPeerBench', { servers: [] });
});
