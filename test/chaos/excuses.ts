import { Leg, OrderState } from '../../domain/order';
import type { JournaledPosition, JournalRecord } from '../crash/harness/journal-record';
import type { UnservedCall } from '../crash/harness/exchange-proxy';
import type { Span } from './statistics';

/** Wall time in which nobody could have placed the stop of a position, and why. */
export interface Excuse extends Span {
  readonly why: string;
}

/** Wall time in which the exchange took no orders at all, or none on one pair. */
export interface Outage extends Excuse {
  /** The exchange's name of the only pair that it is about. */
  readonly symbol?: string;
}

/** What the exchange did not do, and when. */
export interface Silence {
  readonly outages: readonly Outage[];
  readonly unserved: readonly UnservedCall[];
}

/**
 * How long each planned outage really lasted: what is planned dies with the exchange, except for the break of a pair, which
 * is journaled and lasts until anybody ends it.
 * @param killedMs when the exchange was killed, wall times in any order
 */
export const outagesOf = (planned: readonly Outage[], killedMs: readonly number[]): readonly Outage[] =>
  planned.map((outage) => {
    const { fromMs, toMs, symbol } = outage;
    const ends =
      symbol === undefined
        ? killedMs
        : planned.filter((other) => other.symbol === symbol).map((other) => other.toMs);
    return { ...outage, toMs: Math.min(toMs, ...ends.filter((endMs) => endMs > fromMs)) };
  });

/**
 * When nobody could have placed the stop of a position, and nothing else:
 *
 * - outages, and bans from the answer that told of them until the time it named: everybody's. An outage of one pair is
 *   that of its positions.
 * - a request that was to change an order of this very position (place, replace, cancel) and was not served: from its
 *   arrival until its sender gave up. When it was to place a stop or an exit, proved nothing, and came to nothing: until its
 *   absence could be proven, before which a second one might sell twice.
 * - a look-up of its order, or of its pair when it names no order, that was not served: while such a change was not
 *   proven, which is when the answer was needed.
 *
 * What was not served to others excuses nothing.
 * @param proofMs from the end of a lost request until it can be proven that it placed nothing
 */
export function excusesOf(
  { orders }: Pick<JournalRecord, 'orders'>,
  { outages, unserved }: Silence,
  proofMs: number,
): (position: JournaledPosition) => readonly Excuse[] {
  const known = new Map(orders.map((order) => [order.clientOrderId, order]));
  const bans = unserved.flatMap(({ key, toMs, bannedUntilMs, why }): readonly Excuse[] =>
    bannedUntilMs === undefined ? [] : [{ fromMs: toMs, toMs: bannedUntilMs, why: `${why} to ${key}` }],
  );
  const provenMs = ({ clientOrderId = '', isClear, toMs }: UnservedCall): number => {
    const order = known.get(clientOrderId);
    const cameToNothing = order?.state === OrderState.Abandoned && order.leg !== Leg.Entry;
    return cameToNothing && !isClear ? toMs + proofMs : toMs;
  };
  return ({ positionId, instrument: { base, quote } }) => {
    const pair = `${base}${quote}`;
    const own = unserved.filter(({ clientOrderId, symbol }) =>
      clientOrderId === undefined ? symbol === pair : known.get(clientOrderId)?.positionId === positionId,
    );
    const changes = own.filter((call) => call.clientOrderId !== undefined && !isLookUp(call));
    const isNeeded = ({ fromMs }: UnservedCall): boolean =>
      changes.some((change) => change.fromMs <= fromMs && fromMs <= change.toMs + proofMs);
    const lookUps = own.filter((call) => isLookUp(call) && isNeeded(call));
    return [
      ...outages.filter(({ symbol }) => symbol === undefined || symbol === pair),
      ...bans,
      ...changes.map((call) => ({ fromMs: call.fromMs, toMs: provenMs(call), why: told(call) })),
      ...lookUps.map((call) => ({ fromMs: call.fromMs, toMs: call.toMs, why: told(call) })),
    ];
  };
}

const isLookUp = ({ key }: UnservedCall): boolean => key.startsWith('GET ');
const told = ({ key, clientOrderId, symbol = '', why }: UnservedCall): string =>
  `${key} of ${clientOrderId === undefined ? symbol : `\`${clientOrderId}\``}: ${why}`;
