import { timeframeMs, type Timeframe } from '../domain/bar';
import { marketTimeAt } from '../domain/clock';
import type { DecimalString } from '../domain/decimal';
import { markEquity, type EquityState } from '../domain/equity';
import { RefusalCode } from '../domain/errors';
import type { Instrument } from '../domain/instrument';
import { positionId } from '../domain/ids';
import { lossLimitBreach, TradingMode, type Proposal, type RiskLimits } from '../domain/risk';
import { DecisionOutcome, type AccountState } from '../adapters/store/port';
import type { Reason } from '../domain/strategy';
import { readMarks } from './account-marks';
import type { ActivityDeps } from './deps';

export interface SizePositionInput {
  readonly account: string;
  readonly session: string;
  readonly strategy: string;
  readonly timeframe: Timeframe;
  readonly barCloseMs: number;
  readonly entryTtlBars: number;
  readonly proposal: Proposal;
  readonly reasons: readonly Reason[];
  readonly limits: RiskLimits;
}

export type SizePositionResult =
  | { readonly granted: true; readonly positionId: string; readonly quantity: DecimalString }
  | { readonly granted: false; readonly code: RefusalCode; readonly message: string };

export interface AccountAssessment {
  readonly mode: TradingMode;
  readonly modeReason: string;
  readonly equity: DecimalString;
  /** Set when the account must be stopped: why. */
  readonly emergency: string | null;
  readonly livePositions: number;
}

/** Why REDUCING was entered by itself, and so may be left by itself once a later day has begun. */
const dailyLossReason = (dayStartMs: number): string =>
  `${RefusalCode.DailyLoss} on ${new Date(dayStartMs).toISOString().slice(0, 10)}`;
const RISK_DESK = 'risk-desk';

/** Grants, and the marking of the account to market. */
export function createRiskActivities(deps: ActivityDeps) {
  const { exchange, store } = deps;

  async function instrumentOf(symbol: string): Promise<Instrument> {
    const [instrument] = await exchange.instruments([symbol]);
    if (instrument === undefined) throw new Error(`${exchange.venue} does not list ${symbol}.`);
    return instrument;
  }

  const marketNow = async (): Promise<number> =>
    Math.floor(marketTimeAt(await deps.clock.reading(), deps.wallTimeMs()));

  /** Daily loss reduces until the day rolls; anything else that reduces or halts was decided elsewhere and stays. */
  async function modeAfter(
    { account, mode, modeReason }: AccountState,
    { dayStartMs }: EquityState,
    breach: RefusalCode | undefined,
  ): Promise<Pick<AccountState, 'mode' | 'modeReason'>> {
    const today = dailyLossReason(dayStartMs);
    if (mode === TradingMode.Active && breach === RefusalCode.DailyLoss) {
      return store.setMode(account, TradingMode.Reducing, { reason: today, by: RISK_DESK });
    }
    const reducedByLoss = mode === TradingMode.Reducing && modeReason.startsWith(RefusalCode.DailyLoss);
    // Dates written like this sort as they follow each other.
    if (reducedByLoss && breach === undefined && modeReason < today) {
      return store.setMode(account, TradingMode.Active, { reason: 'a new day has begun', by: RISK_DESK });
    }
    return { mode, modeReason };
  }

  return {
    /** The grant: sizes the proposal against every limit and commits reservation, approval and outbox, or says why not. */
    async sizePosition(input: SizePositionInput): Promise<SizePositionResult> {
      const { account, session, strategy, proposal, barCloseMs, timeframe } = input;
      const instrument = await instrumentOf(proposal.symbol);
      const id = positionId({ account, session, strategy, symbol: proposal.symbol, barCloseMs });
      const result = await store.grant({
        deployment: deps.deployment,
        positionId: id,
        account,
        session,
        strategy,
        timeframe,
        barCloseMs,
        proposal,
        limits: input.limits,
        instrument,
        ...(await readMarks(deps, account, instrument.quote)),
        marketTimeMs: await marketNow(),
        expiresAtMs: barCloseMs + input.entryTtlBars * timeframeMs(timeframe),
      });
      const decision = {
        account,
        session,
        strategy,
        symbol: proposal.symbol,
        barCloseMs,
        close: proposal.referencePrice,
      };
      if (result.granted) {
        await store.recordDecision({
          ...decision,
          outcome: DecisionOutcome.Enter,
          reasons: input.reasons,
          positionId: id,
        });
        return { granted: true, positionId: id, quantity: result.position.quantity };
      }
      const reasons = [...input.reasons, { code: result.code, text: `Refused: ${result.message}` }];
      await store.recordDecision({
        ...decision,
        outcome: DecisionOutcome.Refused,
        reasons,
        positionId: null,
      });
      return { granted: false, code: result.code, message: result.message };
    },

    /** Marks the account to market, rolls the day, and changes the mode when a limit is reached or lifted. */
    async assessAccount(input: {
      readonly account: string;
      readonly symbols: readonly string[];
      readonly limits: RiskLimits;
    }): Promise<AccountAssessment> {
      const [symbol] = input.symbols;
      if (symbol === undefined) throw new Error('An account without symbols cannot be marked.');
      const marketTimeMs = await marketNow();
      const { session } = await deps.clock.reading();
      const before = await store.account(input.account);
      if (before?.session !== session) {
        // Only a reconciliation moves an account into another session: it knows what is left in the old one.
        await deps.owners.wakeReconciliation(input.account, `session ${session}`);
        throw new Error(`Account ${input.account} is not in session ${session} yet.`);
      }
      const { equity } = await readMarks(deps, input.account, (await instrumentOf(symbol)).quote);
      const state = markEquity(before.equity, equity, marketTimeMs);
      await store.recordEquity(input.account, session, state, marketTimeMs);
      const breach = lossLimitBreach(state, input.limits);
      const after = await modeAfter(before, state, breach?.code);
      const emergency =
        breach?.code === RefusalCode.Drawdown && after.mode !== TradingMode.Halted ? breach.message : null;
      const livePositions = (await store.livePositions(input.account)).length;
      return { mode: after.mode, modeReason: after.modeReason, equity, emergency, livePositions };
    },

    /**
     * Leaves REDUCING or HALTED on an operator's word; losses are measured afresh from here.
     */
    async resumeTrading(input: {
      readonly account: string;
      readonly reason: string;
      readonly by: string;
    }): Promise<TradingMode> {
      const state = await store.account(input.account);
      if (state === undefined) throw new Error(`Account ${input.account} is not in the journal.`);
      const { reason, by } = input;
      await store.audit({ account: input.account, command: 'resume-trading', arguments: {}, reason, by });
      const after = await store.setMode(input.account, TradingMode.Active, {
        reason,
        by,
        epoch: state.haltEpoch,
        measureAfresh: true,
      });
      return after.mode;
    },
  };
}

export type RiskActivities = ReturnType<typeof createRiskActivities>;
