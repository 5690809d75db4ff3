import { join } from 'node:path';
import { isEmulated, type BallastConfig } from '../../config/config';
import type { Environment } from '../../config/environment-layer';
import type { RawSettings } from '../../config/layers';
import { UserError } from '../../domain/errors';
import { describeDevServer, type DevServerLaunch } from '../../temporal/dev-server';
import { preparePostgres, type PostgresLaunch } from '../embedded-postgres';
import { choosePorts, isPortFree, type MovedPort } from '../supervisor/ports';
import { KeyFolder } from './keys';

/** The ports that people know these services by. */
const USUAL_PORTS = { postgres: 54_329, temporal: 7233, temporalUi: 8233, emulator: 8290 } as const;
type PortName = keyof typeof USUAL_PORTS;

/** The services which this machine is to run, with everything chosen but nothing started. */
export interface Services {
  /** What the configuration lacks for being used: where the embedded services will be. No secrets. */
  readonly overrides: RawSettings;
  readonly postgres: PostgresLaunch | undefined;
  readonly temporal: DevServerLaunch | undefined;
  readonly emulatorUrl: string | null;
  readonly movedPorts: readonly MovedPort[];
}

/** Servers of one's own are used where they are configured; what is missing is embedded. */
export async function chooseServices(config: BallastConfig, env: Environment): Promise<Services> {
  const { stateDir } = config;
  const embedPostgres = config.postgres.url === undefined;
  const embedTemporal = config.temporal.address === undefined;
  const embedEmulator = isEmulated(config) && config.exchange.restUrl === undefined;
  const { ports, moved } = await pickPorts(config, {
    postgres: embedPostgres,
    temporal: embedTemporal,
    temporalUi: embedTemporal,
    emulator: embedEmulator,
  });
  const keys = new KeyFolder(join(stateDir, 'keys'));
  const overrides: Record<string, RawSettings> = {};

  let postgres: PostgresLaunch | undefined;
  if (embedPostgres) {
    postgres = await preparePostgres({ dataDir: join(stateDir, 'postgres'), port: ports.postgres });
    overrides.postgres = { urlFile: keys.keep('postgres-url', postgres.url) };
  }
  let temporal: DevServerLaunch | undefined;
  if (embedTemporal) {
    temporal = describeDevServer({
      executable: temporalCli(env),
      dbFile: join(stateDir, 'temporal.db'),
      grpcPort: ports.temporal,
      uiPort: ports.temporalUi,
    });
    overrides.temporal = { address: temporal.address, namespace: temporal.namespace, uiUrl: temporal.uiUrl };
  }
  if (embedEmulator) {
    overrides.emulator = { port: ports.emulator };
    overrides.exchange = {
      restUrl: `http://127.0.0.1:${ports.emulator}`,
      wsUrl: `ws://127.0.0.1:${ports.emulator}`,
      apiKeyFile: keys.generate('emulator-key'),
      secretFile: keys.generate('emulator-secret'),
    };
  }
  const emulatorUrl = embedEmulator ? `http://127.0.0.1:${ports.emulator}` : null;
  return { overrides, postgres, temporal, emulatorUrl, movedPorts: moved };
}

function temporalCli(env: Environment): string {
  const path = env.BALLAST_TEMPORAL_CLI;
  if (path !== undefined && path !== '') return path;
  throw new UserError(
    'The Temporal dev server is not installed.',
    'Run `npm start`, which provides it, set BALLAST_TEMPORAL_CLI to the `temporal` program, or name a server of your own in temporal.address.',
  );
}

/** A port that was configured must be had; the usual ones give way to free ones. */
async function pickPorts(config: BallastConfig, embedded: Readonly<Record<PortName, boolean>>) {
  const configured = {
    postgres: { path: 'postgres.embedded.port', port: config.postgres.embedded.port },
    temporal: { path: 'temporal.embedded.grpcPort', port: config.temporal.embedded.grpcPort },
    temporalUi: { path: 'temporal.embedded.uiPort', port: config.temporal.embedded.uiPort },
    emulator: { path: 'emulator.port', port: config.emulator.port },
  } as const;
  const preferred: Partial<Record<PortName, number>> = {};
  for (const name of Object.keys(configured) as PortName[]) {
    if (!embedded[name]) continue;
    const { path, port } = configured[name];
    if (port !== 'auto' && !(await isPortFree(port))) {
      throw new UserError(
        `Port ${port} (${path}) is in use by another program.`,
        `Stop that program, choose another port, or set ${path} to auto.`,
      );
    }
    preferred[name] = port === 'auto' ? USUAL_PORTS[name] : port;
  }
  const chosen = await choosePorts(config.stateDir, preferred as Record<PortName, number>);
  return chosen;
}
