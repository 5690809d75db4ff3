import type { DecimalString } from '../domain/decimal';
import { fromNumber } from '../domain/decimal';
import type { EquityState } from '../domain/equity';
import type { EntryPlan, Reason } from '../domain/strategy';
import type { Desk } from './desk';
import type { Holding } from './holding';
import type { RiskMarks } from './risk-marks';
import { decimalOf, type Scale } from './scale';
import type { EntrySizing, Grant } from './sizing';

/** What is held at a close. */
export interface HeldPosition {
  readonly strategy: string;
  readonly symbol: string;
  readonly heldQuantity: DecimalString;
  /** Without fees. */
  readonly averageEntry: DecimalString;
  readonly stopPrice: DecimalString;
}

/** The account at a close. */
export interface AccountAtClose {
  readonly equity: Omit<EquityState, 'dayStartMs'>;
  readonly positions: readonly HeldPosition[];
}

/** An entry that a strategy proposes, before anything is sized. */
export interface ProposedEntry {
  /** Name of the run. */
  readonly strategy: string;
  readonly symbol: string;
  /** When the bar closed that was decided on (UTC milliseconds). */
  readonly closeMs: number;
  readonly plan: EntryPlan;
  /** The strategy's own. */
  readonly reasons: readonly Reason[];
  readonly account: AccountAtClose;
}

/**
 * Hears of every proposed entry and says what the size that risk allows is multiplied by: above 0, at most 1; null when there is to be no
 * entry. It can say neither more, nor anything about stops, targets and exits.
 */
export type Counsel = (entry: ProposedEntry) => DecimalString | null;

/** The same for one strategy, of which it is known who asks and what the account is. */
export type LaneCounsel = (entry: Omit<ProposedEntry, 'strategy' | 'account'>) => DecimalString | null;

/** Code of an entry that was advised against. */
export const VETOED = 'panel-veto';

/**
 * What may be bought of an entry. Live trading asks before it sizes, so what risk would refuse is asked about as well.
 * @throws RangeError for a factor that is none: no opinion is 1, and has to be said
 */
export function advisedGrant(
  counsel: LaneCounsel,
  entry: Parameters<LaneCounsel>[0],
  sizing: EntrySizing,
  scale: Scale,
): Grant {
  const sizeFactor = counsel(entry);
  return sizeFactor === null
    ? { kind: 'refused', code: VETOED }
    : sizing.grant(entry.plan, scale, sizeFactor);
}

const PRICE_PLACES = 8;

/** The account as live trading would tell it: marked at this close, with what is held. */
export function accountAtClose(
  { equity, equityAtDayStart, peakEquity }: RiskMarks,
  holdings: readonly { readonly holding: Holding; readonly desk: Desk; readonly symbol: string }[],
): AccountAtClose {
  return {
    equity: {
      equity: decimalOf(equity),
      equityAtDayStart: decimalOf(equityAtDayStart),
      peakEquity: decimalOf(peakEquity),
    },
    positions: holdings.flatMap(({ holding, desk, symbol }) => {
      const { direction, lots, scale, entryNotional, strategy } = holding;
      if (direction === 0) return [];
      const quantity = scale.quantity(lots);
      return [
        {
          ...{ strategy, symbol, heldQuantity: fromNumber(quantity, PRICE_PLACES) },
          averageEntry: fromNumber(Number(decimalOf(entryNotional)) / quantity, PRICE_PLACES),
          stopPrice: fromNumber(scale.price(desk.held().stopTicks), PRICE_PLACES),
        },
      ];
    }),
  };
}
