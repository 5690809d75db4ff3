import type {
  AccountState,
  Decision,
  DecisionKey,
  GrantRequest,
  GrantResult,
  Journal,
  OrderStore,
} from '../../adapters/store/port';
import { judgeLane, type OpenLane } from '../../adapters/store/lanes';
import { DecisionOutcome } from '../../adapters/store/port';
import type { SettingsEntry } from '../../adapters/store/run-record';
import type { Bar } from '../../domain/bar';
import { compare, greaterThan, ONE, ZERO } from '../../domain/decimal';
import { positionId as positionIdOf } from '../../domain/ids';
import { roundLongStop } from '../../domain/instrument';
import { isTerminal, Leg, OrderState, type OrderView } from '../../domain/order';
import { sellable } from '../../domain/planner';
import { PositionState, type PositionView } from '../../domain/position';
import { sizePosition, TradingMode, type Verdict } from '../../domain/risk';
import type { FailureStreak, RequestKind } from '../../domain/triggers';
import { MemoryOrders } from './memory-orders';

/** Whose client order ids recovered positions give out. */
const DEPLOYMENT = 'test';

type Method<K extends keyof (OrderStore & Journal)> = (OrderStore & Journal)[K];
type Of<K extends keyof (OrderStore & Journal)> = Parameters<Method<K>>;

const bySymbol = (a: { readonly symbol: string }, b: { readonly symbol: string }): number =>
  a.symbol < b.symbol ? -1 : 1;

/** A transaction: what it throws is a rejection, and others may run before its caller does. */
const transaction = <T>(work: () => T): Promise<T> =>
  new Promise((resolve) => {
    resolve(work());
  });

/**
 * The journal in memory, for tests of what stands above it. The store in PostgreSQL has tests of its own; this one keeps
 * to the same promises: once-only sends, epochs, quantities decided at the send, sticky wishes, fills counted once.
 */
export class MemoryStore implements OrderStore, Journal {
  readonly orders = new MemoryOrders();
  readonly decisions: Decision[] = [];
  readonly settings: SettingsEntry[] = [];
  readonly riskEvents: Of<'recordRiskEvent'>[0][] = [];
  /** Keys of changes of the mode. */
  private readonly changes = new Set<string>();
  readonly audits: Of<'audit'>[0][] = [];
  readonly reconciliations: (Of<'recordReconciliation'>[0] & { readonly recordedAt: string })[] = [];
  /** Keys of findings that a person has resumed trading in spite of. */
  private readonly accepted = new Set<string>();
  private readonly accounts = new Map<string, AccountState>();
  private readonly halts = new Map<string, number>();
  private readonly lanes = new Map<string, OpenLane>();
  /** By position. */
  private readonly refusals = new Map<string, GrantResult>();
  private readonly bars = new Map<string, Map<number, Bar>>();
  private readonly streaks = new Map<RequestKind, FailureStreak>();
  private missingStops: ReadonlyMap<string, number> = new Map();

  openAccount(account: string, session: string): Promise<AccountState> {
    return transaction(() => {
      const known = this.accounts.get(account);
      const measuredSince = { wallTimeMs: 0, marketTimeMs: 0 };
      const fresh = { account, mode: TradingMode.Active, modeReason: 'opened', haltEpoch: 0, measuredSince };
      const anew = { session, equity: null, foreignHoldings: {} };
      const state = known?.session === session ? known : { ...fresh, ...known, ...anew };
      this.accounts.set(account, state);
      return state;
    });
  }

  account(account: string): Promise<AccountState | undefined> {
    return transaction(() => this.accounts.get(account));
  }

  recordForeignHoldings(account: string, foreignHoldings: AccountState['foreignHoldings']): Promise<void> {
    return transaction(() => {
      this.accounts.set(account, { ...this.accountOf(account), foreignHoldings });
    });
  }

