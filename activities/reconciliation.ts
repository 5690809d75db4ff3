import { marketTimeAt } from '../domain/clock';
import { isMarked } from '../domain/ids';
import type { Fill } from '../domain/order';
import { isBare } from '../domain/planner';
import type { PositionView } from '../domain/position';
import {
  DeedKind,
  findingKey,
  FindingKind,
  isUnexplained,
  StrayPolicy,
  type Finding,
  type ReconciliationReport,
} from '../domain/findings';
import { type StrategyPace } from '../domain/reconciliation';
import { TradingMode } from '../domain/risk';
import type { AccountState } from '../adapters/store/port';
import type { ActivityDeps } from './deps';
import { noteListings, readListings } from './listings';
import type { Protect } from './protection';
import { compareSince, matters, readExchange, type ExchangeRecord } from './reconciling/exchange-record';
import { Findings, journalFindings } from './reconciling/findings';
import { compareHoldings, noteForeignHoldings, noteStranded, type Shortfalls } from './reconciling/holdings';
import { learnKnownOrders, settleOrders } from './reconciling/known-orders';
import { noteDirectStops, placeStrays } from './reconciling/strays';

export interface ReconcileInput {
  readonly account: string;
  readonly symbols: readonly string[];
  /** What to do about strays; `alert` when absent. */
  readonly strays?: StrayPolicy;
  readonly strategies?: readonly StrategyPace[];
  /** Shortfalls that the look before has found: the same ones now are facts. */
  readonly suspected?: Shortfalls;
  /** Findings of others, to be journaled and told with these. */
  readonly told?: readonly Finding[];
}

/** What the exchange and the journal say about each other. */
export interface ReconcileResult extends Omit<ReconciliationReport, 'adoptedPositions'> {
  /** Live positions; each needs a running workflow. */
  readonly livePositions: readonly Pick<PositionView, 'positionId' | 'strategy' | 'symbol'>[];
  /** What the next look is to confirm. */
  readonly suspected: Shortfalls;
  /** Something was under way: a look in a moment may see more. */
  readonly lookAgain: boolean;
}

const RECONCILIATION = 'reconciliation';
/** Findings that a mode's reason names; the report has them all. */
const NAMED_FINDINGS = 3;

/**
 * Exchange truth against the journal. It changes the journal only by what the exchange proves, and never guesses.
 * @param protect sends at once what a position lacks that is bare by what was learnt; absent where nothing may be sent yet
 */
