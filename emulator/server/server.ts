import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Instrument } from '../engine/instrument';
import type { Venue } from '../venue';
import type { ServerContext } from './context';
import { Control } from './control';
import { DepthIds } from './depth-ids';
import { Dispatcher } from './dispatcher';
import { PlannedFaults } from './faults';
import { httpListener } from './http';
import { MarketStreams } from './market-streams';
import { RateLimiter, type RateLimits } from './rate-limits';
import { Security, type AccountKey } from './security';
import { UserStreams } from './user-streams';
import { attachWebsockets } from './websocket';

export interface ServerOptions {
  /** TCP port on 127.0.0.1; 0 picks a free one. */
  readonly port: number;
  readonly venue: Venue;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly keys: readonly AccountKey[];
  readonly limits: RateLimits;
  /** Fee rates as Binance writes them. */
  readonly makerFee: string;
  readonly takerFee: string;
  /** Told of errors nobody foresaw, with the request's `METHOD path`. */
  readonly onError: (error: unknown, key: string) => void;
}

export interface RunningServer {
  readonly port: number;
  /** Refuses new connections and ends those there are. */
  close(): Promise<void>;
}

/** Serves a venue on 127.0.0.1. @throws when the port is taken or not allowed. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { venue, instruments, keys, limits, makerFee, takerFee, onError } = options;
  const wallMs = (): number => Date.now();
  const context: ServerContext = {
    venue,
    instruments,
    depthIds: new DepthIds(),
    limits,
    makerFee,
    takerFee,
    wallMs,
  };
  const dispatcher = new Dispatcher(context, new Security(keys, wallMs), new RateLimiter(limits, wallMs));
  const faults = new PlannedFaults();
  const control = new Control(venue, faults, wallMs);
  const server = createServer(httpListener({ dispatcher, control, faults, onError }));
  const port = await listen(server, options.port);
  const streams = new MarketStreams(context);
  const closeSockets = attachWebsockets(server, {
    dispatcher,
    streams,
    users: new UserStreams(context),
    onError,
  });
  return {
    port,
    close: async () => {
      streams.close();
      closeSockets();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE'
          ? 'it is in use; stop what uses it or choose another --port'
          : cause.message;
      reject(new Error(`the emulator cannot listen on 127.0.0.1:${port}: ${why}`, { cause }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}
