import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { migrate } from '../../../adapters/store/migrate';
import { createPool } from '../../../adapters/store/pool';
import type { GrantRequest, Journal, OrderStore, SendRequest } from '../../../adapters/store/port';
import { createStore } from '../../../adapters/store/store';
import { decimal } from '../../../domain/decimal';
import { clientOrderId, positionId as positionIdOf } from '../../../domain/ids';
import type { Instrument } from '../../../domain/instrument';
import { Leg, OrderEvent, type Fill, type OrderView } from '../../../domain/order';
import type { PositionView } from '../../../domain/position';
import { riskLimitsSchema, type RiskLimits } from '../../../domain/risk';

export const DEPLOYMENT = 'test';
export const ACCOUNT = 'main';
export const SESSION = 's1';
export const BAR_MS = 1_750_000_020_000;
export const NOW_MS = BAR_MS + 1_500;
export const EXPIRES_MS = BAR_MS + 60_000;
export const WALL_MS = 1_763_700_000_000;

/** The server which the global set-up (or a person) has started. */
export function serverUrl(): string {
  const url = process.env.BALLAST_TEST_POSTGRES_URL;
  if (url === undefined)
    throw new Error('BALLAST_TEST_POSTGRES_URL is not set: run the tests with `npm test`.');
  return url;
}

export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function runOnServer(server: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** An empty database of its own. */
export async function createDatabase(
  server = serverUrl(),
): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `store_${randomUUID().replaceAll('-', '')}`;
  await runOnServer(server, `CREATE DATABASE ${name}`);
  return {
    url: databaseUrl(server, name),
    drop: () => runOnServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

export interface Bench {
  readonly url: string;
  readonly pool: Pool;
  readonly store: OrderStore & Journal;
  /** Connections that broke while idle. */
  readonly connectionErrors: Error[];
  /** Empties every table and opens the account anew. */
  readonly reset: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A migrated database with a store on it; `maxConnections` decides how much really runs at once. */
export async function createBench(maxConnections = 10): Promise<Bench> {
  const database = await createDatabase();
  await migrate(database.url, () => undefined);
  const connectionErrors: Error[] = [];
  const pool = createPool({
    url: database.url,
    applicationName: 'ballast-test',
    maxConnections,
    onConnectionError: (error) => connectionErrors.push(error),
  });
  const store = createStore(pool);
  return {
    url: database.url,
    pool,
    store,
    connectionErrors,
    reset: async () => {
      await pool.query('TRUNCATE accounts, candles, audit RESTART IDENTITY CASCADE');
      await store.openAccount(ACCOUNT, SESSION);
    },
    close: async () => {
      await pool.end();
      await database.drop();
    },
  };
}

export function instrument(symbol = 'BTC/USDT'): Instrument {
  return {
    symbol,
    base: symbol.split('/')[0] ?? symbol,
    quote: 'USDT',
    tickSize: decimal('0.01'),
    stepSize: decimal('0.001'),
    minQuantity: decimal('0.001'),
    minNotional: decimal('5'),
    makerFee: decimal('0.001'),
    takerFee: decimal('0.001'),
  };
}

export const LIMITS: RiskLimits = riskLimitsSchema.parse({ entrySlippageFraction: 0 });

/** Buys at 100 with the stop at 95: with equity 10,000 and 10 % a position, about 10 units. */
export function grantRequest(change: Partial<GrantRequest> = {}): GrantRequest {
  const symbol = change.proposal?.symbol ?? 'BTC/USDT';
  const { account = ACCOUNT, session = SESSION, strategy = 'rsi', barCloseMs = BAR_MS } = change;
  return {
    deployment: DEPLOYMENT,
    positionId: positionIdOf({ account, session, strategy, symbol, barCloseMs }),
    account,
    session,
    strategy,
    timeframe: '1m',
    barCloseMs,
    proposal: proposal(symbol),
    limits: LIMITS,
    instrument: instrument(symbol),
    freeQuote: decimal('10000'),
    equity: decimal('10000'),
    marketTimeMs: NOW_MS,
    expiresAtMs: EXPIRES_MS,
    ...change,
  };
}

export const proposal = (symbol: string): GrantRequest['proposal'] => ({
  symbol,
  referencePrice: decimal('100'),
  stopPrice: decimal('95'),
  targetPrice: decimal('120'),
  trailDistance: null,
});

export async function mustGrant(
  store: OrderStore,
  change: Partial<GrantRequest> = {},
): Promise<PositionView> {
  const result = await store.grant(grantRequest(change));
  if (!result.granted) throw new Error(`Refused: ${result.code}: ${result.message}`);
  return result.position;
}

export const orderId = (position: PositionView, leg: Leg, sequence = 0): string =>
  clientOrderId({
    deployment: DEPLOYMENT,
    account: position.account,
    session: position.session,
    positionId: position.positionId,
    leg,
    sequence,
  });

export const sendRequest = (clientOrderId: string, change: Partial<SendRequest> = {}): SendRequest => ({
  clientOrderId,
  wallTimeMs: WALL_MS,
  marketTimeMs: NOW_MS,
  sendWindowMs: 2_000,
  emergencyEpoch: null,
  ...change,
});

/** A fill of `order`; its fee is taken from what was received, as on a spot exchange. */
export function fillOf(
  order: OrderView,
  tradeId: string,
  quantity: string,
  change: Partial<Fill> = {},
): Fill {
  return {
    symbol: order.symbol,
    tradeId,
    clientOrderId: order.clientOrderId,
    exchangeOrderId: `x-${order.clientOrderId}`,
    side: order.side,
    price: decimal('100'),
    quantity: decimal(quantity),
    fee: decimal('0'),
    feeAsset: 'BNB',
    liquidity: 'taker',
    marketTimeMs: NOW_MS + 1_000,
    ...change,
  };
}

/** Sends an order and lets the exchange confirm it. */
export async function sendAndOpen(store: OrderStore, clientOrderId: string): Promise<OrderView> {
  const ticket = await store.beginSend(sendRequest(clientOrderId));
  if (ticket.kind !== 'send') throw new Error(`Not sent: ${JSON.stringify(ticket)}`);
  const order = await store.recordEvent({
    clientOrderId,
    event: OrderEvent.SeenOpen,
    exchangeOrderId: `x-${clientOrderId}`,
  });
  if (order === undefined) throw new Error(`Order ${clientOrderId} has vanished.`);
  return order;
}

/** A granted position whose entry has bought `quantity` and ended. */
export async function enter(
  store: OrderStore,
  quantity: string,
  change: Partial<GrantRequest> = {},
): Promise<PositionView> {
  const granted = await mustGrant(store, change);
  const entry = await sendAndOpen(store, orderId(granted, Leg.Entry));
  await store.recordFills(granted.account, [fillOf(entry, `buy-${granted.positionId}`, quantity)], 'stream');
  await store.recordEvent({ clientOrderId: entry.clientOrderId, event: OrderEvent.SeenCancelled });
  return mustFind(store, granted.positionId);
}

export async function mustFind(store: OrderStore, positionId: string): Promise<PositionView> {
  const position = await store.position(positionId);
  if (position === undefined) throw new Error(`Position ${positionId} is not there.`);
  return position;
}

export async function mustOrder(store: OrderStore, clientOrderId: string): Promise<OrderView> {
  const order = await store.order(clientOrderId);
  if (order === undefined) throw new Error(`Order ${clientOrderId} is not there.`);
  return order;
}