  raiseHalt(account: string, halt: Of<'raiseHalt'>[1]): Promise<number> {
    return transaction(() => {
      const known = this.halts.get(halt.key);
      if (known !== undefined) return known;
      const state = this.accountOf(account);
      if (state.mode === TradingMode.Halted) return state.haltEpoch;
      const haltEpoch = state.haltEpoch + 1;
      this.halts.set(halt.key, haltEpoch);
      this.accounts.set(account, { ...state, haltEpoch, mode: TradingMode.Halted, modeReason: halt.reason });
      return haltEpoch;
    });
  }

  setMode(account: string, mode: TradingMode, change: Of<'setMode'>[2]): Promise<AccountState> {
    return transaction(() => {
      const state = this.accountOf(account);
      if (change.key !== undefined && this.changes.has(change.key)) return state;
      if (state.mode === TradingMode.Halted && change.epoch !== state.haltEpoch)
        throw new Error(`stale-epoch: account ${account} is halted in epoch ${state.haltEpoch}`);
      if (change.key !== undefined) this.changes.add(change.key);
      if (state.mode === mode) return state;
      const changed = { ...state, mode, modeReason: change.reason };
      const after = change.measureAfresh === undefined ? changed : this.afresh(changed, change.measureAfresh);
      this.accounts.set(account, after);
      const byPerson = change.by !== 'reconciliation' && change.by !== 'risk-desk';
      if (mode === TradingMode.Active && byPerson)
        for (const { key } of this.riskEvents) this.accepted.add(key);
      return after;
    });
  }

  /** What risk says of a request, by the account as it is. */
  private judge(request: GrantRequest): Verdict {
    const { account, proposal, limits, instrument, equity, freeQuote, sizeFactor = ONE } = request;
    const state = this.accountOf(account);
    const live = this.orders.positions(account).filter((each) => each.state === PositionState.Live);
    const marks = state.equity ?? { equityAtDayStart: equity, peakEquity: equity };
    const exposure = instrument.minNotional;
    const { mode } = state;
    const snapshot = { ...marks, equity, freeQuote, exposure, openPositions: live.length, mode };
    return sizePosition({ proposal, snapshot, limits, instrument, sizeFactor });
  }

  preview(...[request]: Of<'preview'>): ReturnType<OrderStore['preview']> {
    return transaction(() => {
      const fenced = this.fence(request);
      if (fenced !== undefined) return { granted: false, ...fenced };
      const verdict = this.judge(request);
      if (verdict.approved) return { granted: true, intent: verdict.intent };
      return { granted: false, code: verdict.code, message: verdict.message };
    });
  }

  grant(request: GrantRequest): Promise<GrantResult> {
    return transaction(() => {
      const { positionId, account } = request;
      const known = this.orders.position(positionId);
      if (known !== undefined) return { granted: true, position: known };
      const refused = this.refusals.get(positionId);
      if (refused !== undefined) return refused;
      const fenced = this.fence(request);
      if (fenced !== undefined) return { granted: false, ...fenced };
      const state = this.accountOf(account);
      const verdict = this.judge(request);
      if (!verdict.approved) {
        const answer = { granted: false as const, code: verdict.code, message: verdict.message };
        this.refusals.set(positionId, answer);
        return answer;
      }
      const { marketTimeMs: grantedAtMs, ...granted } = request;
      const blank = { exitReason: null, openedAtMs: null, closedAtMs: null };
      this.orders.open({ ...granted, ...verdict.intent, ...blank, grantedAtMs, epoch: state.haltEpoch });
      return { granted: true, position: this.orders.known(positionId) };
    });
  }

  private fence(request: GrantRequest): ReturnType<typeof judgeLane> {
    return judgeLane(this.lanes.get(JSON.stringify([request.account, request.strategy])), request);
  }

