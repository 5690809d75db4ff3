import { listedQuotes } from '../adapters/exchange/try-each';
import { greaterThan } from '../domain/decimal';
import { Leg, OrderState, type OrderView } from '../domain/order';
import type { ActivityDeps } from './deps';
import { tellOwner } from './wake';

/**
 * Journals which resident stops the market has reached, by its last price, and tells their owners. An exchange says so itself as a
 * rule; this is for one that holds a stop back without a word. A stop that sells in the same moment makes it idle news.
 */
export async function noteReachedStops(
  { exchange, store, desk, owners }: Pick<ActivityDeps, 'exchange' | 'store' | 'desk' | 'owners'>,
  account: string,
): Promise<void> {
  // Read before the prices: a stop that rests only since then was accepted above them, or refused.
  const waiting = (await store.livePositions(account)).flatMap(({ orders }) => orders).filter(isWaiting);
  if (waiting.length === 0) return;
  const { answers: quotes } = await listedQuotes(exchange, [...new Set(waiting.map(({ symbol }) => symbol))]);
  const lastPrices = new Map(quotes.map(({ symbol, last }) => [symbol, last]));
  for (const { symbol, stopPrice, clientOrderId } of waiting) {
    const last = lastPrices.get(symbol);
    if (last === undefined || stopPrice === null || greaterThan(last, stopPrice)) continue;
    await tellOwner(owners, await desk.news.learnTriggered(clientOrderId));
  }
}

const isWaiting = ({ leg, state, triggeredAtMs }: OrderView): boolean =>
  leg === Leg.Stop && state === OrderState.Open && typeof triggeredAtMs !== 'number';
