#!/usr/bin/env node
/**
 * Fits the simulated market to recorded data: writes emulator/market/fitted-parameters.ts and prints the table of
 * docs/market.md. `npm run fit:simulator -- [--data DIR] [--evaluations N] [--seed N]`
 */
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './lib/build.mjs';
import { root, runMain, SetupError } from './lib/project.mjs';

const require = createRequire(import.meta.url);
const outputPath = join(root, 'emulator/market/fitted-parameters.ts');

await runMain(async () => {
  const { values } = parseArgs({
    options: { data: { type: 'string' }, evaluations: { type: 'string' }, seed: { type: 'string' } },
  });
  const dataDir = values.data ?? process.env.BALLAST_DATA ?? join(root, '../shared/data');
  if (!existsSync(dataDir))
    throw new SetupError(`There is no data folder ${dataDir}. Give --data DIR or set BALLAST_DATA.`);
  await build();
  const { runFit } = require(join(root, 'dist/emulator/market/fit/run-fit.js'));
  const { source, table } = await runFit({
    dataDir,
    seed: Number(values.seed ?? 1),
    evaluations: Number(values.evaluations ?? 300),
    report: (line) => console.error(line),
  });
  const { format, resolveConfig } = await import('prettier');
  const options = await resolveConfig(outputPath);
  writeFileSync(outputPath, await format(source, { ...options, parser: 'typescript' }));
  console.log(table);
});
