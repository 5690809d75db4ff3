import type { ExchangePort, Quote } from '../adapters/exchange/port';
import { listedQuotes } from '../adapters/exchange/try-each';
import { decimal, type DecimalString } from '../domain/decimal';
import { delistedFinding } from '../domain/delisting';
import { findingKey, type Finding } from '../domain/findings';
import { mayBeLive } from '../domain/order';
import { isDelisted, type PositionView } from '../domain/position';
import type { ActivityDeps } from './deps';
import { wakePosition } from './wake';

/** Pairs of positions, as the exchange knows them at one moment. */
export interface Listings {
  readonly quotes: ReadonlyMap<string, Quote>;
  /** Pairs that are proven to be delisted: a request about them and one for their rules were refused as unknown. */
  readonly delisted: ReadonlySet<string>;
}

/**
 * Asks for the quotes of all these positions' pairs. A pair whose quote is refused as unknown has been delisted when the journal knows
 * it already, or when the exchange does not describe it either; otherwise the exchange contradicts itself, and the pair is left out.
 * @throws ExchangeFailure when the exchange cannot be asked about one
 */
export async function readListings(
  exchange: Pick<ExchangePort, 'quotes' | 'isListed'>,
  positions: readonly PositionView[],
): Promise<Listings> {
  const symbols = [...new Set(positions.map(({ symbol }) => symbol))];
  const { answers, unknown } = await listedQuotes(exchange, symbols);
  const known = new Set(positions.filter(isDelisted).map(({ symbol }) => symbol));
  const delisted = new Set<string>();
  for (const symbol of unknown)
    if (known.has(symbol) || !(await exchange.isListed(symbol))) delisted.add(symbol);
  return { quotes: new Map(answers.map((quote) => [quote.symbol, quote])), delisted };
}

/**
 * Journals with each position whether its pair is listed, and tells its owner of a change. Orders of a pair that is gone are gone with it:
 * the journal learns that here.
 */
export async function noteListings(
  { store, desk, owners, wallTimeMs }: Pick<ActivityDeps, 'store' | 'desk' | 'owners' | 'wallTimeMs'>,
  positions: readonly PositionView[],
  { quotes, delisted }: Listings,
): Promise<void> {
  for (const position of positions) {
    const { account, positionId, symbol, orders } = position;
    const gone = delisted.has(symbol);
    if (!gone && !quotes.has(symbol)) continue;
    const isNews = await store.setDelisted(positionId, gone ? wallTimeMs() : null);
    const live = gone ? orders.filter(({ state }) => mayBeLive(state)) : [];
    for (const { clientOrderId } of live) {
      const { order, alsoChanged } = await desk.resolve(clientOrderId);
      for (const changed of [order, ...alsoChanged]) await owners.notifyOrder(changed);
    }
    if (isNews) await wakePosition(owners, account, positionId);
    // What reduced the account may be over.
    if (isNews && !gone) await owners.wakeReconciliation(account, `${symbol} is listed again`);
  }
}

/** What a person is told of a position whose pair is gone. */
export async function describeDelisting(
  { store, exchange }: Pick<ActivityDeps, 'store' | 'exchange'>,
  position: PositionView,
): Promise<Finding> {
  return delistedFinding(position, await lastKnownPrice(store, exchange.venue, position));
}

/** The close of the newest bar that the journal has of the pair, else what was paid. */
export async function lastKnownPrice(
  store: Pick<ActivityDeps['store'], 'candles'>,
  venue: string,
  { session, symbol, timeframe, ledger }: PositionView,
): Promise<DecimalString | null> {
  const key = { venue, session, symbol, timeframe };
  const [bar] = await store.candles(key, Number.MAX_SAFE_INTEGER, 1);
  return bar === undefined ? ledger.averageEntry : decimal(String(bar.close));
}

/**
 * Says once of every position on a pair that is gone what is the matter: a risk event, and a reconciliation, which reduces the account.
 * The reconciliation is asked for first, so that a process that dies in between says it again.
 */
export class DelistingAlarm {
  private readonly raised = new Set<string>();

  constructor(private readonly deps: Pick<ActivityDeps, 'store' | 'exchange' | 'owners' | 'log'>) {}

  /** @param positions live ones, as journaled now */
  async raise(positions: readonly PositionView[], marketTimeMs: number | null): Promise<void> {
    const { store, owners, log } = this.deps;
    for (const position of positions.filter(isDelisted)) {
      const { account, positionId } = position;
      const finding = await describeDelisting(this.deps, position);
      const key = findingKey(finding);
      if (this.raised.has(key)) continue;
      if (!(await store.hasRiskEvent(account, key))) {
        log.warn({ account, positionId }, finding.message);
        await owners.wakeReconciliation(account, `${finding.kind}: ${positionId}`);
        const { kind: code, message } = finding;
        await store.recordRiskEvent({ account, code, message, marketTimeMs, key });
      }
      this.raised.add(key);
    }
  }
}