  openLane(...[{ account, strategy, entriesPaused, reason }]: Of<'openLane'>): Promise<number> {
    return transaction(() => {
      this.accountOf(account);
      const key = JSON.stringify([account, strategy]);
      const generation = (this.lanes.get(key)?.generation ?? 0) + 1;
      this.lanes.set(key, { generation, entriesPaused, reason });
      return generation;
    });
  }

  position(positionId: string): ReturnType<OrderStore['position']> {
    return transaction(() => this.orders.position(positionId));
  }

  livePositions(account: string): ReturnType<OrderStore['livePositions']> {
    return transaction(() => {
      const session = this.accounts.get(account)?.session;
      return this.orders
        .positions(account)
        .filter((each) => each.state === PositionState.Live && each.session === session);
    });
  }

  wishExit(...[positionId, reason]: Of<'wishExit'>): Promise<boolean> {
    return transaction(() =>
      this.orders.wish(positionId, (row) => {
        row.exitReason ??= reason;
      }),
    );
  }

  wishStop(...[positionId, stopPrice]: Of<'wishStop'>): Promise<boolean> {
    return transaction(() =>
      this.orders.wish(positionId, (row) => {
        if (greaterThan(stopPrice, row.stopPrice)) row.stopPrice = stopPrice;
      }),
    );
  }

  updateInstrument(...[positionId, instrument]: Of<'updateInstrument'>): Promise<void> {
    return transaction(() => {
      this.orders.wish(positionId, (row) => {
        row.instrument = instrument;
        row.stopPrice = roundLongStop(instrument, row.stopPrice);
      });
    });
  }

  plan(...[plan]: Of<'plan'>): Promise<OrderView> {
    return transaction(() => this.orders.plan(plan));
  }

  beginSend(...[request]: Of<'beginSend'>): ReturnType<OrderStore['beginSend']> {
    return transaction(() => {
      const account = this.orders.order(request.clientOrderId)?.account ?? '';
      return this.orders.beginSend(this.accountOf(account), request);
    });
  }

  order(clientOrderId: string): Promise<OrderView | undefined> {
    return transaction(() => this.orders.order(clientOrderId));
  }

  recordEvent(...[news]: Of<'recordEvent'>): Promise<OrderView | undefined> {
    return transaction(() => this.orders.note(news));
  }

  recordFills(...[, fills]: Of<'recordFills'>): ReturnType<OrderStore['recordFills']> {
    return transaction(() => {
      const changed = fills.flatMap((fill) => this.orders.fill(fill) ?? []);
      const ownerless = fills.filter((fill) => this.orders.order(fill.clientOrderId) === undefined);
      return { changed, ownerless };
    });
  }

  recordUnprotected(...[positionId, key, durationMs]: Of<'recordUnprotected'>): Promise<void> {
    return transaction(() => {
      this.orders.recordGap(positionId, key, durationMs);
    });
  }

  closePosition(
    ...[positionId, reason, marketTimeMs]: Of<'closePosition'>
  ): ReturnType<OrderStore['closePosition']> {
    return transaction(() => {
      const position = this.orders.known(positionId);
      const over = (order: OrderView): boolean =>
        isTerminal(order.state) || (order.state === OrderState.Created && order.leg !== Leg.Entry);
      if (sellable(position).dust !== undefined && position.orders.every(over))
        this.orders.close(positionId, reason, marketTimeMs);
      return this.orders.known(positionId);
    });
  }

  unsettledOrders(account: string): Promise<readonly OrderView[]> {
    return transaction(() => this.orders.ordersOf(account).filter(({ state }) => !isTerminal(state)));
  }

  inferFill(...[id, executed]: Of<'inferFill'>): Promise<OrderView | undefined> {
    return transaction(() => this.orders.infer(id, executed));
  }

  recentPositions(...[account, sinceMs]: Of<'recentPositions'>): ReturnType<OrderStore['livePositions']> {
    return transaction(() => {
      const session = this.accounts.get(account)?.session;
      const isRecent = ({ state, closedAtMs }: PositionView): boolean =>
        state === PositionState.Live || (closedAtMs !== null && closedAtMs >= sinceMs);
      return this.orders.positions(account).filter((each) => each.session === session && isRecent(each));
    });
  }

