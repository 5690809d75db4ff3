const { existsSync, readFileSync } = require('node:fs');
const { constants, getPriority } = require('node:os');
const { join } = require('node:path');
const swcOptions = require('./scripts/lib/swc-options.cjs');

/**
 * Three projects: `unit` (everything quick, stores and single servers included), `workflows` (time-skipping server and
 * replay of committed histories) and `crash` (whole systems that get killed; one suite at a time, beside the others). A further one,
 * `crash-full`, holds the complete matrix of kills: `npm run test:crash` runs it, `npm test` does not.
 */
const workflowAreas = ['workflows', 'replay'];
const crashAreas = ['crash'];
const crashFullAreas = ['crash-full'];

/** `npx jest` without the bootstrap still finds the servers which the last bootstrap provided. */
function exportServerPaths() {
  const record = join(__dirname, 'node_modules/.cache/ballast/bootstrap.json');
  if (!existsSync(record)) return;
  const { servers } = JSON.parse(readFileSync(record, 'utf8'));
  process.env.BALLAST_TEMPORAL_CLI ??= servers.temporalCli;
  process.env.BALLAST_TEMPORAL_TEST_SERVER ??= servers.temporalTestServer;
}
exportServerPaths();

const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  // What loops over bars look up most: as globals of jest's sandbox they cost many times what they do outside.
  sandboxInjectedGlobals: ['Math', 'Number', 'Float64Array'],
  transform: { '^.+\\.ts$': ['@swc/jest', swcOptions] },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.ballast/'],
  setupFilesAfterEnv: ['<rootDir>/test/support/limits.cjs'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  runner: '<rootDir>/scripts/lib/lanes-runner.cjs',
};

/** What runs beside the killed systems yields to them: they are to show what a kill costs, not what the machine does else. */
const niceness = Math.min(constants.priority.PRIORITY_LOW, getPriority() + 5);

const suitesIn = (areas) => areas.map((area) => `<rootDir>/test/${area}/**/*.test.ts`);

module.exports = {
  maxWorkers: 2,
  testSequencer: '<rootDir>/scripts/lib/sequencer.cjs',
  reporters: ['default', '<rootDir>/scripts/lib/progress-reporter.cjs'],
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [...workflowAreas, ...crashAreas, ...crashFullAreas].map(
        (area) => `<rootDir>/test/${area}/`,
      ),
      globals: { testTimeoutMs: 60_000, niceness },
    },
    {
      ...shared,
      displayName: 'workflows',
      testMatch: suitesIn(workflowAreas),
      globals: { testTimeoutMs: 120_000, niceness },
    },
    {
      ...shared,
      displayName: 'crash',
      testMatch: suitesIn(crashAreas),
      globals: { testTimeoutMs: 300_000 },
    },
    {
      ...shared,
      displayName: 'crash-full',
      testMatch: suitesIn(crashFullAreas),
      globals: { testTimeoutMs: 300_000 },
    },
  ],
};
