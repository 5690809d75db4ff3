import type { DeliberationKey, DeliberationStore } from '../adapters/store/deliberations';
import { DecisionOutcome, type Journal } from '../adapters/store/port';
import type { DecimalString } from '../domain/decimal';
import { PanelOutcome, type PanelVerdict } from '../domain/deliberation/verdict';
import { positionId } from '../domain/ids';
import type { Reason } from '../domain/strategy';

export interface ConcludePanelInput extends Omit<DeliberationKey, 'positionId'> {
  readonly verdict: PanelVerdict;
  /** The strategy's own. */
  readonly reasons: readonly Reason[];
  readonly close: DecimalString;
}

/** Journals a panel's verdict; a veto is what became of the decision too. Can be repeated. */
export async function concludePanel(
  {
    store,
    deliberations,
  }: {
    readonly store: Pick<Journal, 'recordDecision'>;
    readonly deliberations: Pick<DeliberationStore, 'conclude'>;
  },
  { verdict, reasons, close, ...key }: ConcludePanelInput,
): Promise<void> {
  await deliberations.conclude({ ...key, positionId: positionId(key) }, verdict);
  if (verdict.outcome !== PanelOutcome.Veto) return;
  await store.recordDecision({
    ...key,
    ...{ outcome: DecisionOutcome.Refused, close, positionId: null },
    reasons: [...reasons, ...verdict.reasons],
  });
}
