import { describeDevServer, type DevServerLaunch, type DevServerOptions } from '../temporal/dev-server';
import { type RunningLaunch, startLaunch } from './launch';
import { findFreePort } from './supervisor/ports';

/** A dev server that runs, and where. */
export type RunningDevServer = RunningLaunch & Pick<DevServerLaunch, 'address' | 'namespace' | 'uiUrl'>;

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
  const launch = describeDevServer({ ...options, grpcPort: options.grpcPort ?? (await findFreePort()) });
  const running = await startLaunch(launch, 'The Temporal dev server', options.log);
  return {
    ...running,
    address: launch.address,
    namespace: launch.namespace,
    ...(launch.uiUrl && { uiUrl: launch.uiUrl }),
  };
}
