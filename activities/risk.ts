import type { DecimalString } from '../domain/decimal';
import type { RefusalCode } from '../domain/errors';
import { TradingMode } from '../domain/risk';
import { DecisionOutcome } from '../adapters/store/port';
import type { Reason } from '../domain/strategy';
import { AccountLook, type AccountAssessment, type AssessInput } from './account-look';
import type { ActivityDeps } from './deps';
import { grantRequestOf, marketNow, type EntryAsked } from './grant-request';

export interface SizePositionInput extends EntryAsked {
  readonly reasons: readonly Reason[];
}

export type SizePositionResult =
  | { readonly granted: true; readonly positionId: string; readonly quantity: DecimalString }
  | { readonly granted: false; readonly code: RefusalCode; readonly message: string };

/** Grants, looks at the account, and the end of a halt. */
export function createRiskActivities(deps: ActivityDeps) {
  const { store } = deps;
  const look = new AccountLook(deps);

  return {
    /** The grant: sizes the proposal against every limit and commits reservation, approval and outbox, or says why not. */
    async sizePosition(input: SizePositionInput): Promise<SizePositionResult> {
      const { account, session, strategy, proposal, barCloseMs } = input;
      const request = await grantRequestOf(deps, input);
      const { positionId: id } = request;
      const result = await store.grant(request);
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
        measureAfresh: {
          wallTimeMs: deps.wallTimeMs(),
          marketTimeMs: await marketNow(deps).catch(() => null),
        },
        ...(input.key !== undefined && { key: input.key }),
      });
      return after.mode;
    },
  };
}

export type RiskActivities = ReturnType<typeof createRiskActivities>;
