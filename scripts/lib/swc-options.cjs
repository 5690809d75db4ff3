/**
 * Libraries that take long to load and that many commands never use: `ballast backtest` talks to no server. They are loaded where
 * they are first used, instead of where they are imported.
 */
const lazy = [
  ...[
    '@temporalio/client',
    '@temporalio/common',
    '@temporalio/worker',
    'pg',
    'pg-copy-streams',
    'pino',
    'ws',
  ],
  ...['yaml', 'technicalindicators', 'csv-parse/sync', 'csv-stringify/sync', 'cli-progress', 'cli-table3'],
];

/**
 * How TypeScript becomes JavaScript, for the build and for the tests alike: CommonJS, and dynamic `import()` is kept
 * so that packages which exist only as ES modules (ccxt) can be loaded. Exports are announced, so that ES modules (strategies of
 * users) can import them by name.
 */
module.exports = {
  jsc: { parser: { syntax: 'typescript' }, target: 'es2023', keepClassNames: true },
  module: { type: 'commonjs', ignoreDynamic: true, exportInteropAnnotation: true, lazy },
};