export function createReconciliationActivities(deps: ActivityDeps, protect?: Protect) {
  const { exchange, store } = deps;

  /** Trades of our orders that the journal missed, and the account's trades that are nobody's order of ours. */
  async function recoverFills(
    account: string,
    { fills, reports }: ExchangeRecord,
    findings: Findings,
  ): Promise<number> {
    const { changed, ownerless } = await store.recordFills(account, fills, 'reconciliation');
    if (changed.length > 0) {
      const ids = changed.map(({ clientOrderId }) => clientOrderId).join(', ');
      findings.did(DeedKind.FillsRecovered, ids, `fills that the journal lacked: of ${ids}`);
    }
    for (const order of changed) await deps.owners.notifyOrder(order);
    const nameOf = new Map(reports.map((report) => [report.exchangeOrderId, report.clientOrderId]));
    for (const fill of ownerless) {
      const clientOrderId = nameOf.get(fill.exchangeOrderId) ?? fill.clientOrderId;
      if (!isMarked(clientOrderId)) noteManualTrade(fill, clientOrderId, findings);
    }
    return changed.length;
  }

  async function protectBare(account: string): Promise<void> {
    if (protect === undefined) return;
    const bare = (await store.livePositions(account)).filter(isBare);
    const changed = await Promise.all(bare.map(({ positionId }) => protect(positionId)));
    for (const order of changed.flat()) await deps.owners.notifyOrder(order);
  }

  /**
   * An exchange that was reset took the orders and coins of its last session along. What the journal still has open there
   * is nobody's any more, and only a person can say that this is as it should be.
   */
  async function enterSession(account: string, session: string): Promise<AccountState> {
    const before = await store.account(account);
    const moved = before !== undefined && before.session !== session;
    const stranded = moved ? await store.livePositions(account) : [];
    const state = await store.openAccount(account, session);
    if (before === undefined || stranded.length === 0 || state.mode !== TradingMode.Active) return state;
    const ids = stranded.map(({ positionId }) => positionId).join(', ');
    const reason = `the exchange went from session ${before.session} to ${session} and left behind ${ids}`;
    return store.setMode(account, TradingMode.Reducing, { reason, by: RECONCILIATION });
  }

  /**
   * Unexplained findings reduce, until a comparison without them. Somebody who sold everything by hand or by the direct
   * stop wants no new positions: that lasts until a person resumes.
   */
  async function setMode(account: string, findings: readonly Finding[]): Promise<TradingMode> {
    const state = await store.account(account);
    if (state === undefined) throw new Error(`Account ${account} is not in the journal.`);
    const { mode, modeReason } = state;
    const unexplained = findings.filter(isUnexplained);
    const direct = findings.filter(({ kind }) => kind === FindingKind.DirectStop);
    const mine = `${RECONCILIATION}: `;
    const change = async (to: TradingMode, reason: string): Promise<TradingMode> =>
      (await store.setMode(account, to, { reason, by: RECONCILIATION })).mode;
    if (mode === TradingMode.Active && direct.length > 0)
      return change(TradingMode.Reducing, nameSome(direct));
    if (mode === TradingMode.Active && unexplained.length > 0)
      return change(TradingMode.Reducing, mine + nameSome(unexplained));
    const explained =
      mode === TradingMode.Reducing && modeReason.startsWith(mine) && unexplained.length === 0;
    return explained ? change(TradingMode.Active, 'everything is explained') : mode;
  }

  return {
    /**
     * Compares orders, fills, balances and positions, learns what can be explained, and places strays by policy. Anything
     * unexplained sets REDUCING, with the findings as its reason; REDUCING that a reconciliation set is lifted by one without.
     */
    async reconcileAccount(input: ReconcileInput): Promise<ReconcileResult> {
      const { account } = input;
      const reading = await exchange.clock();
      const { session } = reading;
      const nowMs = Math.floor(marketTimeAt(reading, deps.wallTimeMs()));
      await enterSession(account, session);
      const findings = new Findings();
      const sinceMs = await compareSince(store, account, session, nowMs);
      const positions = await store.livePositions(account);
      await noteListings(deps, positions, await readListings(exchange, positions));
      const held = positions.map(({ symbol }) => symbol);
      const record = await readExchange(exchange, [...new Set([...input.symbols, ...held])], sinceMs);

      const unknown = await learnKnownOrders(deps, account, record, nowMs, findings);
      const recoveredFills = await recoverFills(account, record, findings);
      const { strays: policy = StrayPolicy.Alert, strategies = [] } = input;
      await placeStrays(deps, { account, session }, unknown, { policy, strategies, sinceMs }, findings);
      await noteDirectStops(deps, record.reports, findings);
      const unsettled = await settleOrders(deps, account, record, findings);
      await protectBare(account);
      if (findings.unexplainedCount === 0 && !unknown.some(matters)) await noteForeignHoldings(deps, account);
      const suspected = await compareHoldings(deps, account, input.suspected ?? {}, findings);
      await noteStranded(deps, account, findings);

      const all = new Map([...(input.told ?? []), ...findings.found].map((each) => [findingKey(each), each]));
      const found = await journalFindings(store, account, [...all.values()], nowMs);
      const mode = await setMode(account, found);
      const live = await store.livePositions(account);
      return {
        ...{ session, marketTimeMs: nowMs, sinceMs, mode, recoveredFills, suspected },
        checkedOrders: unsettled,
        livePositions: live.map(({ positionId, strategy, symbol }) => ({ positionId, strategy, symbol })),
        findings: found,
        done: findings.done,
        lookAgain: findings.lookAgain,
      };
    },

    /** Keeps the report of a run. `key` makes a repetition harmless. */
    async recordReconciliation(entry: {
      readonly account: string;
      readonly key: string;
      readonly trigger: string;
      readonly report: ReconciliationReport;
    }): Promise<void> {
      const { session, marketTimeMs } = entry.report;
      await store.recordReconciliation({ ...entry, session, marketTimeMs });
    },
  };
}

export type ReconciliationActivities = ReturnType<typeof createReconciliationActivities>;

function noteManualTrade(fill: Fill, clientOrderId: string, findings: Findings): void {
  const { symbol, tradeId, side, quantity, price } = fill;
  const message = `somebody else's order ${clientOrderId === '' ? fill.exchangeOrderId : clientOrderId} traded on ${symbol}: ${side} ${quantity} at ${price}`;
  findings.notice(FindingKind.ManualTrade, `${symbol}/${tradeId}/${side}`, message);
}

function nameSome(findings: readonly Finding[]): string {
  const named = findings.slice(0, NAMED_FINDINGS).map(({ message }) => message);
  const more = findings.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more; see ballast reconcile --last`] : [])].join('; ');
}
