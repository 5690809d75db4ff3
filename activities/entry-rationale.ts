import type { Journal } from '../adapters/store/port';
import { utcTime } from '../domain/display';
import type { PositionView } from '../domain/position';
import type { Reason } from '../domain/strategy';

/** The reason that tells, beside those of an exit, why the position was opened. */
const ENTERED_BECAUSE = 'entered-because';

/**
 * Why a position was opened, as its decision was journaled, with the close of its bar. Undefined when its decision is not in the journal, as
 * for one that a reconciliation recovered, or when the journal cannot be asked: it is nothing but a note, and decisions do without.
 */
export async function entryReason(
  store: Pick<Journal, 'decision'>,
  position: Pick<PositionView, 'account' | 'session' | 'strategy' | 'symbol' | 'barCloseMs'>,
): Promise<string | undefined> {
  const entry = await store.decision(position).catch(() => undefined);
  if (entry === undefined) return undefined;
  const because = entry.reasons.map(({ text }) => text).join('; ');
  return `It was entered on the bar of ${utcTime(entry.barCloseMs, 'minutes')}: ${because}`;
}

/** The same as a reason, beside those of an exit. */
export async function entryNote(
  store: Pick<Journal, 'decision'>,
  position: Parameters<typeof entryReason>[1],
): Promise<readonly Reason[]> {
  const text = await entryReason(store, position);
  return text === undefined ? [] : [{ code: ENTERED_BECAUSE, text }];
}
