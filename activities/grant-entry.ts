import { DecisionOutcome, type GrantRequest, type GrantResult } from '../adapters/store/port';
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

/** An answer to a request, and the request. */
export interface AnsweredGrant {
  readonly request: GrantRequest;
  readonly result: GrantResult;
}

/**
 * The grant: sizes the proposal against every limit and commits reservation, approval and outbox, or says why not. What became of the
 * decision is journaled after it.
 */
export async function grantEntry(deps: ActivityDeps, input: SizePositionInput): Promise<SizePositionResult> {
  const { request, result } = await askForGrant(deps, input);
  await noteGrant(deps, input, { request, result });
  if (!result.granted) return result;
  return { granted: true, positionId: request.positionId, quantity: result.position.quantity };
}

/** The grant alone. @param known what the exchange has told already; absent: it is asked */
export async function askForGrant(
  deps: ActivityDeps,
  input: SizePositionInput,
  known?: KnownMarket,
): Promise<AnsweredGrant> {
  const request = await grantRequestOf(deps, input, known);
  return { request, result: await deps.store.grant(request) };
}

/**
 * Journals what became of the decision, unless the lane that asked is not the current one: then the next lane has the last word on the
 * bar.
 */
export async function noteGrant(
  { store }: Pick<ActivityDeps, 'store'>,
  { account, session, strategy, proposal, barCloseMs, reasons }: SizePositionInput,
  { request, result }: AnsweredGrant,
): Promise<void> {
  const { symbol, referencePrice: close } = proposal;
  const decision = { account, session, strategy, symbol, barCloseMs, close };
  if (result.granted) {
    const { positionId } = request;
    await store.recordDecision({ ...decision, outcome: DecisionOutcome.Enter, reasons, positionId });
    return;
  }
  const { code, message } = result;
  if (code === RefusalCode.LaneSuperseded) return;
  await store.recordDecision({
    ...decision,
    outcome: DecisionOutcome.Refused,
    reasons: [...reasons, { code, text: `Refused: ${message}` }],
    positionId: null,
  });
}
