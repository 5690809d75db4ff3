import { marketTimeAt } from '../domain/clock';
import { add, lessThan, ZERO, type DecimalString } from '../domain/decimal';
import { CLIENT_ORDER_ID_MARK, clientOrderIdPrefix } from '../domain/ids';
import { OrderState } from '../domain/order';
import { TradingMode } from '../domain/risk';
import type { PositionView } from '../domain/position';
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

  async function strayOrders(symbols: readonly string[]): Promise<readonly string[]> {
    const findings: string[] = [];
    for (const { symbol, side, clientOrderId } of await exchange.openOrders()) {
      if (!symbols.includes(symbol) || !clientOrderId.startsWith(`${CLIENT_ORDER_ID_MARK}-`)) continue;
      if ((await store.order(clientOrderId)) !== undefined) continue;
      const owner = clientOrderId.startsWith(prefix)
        ? 'of this deployment, but the journal does not know it'
        : 'of another deployment';
      findings.push(`open ${side} order ${clientOrderId} on ${symbol} is ${owner}`);
    }
    return findings;
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
      const state = await store.openAccount(account, reading.session);
      const oldestMs = Math.min(
        nowMs,
        ...(await store.livePositions(account)).map(({ grantedAtMs }) => grantedAtMs),
      );
      const recoveredFills = await recoverFills(account, symbols, Math.floor(oldestMs) - LOOK_BACK_MS);
      const checkedOrders = await settleOrders(account);
      await noteForeignHoldings(account);
      const live = await store.livePositions(account);
      const otherSessions = live.filter(({ session }) => session !== reading.session);
      const findings = [
        ...(await strayOrders(symbols)),
        ...(await missingCoins(live)),
        ...otherSessions.map(
          ({ positionId, session }) =>
            `${positionId} belongs to session ${session}, the exchange is in ${reading.session}`,
        ),
      ];
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
