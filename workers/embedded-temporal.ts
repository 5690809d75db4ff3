import { describeDevServer, type DevServerLaunch, type DevServerOptions } from '../temporal/dev-server';
import { type RunningLaunch, startLaunch } from './launch';
import { findFreePort } from './supervisor/ports';
import { messageOf } from './system-error';

/** A dev server that runs, and where. */
export type RunningDevServer = RunningLaunch & Pick<DevServerLaunch, 'address' | 'namespace' | 'uiUrl'>;

/**
 * Besides the port it is given, the dev server picks half a dozen free ones for itself before it listens on them; when
 * somebody else was quicker with one of these it dies at once, and another try finds others.
 */
const START_TRIES = 3;

/**
 * Starts a Temporal dev server as a child of this process; nothing restarts it.
 * @param options.grpcPort any free one when left out
 * @throws Error with the server's last words when it does not come up
 */
export async function startDevServer(
  options: Omit<DevServerOptions, 'grpcPort'> & {
    readonly grpcPort?: number;
    readonly log: (text: string) => void;
  },
): Promise<RunningDevServer> {
  for (let tries = 1; ; tries += 1) {
    const launch = describeDevServer({ ...options, grpcPort: options.grpcPort ?? (await findFreePort()) });
    try {
      const running = await startLaunch(launch, 'The Temporal dev server', options.log);
      const { address, namespace, uiUrl } = launch;
      return { ...running, address, namespace, ...(uiUrl && { uiUrl }) };
    } catch (error) {
      if (tries === START_TRIES) throw error;
      options.log(`${messageOf(error)}\nTrying again.\n`);
    }
  }
}
