import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';
import type { Leg } from './order';

/** Every client order id of Ballast begins with this, so strangers' orders are told apart at a glance. */
const CLIENT_ORDER_ID_MARK = 'bl';

/** True for the orders of any deployment of Ballast. */
export const isMarked = (clientOrderId: string): boolean =>
  clientOrderId.startsWith(`${CLIENT_ORDER_ID_MARK}-`);

const digest = (text: string, length: number): string => bytesToHex(sha256(text)).slice(0, length);

/** The prefix of one deployment's client order ids: orders with another belong to somebody else. */
export const clientOrderIdPrefix = (deployment: string): string =>
  `${CLIENT_ORDER_ID_MARK}-${digest(`deployment/${deployment}`, 6)}-`;

export interface OrderKey {
  readonly deployment: string;
  readonly account: string;
  readonly session: string;
  readonly positionId: string;
  readonly leg: Leg;
  readonly sequence: number;
}

/**
 * The client order id: a pure function of what the order is for, so it is known before the send and a replay
 * deduplicates itself. 34 characters of `[a-z0-9-]`; Binance allows 36.
 */
export function clientOrderId(key: OrderKey): string {
  const identity = [key.deployment, key.account, key.session, key.positionId, key.leg, String(key.sequence)];
  return clientOrderIdPrefix(key.deployment) + digest(JSON.stringify(identity), 24);
}

/** No digit of a hash: it sets the sells of `emergency-stop --direct`, which no journal has planned, apart from all others. */
const DIRECT_STOP_MARK = 'x';

/** The client order id of one order of a direct stop, which began at `startedAtMs` and numbers what it sends on a pair. */
export function directStopOrderId(key: {
  readonly deployment: string;
  readonly account: string;
  readonly symbol: string;
  readonly startedAtMs: number;
  readonly sequence: number;
}): string {
  const { deployment, account, symbol, startedAtMs, sequence } = key;
  const identity = [deployment, account, symbol, String(startedAtMs), String(sequence)];
  return clientOrderIdPrefix(deployment) + DIRECT_STOP_MARK + digest(JSON.stringify(identity), 23);
}

/** True for an order of this deployment's direct stop. */
export const isDirectStopOrder = (deployment: string, clientOrderId: string): boolean =>
  clientOrderId.startsWith(clientOrderIdPrefix(deployment) + DIRECT_STOP_MARK);

export interface PositionKey {
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly symbol: string;
  readonly barCloseMs: number;
}

/** The id of a position, which is also the id of the workflow that owns it. */
export const positionId = (key: PositionKey): string =>
  `position/${key.account}/${key.session}/${key.strategy}/${key.symbol.replace('/', '-')}/${key.barCloseMs}`;

/** Names a job by what it does: the same work has the same name. */
export const jobHash = (identity: readonly string[]): string => digest(JSON.stringify(identity), 16);
