import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Instrument } from '../engine/instrument';
import type { Venue } from '../venue';
import type { ServerContext } from './context';
import { Control } from './control';
import { DepthIds } from './depth-ids';
import { Dispatcher } from './dispatcher';
import { Faults } from './faults/faults';
import { httpListener } from './http';
import { MarketStreams } from './market-streams';
import { NewsFeeds } from './news';
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
  /** Where the strikes of faults are written down. */
  readonly faultLogPath: string;
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
  const faults = new Faults(venue, options.faultLogPath, wallMs, (error) => {
    onError(error, 'a fault');
  });
  const serverMs = (): number => faults.execution.serverMs();
  const context: ServerContext = {
    venue,
    instruments,
    depthIds: new DepthIds(),
    limits,
    makerFee,
    takerFee,
    wallMs,
    serverMs,
    faults: faults.execution,
  };
  const dispatcher = new Dispatcher(context, new Security(keys, serverMs), new RateLimiter(limits, wallMs));
  const control = new Control(venue, faults, wallMs);
  const server = createServer(
    httpListener({ dispatcher, control, news: new NewsFeeds(venue), faults: faults.requests, onError }),
  );
  const port = await listen(server, options.port);
  const streams = new MarketStreams(context);
  const closeSockets = attachWebsockets(server, {
    dispatcher,
    streams,
    users: new UserStreams(context),
    faults,
    onError,
  });
  return {
    port,
    close: async () => {
      faults.close();
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
