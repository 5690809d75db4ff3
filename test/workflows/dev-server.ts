import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, type ConnectionLike } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { processEnvironment } from '../../config/environment';
import { describeDevServer } from '../../temporal/dev-server';

/** What a harness needs of a Temporal server. */
export interface Server {
  readonly connection: ConnectionLike;
  readonly nativeConnection: NativeConnection;
  sleep(ms: number): Promise<void>;
  timeMs(): Promise<number>;
  stop(): Promise<void>;
}

/** A dev server of its own, without a Web UI or a file, which suggests to continue as new after `suggestAt` events. */
export async function startDevServer(suggestAt: number): Promise<Server & { readonly address: string }> {
  const executable = processEnvironment().env.BALLAST_TEMPORAL_CLI;
  if (executable === undefined)
    throw new Error('BALLAST_TEMPORAL_CLI is not set: run tests with `npm test` or `npm run jest`.');
  const dynamicConfig = { 'limit.historyCount.suggestContinueAsNew': suggestAt };
  const launch = describeDevServer({ executable, grpcPort: await freePort(), dynamicConfig });
  const child = spawn(launch.command, launch.args, { env: launch.env, stdio: 'ignore' });
  await launch.ready(AbortSignal.timeout(30_000));
  const { address } = launch;
  const connection = await Connection.connect({ address });
  const nativeConnection = await NativeConnection.connect({ address });
  return {
    address,
    connection,
    nativeConnection,
    sleep: async (ms) => {
      await sleep(ms);
    },
    timeMs: () => Promise.resolve(Date.now()),
    stop: async () => {
      await connection.close();
      await nativeConnection.close();
      child.kill(launch.stopSignal);
      await once(child, 'exit');
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
