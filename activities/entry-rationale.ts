import type { Journal } from '../adapters/store/port';
import { utcTime } from '../domain/display';
import type { PositionView } from '../domain/position';
import type { Reason } from '../domain/strategy';

/** Why a position was opened, as its decision was journaled. */
export interface EntryRationale {
  /** Close of the bar that was decided on. */
  readonly barCloseMs: number;
  readonly reasons: readonly Reason[];
}

/** Why a position was opened; undefined when its decision is not in the journal, as for one that a reconciliation recovered. */
export async function entryRationale(
  store: Pick<Journal, 'decision'>,
  position: Pick<PositionView, 'account' | 'session' | 'strategy' | 'symbol' | 'barCloseMs'>,
): Promise<EntryRationale | undefined> {
  const entry = await store.decision(position);
  return entry === undefined ? undefined : { barCloseMs: entry.barCloseMs, reasons: entry.reasons };
}

/** The reason that tells, beside those of an exit, why the position was opened. */
export const ENTERED_BECAUSE = 'entered-because';

/** Nothing but a note: when the journal cannot be asked, the decision does without. */
export async function entryNote(
  store: Pick<Journal, 'decision'>,
  position: Parameters<typeof entryRationale>[1],
): Promise<readonly Reason[]> {
  const entry = await entryRationale(store, position).catch(() => undefined);
  if (entry === undefined) return [];
  const because = entry.reasons.map(({ text }) => text).join('; ');
  return [
    {
      code: ENTERED_BECAUSE,
      text: `It was entered on the bar of ${utcTime(entry.barCloseMs, 'minutes')}: ${because}`,
    },
  ];
}
