import type { DecimalString } from './decimal';
import { FindingKind, Severity, type Finding } from './findings';
import type { PositionView } from './position';

/** A position on a delisted pair in a few words: what is held of which pair, and what it was worth when that was last known. */
export function describeStranded(
  { symbol, positionId, ledger, instrument }: PositionView,
  lastPrice: DecimalString | null,
): string {
  const price = lastPrice === null ? '' : `, last known price ${lastPrice} ${instrument.quote}`;
  return `${ledger.heldQuantity} ${instrument.base} of ${positionId} (${symbol}${price})`;
}

/**
 * What a person has to know and do about a position whose pair the exchange has delisted. Each delisting is a finding of its
 * own.
 * @param lastPrice in quote units; null when none is known
 */
export function delistedFinding(position: PositionView, lastPrice: DecimalString | null): Finding {
  const { positionId, symbol, delistedAtMs } = position;
  const what = describeStranded(position, lastPrice);
  return {
    kind: FindingKind.Delisted,
    severity: Severity.Unexplained,
    subject: `${positionId}/${delistedAtMs ?? 0}`,
    message: `the exchange does not list ${symbol} any more: ${what} cannot be sold or protected and counts as nothing; withdraw or convert it at the exchange, then run ballast reconcile`,
  };
}
