import { DecisionOutcome } from '../adapters/store/port';
import type { DecimalString } from '../domain/decimal';
import { RefusalCode } from '../domain/errors';
import type { Reason } from '../domain/strategy';
import type { ActivityDeps } from './deps';
import { grantRequestOf, type EntryAsked, type KnownMarket } from './grant-request';

export interface SizePositionInput extends EntryAsked {
  readonly reasons: readonly Reason[];
}

export type SizePositionResult =
  | { readonly granted: true; readonly positionId: string; readonly quantity: DecimalString }
  | { readonly granted: false; readonly code: RefusalCode; readonly message: string };

/**
 * The grant: sizes the proposal against every limit and commits reservation, approval and outbox, or says why not. What became of the
 * decision is journaled after it, unless the lane that asks is not the current one: then the next lane has the last word on the bar.
 * @param known what the exchange has told already; absent: it is asked
 */
export async function grantEntry(
  deps: ActivityDeps,
  input: SizePositionInput,
  known?: KnownMarket,
): Promise<SizePositionResult> {
  const { store } = deps;
  const { account, session, strategy, proposal, barCloseMs } = input;
  const request = await grantRequestOf(deps, input, known);
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
  const { code, message } = result;
  if (code === RefusalCode.LaneSuperseded) return { granted: false, code, message };
  const reasons = [...input.reasons, { code, text: `Refused: ${message}` }];
  await store.recordDecision({
    ...decision,
    outcome: DecisionOutcome.Refused,
    reasons,
    positionId: null,
  });
  return { granted: false, code, message };
}
