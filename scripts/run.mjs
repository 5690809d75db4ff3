#!/usr/bin/env node
/** Bootstraps, then runs a script of this project in the same process: `node scripts/run.mjs FILE [args]`. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrap } from './lib/bootstrap.mjs';
import { runMain, SetupError } from './lib/project.mjs';

await runMain(async () => {
  const file = process.argv[2];
  if (file === undefined) throw new SetupError('Which script? Usage: node scripts/run.mjs FILE [args]');
  await bootstrap();
  process.argv.splice(1, 2, resolve(file));
  await import(pathToFileURL(resolve(file)).href);
});
