import { timeframeMs, type Timeframe } from '../domain/bar';
import { marketTimeAt } from '../domain/clock';
import type { DecimalString } from '../domain/decimal';
import type { RefusalCode } from '../domain/errors';
import type { Instrument } from '../domain/instrument';
import { positionId } from '../domain/ids';
import { TradingMode, type Proposal, type RiskLimits } from '../domain/risk';
import { DecisionOutcome } from '../adapters/store/port';
import type { Reason } from '../domain/strategy';
import { AccountLook, type AccountAssessment, type AssessInput } from './account-look';
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
  /** What the panel lets through of its size: above 0, at most 1; all of it unless given. */
  readonly sizeFactor?: DecimalString;
  readonly reasons: readonly Reason[];
  readonly limits: RiskLimits;
}

export type SizePositionResult =
  | { readonly granted: true; readonly positionId: string; readonly quantity: DecimalString }
  | { readonly granted: false; readonly code: RefusalCode; readonly message: string };

/** Grants, looks at the account, and the end of a halt. */
export function createRiskActivities(deps: ActivityDeps) {
  const { exchange, store } = deps;
  const look = new AccountLook(deps);

  async function instrumentOf(symbol: string): Promise<Instrument> {
    const [instrument] = await exchange.instruments([symbol]);
    if (instrument === undefined) throw new Error(`${exchange.venue} does not list ${symbol}.`);
    return instrument;
  }

  const marketNow = async (): Promise<number> =>
    Math.floor(marketTimeAt(await deps.clock.reading(), deps.wallTimeMs()));

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
        ...(input.sizeFactor !== undefined && { sizeFactor: input.sizeFactor }),
        limits: input.limits,
        instrument,
        ...(await readMarks(deps, account, instrument.quote)).marks,
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

    /** One look at the account: {@link AccountLook.assess}. */
    assessAccount: (input: AssessInput): Promise<AccountAssessment> => look.assess(input),

    /**
     * Leaves REDUCING or HALTED on an operator's word. Losses, failures, floods and missing stops are measured afresh from
     * here: what still holds halts again in its own time, and for its own reason.
     * The word counts once: said again by a retry, or by a workflow that was reset, it must not end a halt raised after it.
     */
    async resumeTrading(input: {
      readonly account: string;
      readonly reason: string;
      readonly by: string;
      /** Names the word. */
      readonly key?: string;
    }): Promise<TradingMode> {
      const state = await store.account(input.account);
      if (state === undefined) throw new Error(`Account ${input.account} is not in the journal.`);
      const { reason, by } = input;
      await store.audit({ account: input.account, command: 'resume-trading', arguments: {}, reason, by });
      deps.exchangeHealth.forget();
      const after = await store.setMode(input.account, TradingMode.Active, {
        reason,
        by,
        epoch: state.haltEpoch,
        measureAfresh: { wallTimeMs: deps.wallTimeMs(), marketTimeMs: await marketNow().catch(() => null) },
        ...(input.key !== undefined && { key: input.key }),
      });
      return after.mode;
    },
  };
}

export type RiskActivities = ReturnType<typeof createRiskActivities>;
