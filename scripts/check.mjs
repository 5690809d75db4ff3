#!/usr/bin/env node
/** Types, lint, format and dependency arrows: `npm run check`. */
import { runChecks } from './lib/checks.mjs';
import { runMain } from './lib/project.mjs';

await runMain(async () => {
  const { failed } = await runChecks();
  process.exitCode = failed === 0 ? 0 : 1;
});
