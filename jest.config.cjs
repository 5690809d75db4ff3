const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const swcOptions = require('./scripts/lib/swc-options.cjs');

/**
 * Three projects: `unit` (everything quick, stores and single servers included), `workflows` (time-skipping server and
 * replay of committed histories) and `crash` (whole systems that get killed; one suite at a time). A further one,
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
  transform: { '^.+\\.ts$': ['@swc/jest', swcOptions] },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.ballast/'],
  setupFilesAfterEnv: ['<rootDir>/test/support/time-limit.cjs'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

const suitesIn = (areas) => areas.map((area) => `<rootDir>/test/${area}/**/*.test.ts`);

module.exports = {
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/scripts/lib/progress-reporter.cjs'],
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: [...workflowAreas, ...crashAreas, ...crashFullAreas].map(
        (area) => `<rootDir>/test/${area}/`,
      ),
      globals: { testTimeoutMs: 60_000 },
    },
    {
      ...shared,
      displayName: 'workflows',
      testMatch: suitesIn(workflowAreas),
      globals: { testTimeoutMs: 120_000 },
    },
    {
      ...shared,
      displayName: 'crash',
      testMatch: suitesIn(crashAreas),
      globals: { testTimeoutMs: 300_000 },
      runner: '<rootDir>/scripts/lib/serial-runner.cjs',
    },
    {
      ...shared,
      displayName: 'crash-full',
      testMatch: suitesIn(crashFullAreas),
      globals: { testTimeoutMs: 300_000 },
      runner: '<rootDir>/scripts/lib/serial-runner.cjs',
    },
  ],
};
