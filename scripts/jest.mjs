#!/usr/bin/env node
/** Jest, set up for this project: `npm run jest -- [jest's own arguments]`. */
import { runJest } from './lib/jest.mjs';
import { runMain } from './lib/project.mjs';

await runMain(async () => {
  process.exitCode = await runJest(process.argv.slice(2));
});
