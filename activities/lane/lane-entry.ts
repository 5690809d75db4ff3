import { RefusalCode } from '../../domain/errors';
import { Leg, OrderType } from '../../domain/order';
import type { Proposal } from '../../domain/risk';
import type { ActivityDeps } from '../deps';
import type { EvaluatedDecision } from '../evaluation';
import { grantEntry } from '../grant-entry';
import type { OrderActivities } from '../orders';
import type { RunLaneInput } from './contract';
import type { LaneMarks } from './lane-marks';

export type ProposedEntry = EvaluatedDecision & { readonly proposal: Proposal };

/**
 * What became of a proposal: `entered` (its order is sent, or will be by its owner), `refused` by risk, or `superseded`: another lane
 * of the strategy has been opened since.
 */
export type EntryOutcome = 'entered' | 'refused' | 'superseded';

/**
 * From a proposal to the order, in the order that makes every kill harmless: the grant is one transaction; then the position gets its
 * workflow, which begins by itself soon; only then the entry is sent, through the outbox, with the stop behind it; and the owner is
 * told. Whoever repeats any of it finds what was done.
 */
export async function enter(
  deps: ActivityDeps,
  { settings, session, generation }: RunLaneInput,
  tools: { readonly orders: Pick<OrderActivities, 'submitOrder'>; readonly marks: LaneMarks },
  { decision, barCloseMs }: { readonly decision: ProposedEntry; readonly barCloseMs: number },
): Promise<EntryOutcome> {
  const { deployment, account, venue, name: strategy, timeframe, entryTtlBars, limits } = settings;
  const { symbol, proposal, reasons } = decision;
  const grant = await grantEntry(
    deps,
    {
      ...{ account, session, strategy, timeframe, barCloseMs, entryTtlBars, proposal, reasons, limits },
      lane: { generation },
    },
    await tools.marks.of(account, symbol),
  );
  if (!grant.granted) return grant.code === RefusalCode.LaneSuperseded ? 'superseded' : 'refused';
  const { positionId, quantity } = grant;
  await deps.owners.startPosition({
    ...{ deployment, account, venue, positionId, strategy, symbol },
    summary: `${strategy}: ${quantity} ${symbol}`,
    details: reasons.map(({ text }) => `- ${text}`).join('\n'),
  });
  try {
    const entry = { leg: Leg.Entry, sequence: 0, type: OrderType.Limit, stopPrice: null, replaces: null };
    await tools.orders.submitOrder({ positionId, ...entry });
  } finally {
    tools.marks.renew(account, symbol);
    await deps.owners.notifyPosition(positionId);
  }
  return 'entered';
}
