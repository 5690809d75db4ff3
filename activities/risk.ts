import { TradingMode } from '../domain/risk';
import { AccountLook, type AccountAssessment, type AssessInput } from './account-look';
import type { ActivityDeps } from './deps';
import { grantEntry, type SizePositionInput, type SizePositionResult } from './grant-entry';
import { marketNow } from './grant-request';

/** Grants, looks at the account, and the end of a halt. */
export function createRiskActivities(deps: ActivityDeps) {
  const { store } = deps;
  const look = new AccountLook(deps);

  return {
    /** The grant: {@link grantEntry}. */
    sizePosition: (input: SizePositionInput): Promise<SizePositionResult> => grantEntry(deps, input),

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
