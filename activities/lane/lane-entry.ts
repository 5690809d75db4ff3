import { RefusalCode } from '../../domain/errors';
import { Leg } from '../../domain/order';
import type { Proposal } from '../../domain/risk';
import type { ActivityDeps } from '../deps';
import type { EvaluatedDecision } from '../evaluation';
import { askForGrant, noteGrant } from '../grant-entry';
import type { RunLaneInput } from './contract';
import type { LaneMarks } from './lane-marks';

/** What an entry takes beside the ports. */
export interface EntryTools {
  readonly marks: LaneMarks;
  /** Sends an entry that was granted, once `owned` has resolved, and what protects it. */
  readonly sendEntry: (clientOrderId: string, owned: Promise<unknown>) => Promise<unknown>;
}

export type ProposedEntry = EvaluatedDecision & { readonly proposal: Proposal };

/**
 * What became of a proposal: `entered` (its order is sent, or will be by its owner), `refused` by risk, or `superseded`: another lane
 * of the strategy has been opened since.
 */
export type EntryOutcome = 'entered' | 'refused' | 'superseded';

/**
 * From a proposal to the order, in the order that makes every kill harmless: the grant is one transaction; then the position gets its
 * workflow, which begins by itself soon; only once it has one the entry leaves, through the outbox, with the stop behind it; and the owner is
 * told. Whoever repeats any of it finds what was done.
 */
export async function enter(
  deps: ActivityDeps,
  { settings, session, generation }: RunLaneInput,
  { marks, sendEntry }: EntryTools,
  { decision, barCloseMs }: { readonly decision: ProposedEntry; readonly barCloseMs: number },
): Promise<EntryOutcome> {
  const { deployment, account, venue, name: strategy, timeframe, entryTtlBars, limits } = settings;
  const { symbol, proposal, reasons } = decision;
  const asked = {
    ...{ account, session, strategy, timeframe, barCloseMs, entryTtlBars, proposal, reasons, limits },
    lane: { generation },
  };
  const grant = await askForGrant(deps, asked, await marks.of(account, symbol));
  const { result } = grant;
  if (!result.granted) {
    await noteGrant(deps, asked, grant);
    return result.code === RefusalCode.LaneSuperseded ? 'superseded' : 'refused';
  }
  const { positionId, quantity, orders, reservedQuote } = result.position;
  marks.reserve(account, symbol, reservedQuote);
  const owned = deps.owners.startPosition({
    ...{ deployment, account, venue, positionId, strategy, symbol },
    summary: `${strategy}: ${quantity} ${symbol}`,
    details: reasons.map(({ text }) => `- ${text}`).join('\n'),
  });
  // Awaited by the send, which may not be that far when it fails.
  owned.catch(() => undefined);
  const entry = orders.find(({ leg }) => leg === Leg.Entry);
  try {
    await Promise.all([
      noteGrant(deps, asked, grant),
      entry === undefined ? owned : sendEntry(entry.clientOrderId, owned),
    ]);
  } finally {
    marks.renew(account, symbol);
    await deps.owners.notifyPosition(positionId);
  }
  return 'entered';
}
