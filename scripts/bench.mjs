#!/usr/bin/env node
/** `npm run bench -- [--only a,b] [--json FILE]`: docs/benchmarks.md. */
import { runBenchRoom } from './lib/bench.mjs';
import { runMain } from './lib/project.mjs';

await runMain(() => runBenchRoom('main', 'runBench'));
