#!/usr/bin/env node
/** Everything that `npm start` and `npm test` need, without starting anything: `node scripts/bootstrap.mjs`. */
import { bootstrap } from './lib/bootstrap.mjs';
import { build } from './lib/build.mjs';
import { say } from './lib/progress.mjs';
import { runMain } from './lib/project.mjs';
import { provideServers } from './lib/servers.mjs';

await runMain(async () => {
  await bootstrap();
  await provideServers(['temporalCli', 'temporalTestServer']);
  await build();
  say('ballast: everything is there');
});
