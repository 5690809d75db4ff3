import { setTimeout as wait } from 'node:timers/promises';
import type { AccountState } from '../adapters/store/port';
import { marketTimeAt, type ClockReading } from '../domain/clock';
import type { DecimalString } from '../domain/decimal';
import { markEquity, type EquityState } from '../domain/equity';
import { RefusalCode } from '../domain/errors';
import { emergencyStep, isStranded } from '../domain/planner';
import type { PositionView } from '../domain/position';
import { TradingMode, type RiskLimits } from '../domain/risk';
import { firstTrigger, TriggerAction, triggerLimitsSchema, type TriggerLimits } from '../domain/triggers';
import { readMarks, type MarkedAccount } from './account-marks';
import type { ActivityDeps } from './deps';
import { stopReportKey } from './emergency';
import { DelistingAlarm, noteListings } from './listings';
import { observe } from './observations';
import { noteReachedStops } from './reached-stops';
import { StopWatch } from './stop-watch';
import { partition } from './reconciling/reports';
import { wakePosition } from './wake';

export interface AssessInput {
  readonly account: string;
  readonly symbols: readonly string[];
  readonly limits: RiskLimits;
  /** Absent in a desk that began before there were triggers: the defaults. */
  readonly triggers?: TriggerLimits;
}

export interface AccountAssessment {
  readonly mode: TradingMode;
  readonly modeReason: string;
  /** Null when the account could not be marked. */
  readonly equity: DecimalString | null;
  /** Set when this look has halted the account, or asks for that: why. */
  readonly emergency: string | null;
  readonly livePositions: number;
  /** A halt is in force whose emergency stop has not reported yet. */
  readonly stopUnreported?: boolean;
  /** Live positions that hold something, or have an order that may be live. */
  readonly unsettledPositions?: number;
  /** What could not be learnt in this look. */
  readonly problems?: readonly string[];
}

/** What the exchange is given for one question. A look must end before its activity runs out of time, or it saw nothing. */
const ANSWER_MS = 2_000;
/** Between two wakings of positions that have only to be closed; wall time. */
const WAKE_EVERY_MS = 10_000;
const RISK_DESK = 'risk-desk';
const DEFAULTS = triggerLimitsSchema.parse({});

/** Why REDUCING was entered by itself, and so may be left by itself once a later day has begun. */
const dailyLossReason = (dayStartMs: number): string =>
  `${RefusalCode.DailyLoss} on ${new Date(dayStartMs).toISOString().slice(0, 10)}`;

/** One look of the risk desk at its account. */
export class AccountLook {
  private readonly stopWatch: StopWatch;
  private readonly alarm: DelistingAlarm;
  private wokenMs = -Infinity;

  constructor(private readonly deps: ActivityDeps) {
    this.stopWatch = new StopWatch(deps);
    this.alarm = new DelistingAlarm(deps);
  }

  /**
   * Marks the account to market, rolls its day, judges every trigger, and changes the mode when one is reached or a loss
   * limit is lifted. An exchange that does not answer is an observation like any other.
   * @throws when the journal does not answer: then nothing can be decided, and no order can be sent either
   */
  async assess(input: AssessInput): Promise<AccountAssessment> {
    const { store } = this.deps;
    const problems: string[] = [];
    const tried = this.noting(input.account, problems);
    const before = await store.account(input.account);
    const clock = (await tried('the clock', () => this.deps.clock.reading())) ?? null;
    await this.checkSession(input.account, before, clock);
    if (before === undefined) throw new Error(`Account ${input.account} is not in the journal.`);
    const marked =
      clock === null ? undefined : await tried('the balances', () => this.readMarks(before, input.symbols));
    const marks =
      clock === null || marked === undefined ? null : await this.recordMarks(before, marked, clock);
    await tried('which pairs are listed', () => this.lookAtListings(before, marked, clock));
    await tried('the stops that the market has reached', () => noteReachedStops(this.deps, input.account));
    const after =
      before.mode === TradingMode.Halted
        ? { state: before, emergency: null }
        : await this.judge(input, before, clock, marks, tried);
    const { mode, modeReason, haltEpoch } = after.state;
    const live = await store.livePositions(input.account);
    const [flat, held] = partition(live, (position) => emergencyStep(position).do === 'settle');
    const unsettledPositions = held.filter((position) => !isStranded(position)).length;
    const stopUnreported =
      mode === TradingMode.Halted &&
      !(await store.hasRiskEvent(input.account, stopReportKey(input.account, haltEpoch)));
    if (mode === TradingMode.Halted && !stopUnreported && unsettledPositions === 0) await this.wake(flat);
    const equity = marks?.equity ?? null;
    const stop = { emergency: after.emergency, stopUnreported, unsettledPositions };
    return { mode, modeReason, equity, livePositions: live.length, ...stop, problems };
  }

  /** Flat positions whose owners have not heard that the stop is over. */
  private async wake(flat: readonly PositionView[]): Promise<void> {
    const { owners, wallTimeMs } = this.deps;
    if (wallTimeMs() < this.wokenMs + WAKE_EVERY_MS) return;
    this.wokenMs = wallTimeMs();
    for (const { account, positionId } of flat) await wakePosition(owners, account, positionId);
  }

