/** The arrows of the design: what each room may import. A file that needs an arrow not listed here is in the wrong room. */
const rooms = [
  'domain',
  'workflows',
  'activities',
  'adapters',
  'workers',
  'temporal',
  'config',
  'emulator',
  'backtest',
  'cli',
  'bench',
  'test',
];
const may = {
  domain: ['domain'],
  workflows: ['workflows', 'domain'],
  activities: ['activities', 'domain', 'adapters'],
  adapters: ['adapters', 'domain'],
  workers: rooms.filter((room) => room !== 'test' && room !== 'bench'),
  temporal: ['temporal', 'config'],
  config: ['config', 'domain'],
  emulator: ['emulator', 'domain'],
  backtest: ['backtest', 'domain'],
  cli: ['cli', 'workflows', 'adapters', 'config', 'temporal', 'domain', 'emulator', 'backtest'],
};

const forbidden = Object.entries(may).map(([room, allowed]) => ({
  name: `${room}-arrows`,
  comment: `${room}/ may import only: ${allowed.join(', ')}`,
  severity: 'error',
  from: { path: `^${room}/` },
  to: {
    path: `^(${rooms.filter((other) => !allowed.includes(other)).join('|')})/`,
    // `ballast up` is the one command that is a composition root itself.
    ...(room === 'cli' ? { pathNot: '^workers/(up|borrowed-postgres)\\.ts$' } : {}),
    dependencyTypesNot: room === 'workflows' ? ['type-only'] : [],
  },
}));

module.exports = {
  forbidden: [
    ...forbidden,
    {
      name: 'only-up-brings-up',
      comment: 'Of the command line, only the command `up` may start processes.',
      severity: 'error',
      from: { path: '^cli/', pathNot: '^cli/(commands/up|market-data)\\.ts$' },
      to: { path: '^workers/' },
    },
    {
      name: 'domain-is-pure',
      comment: 'The functional core has no I/O: only these packages.',
      severity: 'error',
      from: { path: '^domain/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'core'],
        pathNot: 'node_modules/(big\\.js|@types/big\\.js|technicalindicators|zod|@noble/hashes)/',
      },
    },
    {
      name: 'workflows-are-deterministic',
      comment: 'Workflow code runs in the sandbox: only the workflow package.',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'core'],
        pathNot: 'node_modules/@temporalio/(workflow|common)/',
      },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: '^(domain|workflows|activities|adapters|workers|temporal|config|emulator|backtest|cli|bench)/',
        // Read as a text and put into the page.
        pathNot: '^(backtest/report/html/client\\.js|adapters/news/vader-sentiment\\.d\\.ts)$',
      },
      to: {},
    },
    {
      name: 'not-to-test',
      comment: 'Benchmarks share the harness of the crash tests.',
      severity: 'error',
      from: { pathNot: '^(test|bench)/' },
      to: { path: '^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|strategies|node_modules/\\.cache)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
