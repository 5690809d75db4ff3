import { marketTimeAt } from '../domain/clock';
import { add, isPositive, lessThan, ZERO, type DecimalString } from '../domain/decimal';
import { clientOrderIdPrefix, isMarked } from '../domain/ids';
import { OrderState } from '../domain/order';
import { TradingMode } from '../domain/risk';
import type { PositionView } from '../domain/position';
import type { AccountState } from '../adapters/store/port';
import type { ActivityDeps } from './deps';

export interface ReconcileInput {
  readonly account: string;
  readonly symbols: readonly string[];
}

/** What the exchange and the journal say about each other. */
export interface ReconcileResult {
  readonly session: string;
  readonly checkedOrders: number;
  readonly recoveredFills: number;
  /** Live positions; each needs a running workflow. */
  readonly livePositions: readonly {
    readonly positionId: string;
    readonly strategy: string;
    readonly symbol: string;
  }[];
  /** What cannot be explained. */
  readonly findings: readonly string[];
}

/** How far back the exchange's fills are read again, in market time, before the oldest live position's grant. */
const LOOK_BACK_MS = 3_600_000;
const RECONCILIATION = 'reconciliation';

/** Exchange truth against the journal. It changes the journal only by what the exchange proves, and never guesses. */
export function createReconciliationActivities(deps: ActivityDeps) {
  const { exchange, store, desk } = deps;
  const prefix = clientOrderIdPrefix(deps.deployment);

  /** Every order whose fate is open is looked up. */
  async function settleOrders(account: string): Promise<number> {
    const unsettled = (await store.unsettledOrders(account)).filter(
      ({ state }) => state !== OrderState.Created,
    );
    for (const { clientOrderId } of unsettled) await desk.resolve(clientOrderId);
    return unsettled.length;
  }

  /** Trades of our orders that the journal missed; strangers' trades are left alone. */
  async function recoverFills(account: string, symbols: readonly string[], sinceMs: number): Promise<number> {
    let recovered = 0;
    for (const symbol of symbols) {
      const fills = await exchange.fillsSince(symbol, sinceMs);
      const { changed } = await store.recordFills(account, fills, 'reconciliation');
      recovered += changed.length;
    }
    return recovered;
  }

  /**
   * Orders under an id of Ballast's that rest or have traded, and that the journal does not know: another deployment on
   * this account, a journal restored from an older copy, or an emergency stop without it. Ours are journaled before they are sent.
   */
  async function strayOrders(symbols: readonly string[], sinceMs: number): Promise<readonly string[]> {
    const open = await exchange.openOrders();
    const past = (await Promise.all(symbols.map((symbol) => exchange.ordersSince(symbol, sinceMs)))).flat();
    const candidates = new Map([...past, ...open].map((report) => [report.clientOrderId, report]));
    const findings: string[] = [];
    for (const { symbol, side, status, filledQuantity, clientOrderId } of candidates.values()) {
      const matters = status === 'open' || isPositive(filledQuantity);
      if (!matters || !isMarked(clientOrderId)) continue;
      if ((await store.order(clientOrderId)) !== undefined) continue;
      const owner = clientOrderId.startsWith(prefix)
        ? 'of this deployment, but the journal does not know it'
        : 'of another deployment';
      findings.push(
        `${side} order ${clientOrderId} on ${symbol} (${status}, filled ${filledQuantity}) is ${owner}`,
      );
    }
    return findings;
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

  /** The account must hold at least what the positions say; more is somebody else's and left alone. */
  async function missingCoins(live: readonly PositionView[]): Promise<readonly string[]> {
    const balances = new Map(
      (await exchange.balances()).map(({ asset, free, locked }) => [asset, add(free, locked)]),
    );
    const held = new Map<string, DecimalString>();
    for (const { instrument, ledger } of live)
      held.set(instrument.base, add(held.get(instrument.base) ?? ZERO, ledger.heldQuantity));
    return [...held].flatMap(([asset, quantity]) => {
      const there = balances.get(asset) ?? ZERO;
      return lessThan(there, quantity)
        ? [`positions hold ${quantity} ${asset}, the account only ${there}`]
        : [];
    });
  }

  /**
   * While nothing of ours is held or wanted, all coins in the account are somebody else's. A grant would be seen in the
   * second look, and no coin is bought without one.
   */
  async function noteForeignHoldings(account: string): Promise<void> {
    const idle = async (): Promise<boolean> => (await store.livePositions(account)).length === 0;
    if (!(await idle())) return;
    const balances = await exchange.balances();
    const holdings = Object.fromEntries(
      balances.map(({ asset, free, locked }) => [asset, add(free, locked)]),
    );
    if (await idle()) await store.recordForeignHoldings(account, holdings);
  }

  return {
    /**
     * Compares orders, fills, balances and positions. Anything unexplained sets REDUCING, with the findings as its
     * reason; REDUCING that a reconciliation set is lifted by one without findings.
     */
    async reconcileAccount(input: ReconcileInput): Promise<ReconcileResult> {
      const { account, symbols } = input;
      const reading = await exchange.clock();
      const nowMs = marketTimeAt(reading, deps.wallTimeMs());
      const state = await enterSession(account, reading.session);
      const oldestMs = Math.min(
        nowMs,
        ...(await store.livePositions(account)).map(({ grantedAtMs }) => grantedAtMs),
      );
      const sinceMs = Math.floor(oldestMs) - LOOK_BACK_MS;
      const recoveredFills = await recoverFills(account, symbols, sinceMs);
      const checkedOrders = await settleOrders(account);
      const strays = await strayOrders(symbols, sinceMs);
      if (strays.length === 0) await noteForeignHoldings(account);
      const live = await store.livePositions(account);
      const findings = [...strays, ...(await missingCoins(live))];
      await setMode(account, state.mode, state.modeReason, findings);
      return {
        session: reading.session,
        checkedOrders,
        recoveredFills,
        livePositions: live.map(({ positionId, strategy, symbol }) => ({ positionId, strategy, symbol })),
        findings,
      };
    },
  };

  async function setMode(
    account: string,
    mode: TradingMode,
    modeReason: string,
    findings: readonly string[],
  ): Promise<void> {
    const mine = `${RECONCILIATION}: `;
    if (findings.length > 0 && mode === TradingMode.Active) {
      await store.setMode(account, TradingMode.Reducing, {
        reason: mine + findings.join('; '),
        by: RECONCILIATION,
      });
    } else if (findings.length === 0 && mode === TradingMode.Reducing && modeReason.startsWith(mine)) {
      await store.setMode(account, TradingMode.Active, {
        reason: 'everything is explained',
        by: RECONCILIATION,
      });
    }
  }
}

export type ReconciliationActivities = ReturnType<typeof createReconciliationActivities>;
