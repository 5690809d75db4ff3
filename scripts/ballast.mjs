#!/usr/bin/env node
/** The `ballast` command: bootstraps, compiles what has changed, then is the CLI. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrap } from './lib/bootstrap.mjs';
import { build } from './lib/build.mjs';
import { root, runMain } from './lib/project.mjs';
import { provideServers } from './lib/servers.mjs';

/** Only what starts the embedded servers may have to fetch them. */
function startsServers([command, ...options]) {
  return command === 'up' && !options.some((option) => option === '--help' || option === '-h');
}

await runMain(async () => {
  await bootstrap();
  if (startsServers(process.argv.slice(2))) await provideServers(['temporalCli']);
  await build();
  const main = join(root, 'dist/cli/main.js');
  process.argv[1] = main;
  await import(pathToFileURL(main).href);
});
