import { readFile } from 'node:fs/promises';
import { Client, Connection, type TLSConfig } from '@temporalio/client';
import type { BallastConfig } from '../config/config';

/** Where Temporal is and how to prove who we are: understood by clients and by workers alike. */
export interface TemporalConnectionOptions {
  readonly address: string;
  readonly tls: TLSConfig | boolean;
  readonly apiKey?: string;
}

type TemporalConfig = BallastConfig['temporal'];

/**
 * The profile's address, TLS and API key, with certificates read.
 * @throws Error when no address is known, which means that nothing was configured and no embedded server is running.
 */
export async function temporalConnectionOptions(config: TemporalConfig): Promise<TemporalConnectionOptions> {
  const { address, apiKey, tls } = config;
  if (address === undefined)
    throw new Error('No Temporal address is configured and no embedded server is running.');
  // An API key must never travel in the clear.
  const encrypted = tls.enabled || apiKey !== undefined;
  return {
    address,
    tls: encrypted ? await readTls(tls) : false,
    ...(apiKey === undefined ? {} : { apiKey: apiKey.reveal() }),
  };
}

async function readTls(tls: TemporalConfig['tls']): Promise<TLSConfig> {
  const { serverCaFile, clientCertFile, clientKeyFile, serverName } = tls;
  return {
    ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
    ...(serverCaFile === undefined ? {} : { serverRootCACertificate: await readFile(serverCaFile) }),
    ...(clientCertFile === undefined || clientKeyFile === undefined
      ? {}
      : { clientCertPair: { crt: await readFile(clientCertFile), key: await readFile(clientKeyFile) } }),
  };
}

export interface TemporalSession {
  readonly client: Client;
  readonly close: () => Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5000;
/** A server that comes back is noticed soon: gRPC waits for a second at first, and then ever longer. */
const RECONNECT_MS = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 };

/** Connects to Temporal and proves that it answers. @throws Error when it does not within five seconds. */
export async function connectTemporal(config: TemporalConfig): Promise<TemporalSession> {
  const session = await openTemporal(config);
  await session.connected();
  return session;
}

/** A session that need not be connected yet. */
export interface OpenedSession extends TemporalSession {
  /** Resolves once Temporal answers. @throws Error when it does not within five seconds of the first call. */
  readonly connected: () => Promise<void>;
}

/** For who has something to do before Temporal answers; its client is of no use before that. */
export async function openTemporal(config: TemporalConfig): Promise<OpenedSession> {
  const connection = Connection.lazy({
    ...(await temporalConnectionOptions(config)),
    connectTimeout: CONNECT_TIMEOUT_MS,
    channelArgs: RECONNECT_MS,
  });
  const client = new Client({ connection, namespace: config.namespace });
  return { client, connected: () => connection.ensureConnected(), close: () => connection.close() };
}
