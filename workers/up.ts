import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openStrategies } from '../adapters/strategies/load';
import { RefusedError, UnavailableError } from '../cli/failure';
import { accountRef } from '../cli/strategy-client';
import type { BallastConfig } from '../config/config';
import { loadLayeredConfig, loadRunningConfig, type LoadOptions } from '../config/load';
import { mergeLayers, settingAt, type RawSettings } from '../config/layers';
import {
  isAlive,
  readRuntime,
  removeRuntime,
  runtimeFile,
  writeRuntime,
  type RuntimeRecord,
} from '../config/runtime';
import { inferenceNeeds } from '../config/needs';
import { SECRETS } from '../config/secret-paths';
import { connectTemporal } from '../temporal/connection';
import { buildIdOf, routeTo } from '../temporal/versioning';
import { tradingTaskQueues } from '../workflows/contract';
import { startSupervisor, type Supervisor } from './supervisor';
import type { ChildState } from './supervisor/types';
import { beginTrading, type TradingBegun } from './up/begin-trading';
import { describeChildren } from './up/children';
import { archiveSession, holdToMarket } from './up/session';
import { chooseServices, type Services } from './up/services';

export interface UpOptions {
  readonly load: LoadOptions;
  /** Set the session's data aside and start over. */
  readonly newSession: boolean;
  /** Told each step, for people. */
  readonly progress: (line: string) => void;
  /** Told the state of all children after every change. */
  readonly onState?: (states: readonly ChildState[]) => void;
}

/** Everything `ballast up` has brought up. */
export interface RunningSystem {
  readonly config: BallastConfig;
  readonly record: RuntimeRecord;
  readonly begun: TradingBegun;
  readonly states: () => readonly ChildState[];
  /** Resolves when everything has ended, with the reason when it was not asked to. */
  readonly ended: Promise<{ readonly failure?: string }>;
  readonly stop: () => Promise<void>;
}

/**
 * Brings up whatever of PostgreSQL, Temporal and the emulator is not configured elsewhere, the worker, and trading.
 * SIGINT and SIGTERM stop all of it in order; the next start carries on with the same session.
 * @throws UserError about the configuration or the state folder, before anything has started
 * @throws UnavailableError when something does not come up
 */
export async function runUp(options: UpOptions): Promise<RunningSystem> {
  const { progress } = options;
  const { config: wished, layers } = loadLayeredConfig({ ...options.load, strategies: openStrategies });
  const { stateDir } = wished;
  mkdirSync(stateDir, { recursive: true });
  refuseIfRunning(stateDir);
  if (options.newSession) {
    const archive = archiveSession(stateDir, new Date());
    if (archive !== undefined) progress(`The last session is kept in ${archive}`);
  }
  const held = holdToMarket(wished);
  const services = await chooseServices(wished, options.load.env);
  for (const { name, preferred, chosen } of services.movedPorts) {
    progress(`Port ${preferred} is in use: ${name} listens on ${chosen}`);
  }
  const file = runtimeFile(stateDir);
  const record = recordOf(wished, held, layers.settings, services, options.load);
  writeRuntime(file, record);
  try {
    const { config } = loadRunningConfig(file, options.load.env);
    const supervisor = await supervise(options, config, services, file);
    const ended = supervisor.ended.finally(() => {
      removeRuntime(file);
    });
    const begun = await begin(supervisor, config, progress);
    return { config, record, begun, states: () => supervisor.states(), ended, stop: () => supervisor.stop() };
  } catch (error) {
    removeRuntime(file);
    throw error;
  }
}

function refuseIfRunning(stateDir: string): void {
  const running = readRuntime(runtimeFile(stateDir));
  if (running === undefined || !isAlive(running)) return;
  throw new RefusedError(
    `Ballast is already running on ${stateDir} (process ${running.pid}).`,
    'See it with `ballast status`; stop it with Ctrl-C in its terminal.',
  );
}

