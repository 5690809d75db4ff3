#!/usr/bin/env node
/** `npm run bench:indicators -- [--only a,b] [--json FILE]`: docs/indicators.md. TA-Lib comes along where Python is. */
import { runBenchRoom } from './lib/bench.mjs';
import { say } from './lib/progress.mjs';
import { runMain } from './lib/project.mjs';
import { providePython } from './lib/python.mjs';

const version = '0.8.2';

await runMain(async () => {
  const python = await providePython(
    `python-ta-lib-${version}`,
    [`TA-Lib==${version}`],
    'A comparison with TA-Lib',
  ).catch((error) => say(`ballast: without TA-Lib: ${error.message}`));
  if (python !== undefined) process.env.BALLAST_BENCH_TA_LIB = python;
  await runBenchRoom('indicators', 'runIndicatorBench', { servers: [] });
});