  adoptOrder(...[found]: Of<'adoptOrder'>): Promise<OrderView> {
    return transaction(() => this.orders.adopt(found));
  }

  adoptSale(...[sale]: Of<'adoptSale'>): Promise<readonly string[]> {
    return transaction(() => this.orders.adoptSale(sale));
  }

  recoverPosition(...[found]: Of<'recoverPosition'>): Promise<PositionView> {
    return transaction(() => this.orders.recover(found, this.accountOf(found.account), DEPLOYMENT));
  }

  setMissing(...[positionId, missing]: Of<'setMissing'>): Promise<boolean> {
    return transaction(() => {
      const news = compare(this.orders.known(positionId).missingQuantity ?? ZERO, missing) !== 0;
      this.orders.wish(positionId, (row) => {
        row.missingQuantity = missing;
      });
      return news;
    });
  }

  setDelisted(...[positionId, sinceMs]: Of<'setDelisted'>): Promise<boolean> {
    return transaction(() => {
      const { state, delistedAtMs = null } = this.orders.known(positionId);
      if (state !== PositionState.Live || (delistedAtMs === null) === (sinceMs === null)) return false;
      return this.orders.wish(positionId, (row) => {
        row.delistedAtMs = sinceMs;
      });
    });
  }

  recordFindings(
    ...[account, findings, marketTimeMs]: Of<'recordFindings'>
  ): ReturnType<Journal['recordFindings']> {
    return transaction(() => {
      const knownBefore = new Set(this.riskEvents.map(({ key }) => key));
      const keys = findings.map(({ key }) => key);
      for (const finding of findings)
        if (!knownBefore.has(finding.key)) this.riskEvents.push({ ...finding, account, marketTimeMs });
      const fresh = new Set(keys.filter((key) => !knownBefore.has(key)));
      return { fresh, accepted: new Set(keys.filter((key) => this.accepted.has(key))) };
    });
  }

  recordReconciliation(...[entry]: Of<'recordReconciliation'>): Promise<void> {
    return transaction(() => {
      if (this.reconciliations.some(({ key }) => key === entry.key)) return;
      this.reconciliations.push({ ...entry, recordedAt: new Date(entry.marketTimeMs).toISOString() });
    });
  }

  lastReconciliation(account: string): ReturnType<Journal['lastReconciliation']> {
    return transaction(() => this.reconciliations.findLast((entry) => entry.account === account));
  }

  saveCandles(...[key, bars]: Of<'saveCandles'>): Promise<void> {
    return transaction(() => {
      const name = JSON.stringify(key);
      const known = this.bars.get(name) ?? new Map<number, Bar>();
      for (const bar of bars) known.set(bar.openTimeMs, bar);
      this.bars.set(name, known);
    });
  }

  candles(...[key, untilMs, limit]: Of<'candles'>): Promise<readonly Bar[]> {
    return transaction(() => {
      const known = [...(this.bars.get(JSON.stringify(key))?.values() ?? [])];
      const closed = known.filter(({ openTimeMs }) => openTimeMs < untilMs);
      return closed.sort((a, b) => a.openTimeMs - b.openTimeMs).slice(-limit);
    });
  }

  recordDecision(decision: Decision): Promise<void> {
    return transaction(() => {
      const same = this.decisions.findIndex(
        (other) => other.symbol === decision.symbol && other.barCloseMs === decision.barCloseMs,
      );
      if (same < 0) this.decisions.push(decision);
      else this.decisions[same] = { ...this.decisions[same], ...decision };
    });
  }

  decision(key: DecisionKey): Promise<Decision | undefined> {
    return transaction(() =>
      this.decisions.find((one) =>
        (['account', 'session', 'strategy', 'symbol', 'barCloseMs'] as const).every(
          (name) => one[name] === key[name],
        ),
      ),
    );
  }