async function supervise(
  options: UpOptions,
  config: BallastConfig,
  services: Services,
  file: string,
): Promise<Supervisor> {
  const { env, cwd } = options.load;
  const pids = new Map<string, number | undefined>();
  const children = describeChildren({
    config,
    services,
    env,
    cwd,
    runtimeFile: file,
    pidOf: (name) => pids.get(name),
  });
  options.progress(`Starting ${children.map(({ name }) => name).join(', ')} …`);
  if (inferenceNeeds(config).length === 0)
    options.progress('No model is asked for anything (no news, no role): no inference process is started');
  const supervisor = await startSupervisor({
    stateDir: config.stateDir,
    children,
    onState: (states) => {
      for (const { name, pid } of states) pids.set(name, pid);
      options.onState?.(states);
    },
  });
  for (const name of supervisor.endedLeftovers)
    options.progress(`Ended ${name}, left over from a killed start`);
  return supervisor;
}

/** Waits until everything is up and trading; on failure everything is stopped again. */
async function begin(
  supervisor: Supervisor,
  config: BallastConfig,
  progress: (line: string) => void,
): Promise<TradingBegun> {
  const stopped = supervisor.ended.then(({ failure }) => {
    throw new UnavailableError(
      failure ?? 'Stopped before everything was up.',
      `The logs are in ${join(config.stateDir, 'logs')}.`,
    );
  });
  const beginning = async (): Promise<TradingBegun> => {
    await supervisor.allReady;
    progress('Everything is up; holding the exchange against the journal …');
    const { client, close } = await connectTemporal(config.temporal);
    try {
      const { namespace } = config.temporal;
      const build = config.worker.versioning ? buildIdOf() : null;
      await routeTo(client, namespace, build, tradingTaskQueues(config.exchange.venue));
      const catalogue = openStrategies(config);
      return await beginTrading(client, config, accountRef(config), catalogue);
    } finally {
      await close();
    }
  };
  try {
    return await Promise.race([stopped, beginning()]);
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

function recordOf(
  config: BallastConfig,
  held: ReturnType<typeof holdToMarket>,
  settings: RawSettings,
  services: Services,
  { env, cwd }: LoadOptions,
): RuntimeRecord {
  const { stateDir, mode, market, deployment } = config;
  const settled = { stateDir, mode, deployment, market: { dataDir: market.dataDir, news: held.news } };
  const merged = mergeLayers([
    { origin: 'files', settings: withoutSecrets(settings) },
    { origin: 'settled', settings: settled },
    { origin: 'services', settings: services.overrides },
  ]);
  const fromEnvironment = SECRETS.filter(
    ({ path, variable }) => isNamed(env[variable]) && !isOverridden(path, services),
  );
  return {
    pid: process.pid,
    startedAtMs: Date.now(),
    cwd,
    settings: merged.settings,
    environmentSecrets: fromEnvironment.map(({ path }) => path),
    market: describeMarket(config),
    emulatorUrl: services.emulatorUrl,
  };
}

const isNamed = (variable: string | undefined): boolean => variable !== undefined && variable !== '';

/** An embedded service brings its own keys: those in the environment are for the real one. */
const isOverridden = (path: string, { overrides }: Services): boolean =>
  settingAt(overrides, `${path}File`.split('.')) !== undefined;

function withoutSecrets(settings: RawSettings): RawSettings {
  const copy = structuredClone(settings) as Record<string, Record<string, unknown>>;
  for (const { path } of SECRETS) {
    const [section = '', key = ''] = path.split('.');
    if (copy[section] !== undefined) Reflect.deleteProperty(copy[section], key);
  }
  return copy;
}

function describeMarket({ mode, market, exchange }: BallastConfig): string {
  switch (mode) {
    case 'replay':
      return `recorded data, ${market.dataDir ?? ''}`;
    case 'simulated':
      return `simulated market, seed ${market.seed}`;
    case 'paper':
      return `live data of ${market.live.restUrl ?? exchange.venue} mirrored, fills simulated`;
    case 'testnet':
      return `${exchange.venue} test network, play money`;
    case 'live':
      return `${exchange.venue}, real money`;
  }
}
