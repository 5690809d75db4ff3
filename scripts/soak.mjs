#!/usr/bin/env node
/** `npm run soak -- --minutes M [--speed 60] [--json FILE]`: docs/benchmarks.md. */
import { runBenchRoom } from './lib/bench.mjs';
import { runMain } from './lib/project.mjs';

await runMain(() => runBenchRoom('soak', 'runSoak'));