  /** Only a reconciliation moves an account into another session: it knows what is left in the old one. */
  private async checkSession(
    account: string,
    state: AccountState | undefined,
    clock: ClockReading | null,
  ): Promise<void> {
    if (clock === null || state?.session === clock.session) return;
    await this.deps.owners.wakeReconciliation(account, `session ${clock.session}`);
    throw new Error(`Account ${account} is not in session ${clock.session} yet.`);
  }

  private readMarks({ account }: AccountState, symbols: readonly string[]): Promise<MarkedAccount> {
    const quote = symbols[0]?.split('/')[1];
    if (quote === undefined) throw new Error('An account without symbols cannot be marked.');
    return readMarks(this.deps, account, quote);
  }

  /** Journals which pairs of positions have gone and which have come back, and says so when it has not been said. */
  private async lookAtListings(
    { account }: AccountState,
    marked: MarkedAccount | undefined,
    clock: ClockReading | null,
  ): Promise<void> {
    if (marked !== undefined) await noteListings(this.deps, marked.positions, marked.listings);
    const marketTimeMs = clock === null ? null : Math.floor(marketTimeAt(clock, this.deps.wallTimeMs()));
    await this.alarm.raise(await this.deps.store.livePositions(account), marketTimeMs);
  }

  private async recordMarks(
    before: AccountState,
    { marks: { equity } }: MarkedAccount,
    clock: ClockReading,
  ): Promise<EquityState> {
    const { store, wallTimeMs } = this.deps;
    const { account, session } = before;
    const marketTimeMs = Math.floor(marketTimeAt(clock, wallTimeMs()));
    const state = markEquity(before.equity, equity, marketTimeMs);
    await store.recordEquity(account, session, state, marketTimeMs);
    return state;
  }

  private async judge(
    input: AssessInput,
    before: AccountState,
    clock: ClockReading | null,
    marks: EquityState | null,
    tried: Tried,
  ): Promise<{ readonly state: AccountState; readonly emergency: string | null }> {
    const triggers = input.triggers ?? DEFAULTS;
    const { symbols, limits: risk } = input;
    const look = { state: before, symbols, triggers, marks, tried };
    const seen = await observe(this.deps, this.stopWatch, look);
    const found = firstTrigger(seen, { risk, triggers });
    if (found?.action === TriggerAction.Halt) {
      const reason = `${found.code}: ${found.message}`;
      const state = await this.halt(before, found.code, reason, clock);
      return { state, emergency: reason };
    }
    const state = marks === null ? before : await this.modeAfter(before, marks, found !== undefined);
    return { state, emergency: null };
  }

  /** The halt is in force before anybody is asked to sell: from that row on nothing new is sent. */
  private async halt(
    { account, haltEpoch }: AccountState,
    code: string,
    reason: string,
    clock: ClockReading | null,
  ): Promise<AccountState> {
    const { store, wallTimeMs, log } = this.deps;
    const key = `trigger/${code}/${haltEpoch}`;
    const marketTimeMs = clock === null ? null : Math.floor(marketTimeAt(clock, wallTimeMs()));
    await store.recordRiskEvent({ account, code, message: reason, marketTimeMs, key });
    await store.raiseHalt(account, { key, reason, by: RISK_DESK });
    log.warn({ account, code }, `halted: ${reason}`);
    const state = await store.account(account);
    if (state === undefined) throw new Error(`Account ${account} is not in the journal.`);
    return state;
  }

  /** Daily loss reduces until the day rolls; anything else that reduces or halts was decided elsewhere and stays. */
  private async modeAfter(
    before: AccountState,
    marks: EquityState,
    lossReached: boolean,
  ): Promise<AccountState> {
    const { store } = this.deps;
    const { account, mode, modeReason } = before;
    const today = dailyLossReason(marks.dayStartMs);
    if (mode === TradingMode.Active && lossReached) {
      return store.setMode(account, TradingMode.Reducing, { reason: today, by: RISK_DESK });
    }
    const reducedByLoss = mode === TradingMode.Reducing && modeReason.startsWith(RefusalCode.DailyLoss);
    // Dates written like this sort as they follow each other.
    if (reducedByLoss && !lossReached && modeReason < today) {
      return store.setMode(account, TradingMode.Active, { reason: 'a new day has begun', by: RISK_DESK });
    }
    return before;
  }

  /** What the exchange does not tell in time is noted, and the look goes on without it. */
  private noting(account: string, problems: string[]): Tried {
    return async (what, work) => {
      const given = new AbortController();
      try {
        const late = wait(ANSWER_MS, undefined, { signal: given.signal }).then((): never => {
          throw new Error(`no answer within ${ANSWER_MS} ms`);
        });
        return await Promise.race([work(), late]);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        problems.push(`${what}: ${why}`);
        this.deps.log.warn({ account, error }, `the risk desk could not learn ${what}`);
        return undefined;
      } finally {
        given.abort();
      }
    };
  }
}

type Tried = <T>(what: string, work: () => Promise<T>) => Promise<T | undefined>;