  lastDecided(account: string, session: string, strategy: string): ReturnType<Journal['lastDecided']> {
    return transaction(() => {
      const newest = new Map<string, number>();
      for (const one of this.decisions) {
        const { symbol, barCloseMs, outcome, positionId, inputs } = one;
        const isHere = one.account === account && one.session === session && one.strategy === strategy;
        const isAnswered =
          outcome !== DecisionOutcome.Enter ||
          positionId !== null ||
          this.orders.position(positionIdOf(one)) !== undefined;
        const isDecided = outcome !== DecisionOutcome.Skipped || inputs?.candles.ok !== false;
        if (isHere && isAnswered && isDecided)
          newest.set(symbol, Math.max(barCloseMs, newest.get(symbol) ?? 0));
      }
      return [...newest].map(([symbol, barCloseMs]) => ({ symbol, barCloseMs })).sort(bySymbol);
    });
  }

  recordSettings(...[entry]: Of<'recordSettings'>): Promise<void> {
    return transaction(() => {
      this.settings.push(entry);
    });
  }

  recordEquity(...[account, , equity]: Of<'recordEquity'>): Promise<void> {
    return transaction(() => {
      this.accounts.set(account, { ...this.accountOf(account), equity });
    });
  }

  recordRiskEvent(...[event]: Of<'recordRiskEvent'>): Promise<void> {
    return transaction(() => {
      if (!this.riskEvents.some(({ key }) => key === event.key)) this.riskEvents.push(event);
    });
  }

  audit(...[entry]: Of<'audit'>): Promise<void> {
    return transaction(() => {
      this.audits.push(entry);
    });
  }

  recordStreak(...[, { kind, ended, failed }]: Of<'recordStreak'>): Promise<void> {
    return transaction(() => {
      const known = ended ? undefined : this.streaks.get(kind);
      if (ended) this.streaks.delete(kind);
      if (failed === null) return;
      const failures = failed.failures + (known?.failures ?? 0);
      const firstFailedMs = known?.firstFailedMs ?? failed.firstFailedMs;
      this.streaks.set(kind, { ...failed, kind, failures, firstFailedMs });
    });
  }

  failureStreaks(): Promise<readonly FailureStreak[]> {
    return transaction(() => [...this.streaks.values()]);
  }

  ordersSent(...[account, sinceMs]: Of<'ordersSent'>): Promise<number> {
    return transaction(
      () => this.orders.sends.filter((send) => send.account === account && send.atMs >= sinceMs).length,
    );
  }

  noteMissingStops(...[, ids, nowMs]: Of<'noteMissingStops'>): Promise<ReadonlyMap<string, number>> {
    return transaction(() => {
      this.missingStops = new Map(ids.map((id) => [id, this.missingStops.get(id) ?? nowMs]));
      return this.missingStops;
    });
  }

  hasRiskEvent(...[, key]: Of<'hasRiskEvent'>): Promise<boolean> {
    return transaction(() => this.riskEvents.some((event) => event.key === key));
  }

  private afresh(state: AccountState, since: NonNullable<Of<'setMode'>[2]['measureAfresh']>): AccountState {
    this.streaks.clear();
    this.missingStops = new Map();
    const { wallTimeMs, marketTimeMs } = since;
    const measuredSince = { wallTimeMs, marketTimeMs: marketTimeMs ?? state.measuredSince.marketTimeMs };
    const { equity } = state;
    const marks = equity && { ...equity, equityAtDayStart: equity.equity, peakEquity: equity.equity };
    return { ...state, measuredSince, equity: marks };
  }

  private accountOf(account: string): AccountState {
    const state = this.accounts.get(account);
    if (state === undefined) throw new Error(`Account ${account} is not in the journal.`);
    return state;
  }
}
