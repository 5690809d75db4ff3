import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate } from '../../adapters/store/migrate';
import type { BallastConfig } from '../../config/config';
import type { Environment } from '../../config/environment-layer';
import { inferenceNeeds } from '../../config/needs';
import { SECRETS } from '../../config/secret-paths';
import { connectTemporal } from '../../temporal/connection';
import { pollersOf } from '../../temporal/pollers';
import { taskQueues, WORKFLOW_TASK_QUEUE } from '../../workflows/contract';
import type { ChildSpec } from '../supervisor/types';
import type { Services } from './services';

export const ChildName = {
  Postgres: 'postgres',
  Temporal: 'temporal',
  Emulator: 'emulator',
  Worker: 'worker',
  Inference: 'inference',
} as const;
export type ChildName = (typeof ChildName)[keyof typeof ChildName];

export interface ChildrenOptions {
  /** Complete: with the addresses of the embedded services. */
  readonly config: BallastConfig;
  readonly services: Services;
  readonly env: Environment;
  readonly cwd: string;
  readonly runtimeFile: string;
  /** The process id of a child, once it has one. */
  readonly pidOf: (name: ChildName) => number | undefined;
}

const POLL_MS = 100;

/**
 * What the supervisor is to keep running: the embedded services, the worker on top of them, and beside it the inference process when
 * something asks for opinions.
 */
export function describeChildren(options: ChildrenOptions): readonly ChildSpec[] {
  const { services } = options;
  const embedded: ChildSpec[] = [];
  if (services.postgres !== undefined) embedded.push({ ...services.postgres, name: ChildName.Postgres });
  if (services.temporal !== undefined) embedded.push({ ...services.temporal, name: ChildName.Temporal });
  if (services.emulatorUrl !== null) embedded.push(emulatorChild(options, services.emulatorUrl));
  const dependsOn = embedded.map(({ name }) => name);
  const isNeeded = inferenceNeeds(options.config).length > 0;
  return [
    ...embedded,
    workerChild(options, dependsOn),
    ...(isNeeded ? [inferenceChild(options, dependsOn)] : []),
  ];
}

function emulatorChild({ env, cwd, runtimeFile }: ChildrenOptions, url: string): ChildSpec {
  return {
    name: ChildName.Emulator,
    command: process.execPath,
    args: [...FRUGAL_HEAP, join(__dirname, '..', 'emulator-main.js')],
    env: { ...without(env, () => true), BALLAST_RUNTIME: runtimeFile },
    cwd,
    ready: (signal) => untilTrue(signal, async () => (await fetch(`${url}/api/v3/ping`, { signal })).ok),
  };
}

/** The environment without the secrets that are meant. */
function without(env: Environment, isMeant: (path: string) => boolean): Environment {
  const variables = SECRETS.filter(({ path }) => isMeant(path)).map(({ variable }) => variable);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !variables.includes(name)));
}

/**
 * Left alone, V8 lets a worker's heap grow to half a gigabyte before it collects in earnest: most of what a cycle makes is
 * garbage at once. A small young generation halves the worker's memory, and V8 told to favour size lets the old one grow in
 * small steps; the limit on that is far above what it lives on.
 */
const FRUGAL_HEAP = ['--max-semi-space-size=1', '--optimize-for-size', '--max-old-space-size=512'] as const;
/** glibc gives each of the twenty threads an arena of its own, which keeps what it once had: 45 MB for nothing. */
const FRUGAL_MALLOC = { MALLOC_ARENA_MAX: '2' } as const;

function workerChild(options: ChildrenOptions, dependsOn: readonly string[]): ChildSpec {
  return {
    ...temporalChild(options, ChildName.Worker, 'main.js', WORKFLOW_TASK_QUEUE),
    env: { ...FRUGAL_MALLOC, ...options.env, BALLAST_RUNTIME: options.runtimeFile },
    dependsOn,
  };
}

/** Nothing that trades waits for it: it may come up late, or never. Keys of the exchange are kept from it. */
function inferenceChild(options: ChildrenOptions, dependsOn: readonly string[]): ChildSpec {
  const env = without(options.env, (path) => path.startsWith('exchange.'));
  return {
    ...temporalChild(options, ChildName.Inference, 'inference-main.js', taskQueues('').inference),
    env: { ...FRUGAL_MALLOC, ...env, BALLAST_RUNTIME: options.runtimeFile },
    dependsOn,
    isOptional: true,
  };
}

/** A process that serves queues of Temporal: it works when it polls one of them. */
const temporalChild = (
  { config, cwd, pidOf }: ChildrenOptions,
  name: ChildName,
  main: string,
  queue: string,
): Omit<ChildSpec, 'env'> => ({
  name,
  command: process.execPath,
  args: [...FRUGAL_HEAP, join(__dirname, '..', main)],
  cwd,
  prepare: async () => {
    const url = config.postgres.url?.reveal();
    if (url === undefined) throw new Error(`The ${name} needs PostgreSQL, and none is configured.`);
    await migrate(url, () => undefined);
  },
  ready: (signal) => untilPolling(config, queue, () => pidOf(name), signal),
  stopTimeoutMs: config.worker.shutdownGraceMs + 10_000,
});

/** A worker works when Temporal sees this very process poll: earlier ones stay on its list for minutes. */
async function untilPolling(
  config: BallastConfig,
  queue: string,
  pid: () => number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { client, close } = await connectTemporal(config.temporal);
  try {
    await untilTrue(signal, async () =>
      (await pollersOf(client, config.temporal.namespace, queue)).some(
        ({ identity }) => identity === `${pid() ?? ''}@${hostname()}`,
      ),
    );
  } finally {
    await close();
  }
}

/** Asks again until the answer is yes; errors are a no. @throws the signal's reason when it aborts. */
async function untilTrue(signal: AbortSignal, ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask().catch(() => false))) await sleep(POLL_MS, undefined, { signal });
}
