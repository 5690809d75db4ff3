#!/usr/bin/env node
/**
 * `npm test`: the static checks (each counts as a test) and every jest project but those that run on demand. The last line is always
 * `N passed, N failed`. With arguments (`npm test -- PATTERN`) only jest runs, with those arguments.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChecks } from './lib/checks.mjs';
import { runJest } from './lib/jest.mjs';
import { runMain } from './lib/project.mjs';

/** What takes long runs only when it is asked for by name. */
const onDemand = ['crash-full'];

/** @returns {string[]} options for jest */
const ignored = (args) =>
  onDemand
    .filter((project) => !args.some((argument) => argument.includes(project)))
    .map((project) => `--ignoreProjects=${project}`);

/** @returns {Promise<{passed: number, failed: number}>} a suite that could not run counts as a failed test, and so do no tests at all */
async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-test-'));
  const resultPath = join(folder, 'jest.json');
  try {
    // Last, for the option takes every plain argument that follows.
    const code = await runJest(['--json', `--outputFile=${resultPath}`, ...args, ...ignored(args)]);
    const result = readResult(resultPath);
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    if (result.numPendingTests > 0) process.stdout.write(`${result.numPendingTests} skipped\n`);
    const somethingElse = code !== 0 || result.numPassedTests === 0 ? 1 : 0;
    return { passed: result.numPassedTests, failed: Math.max(failed, somethingElse) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** No result file means that jest itself did not get as far as running. */
function readResult(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0, numPendingTests: 0 };
  }
}

async function main() {
  const args = process.argv.slice(2);
  const checks = args.length === 0 ? await runChecks() : { passed: 0, failed: 0 };
  let tests = { passed: 0, failed: 1 };
  try {
    tests = await runTests(args);
  } finally {
    const failed = checks.failed + tests.failed;
    if (failed > 0) process.exitCode = 1;
    process.once('exit', () =>
      process.stdout.write(`${checks.passed + tests.passed} passed, ${failed} failed\n`),
    );
  }
}

await runMain(main);
