import { SignalKind, type Reason, type Signal } from '../strategy';

/** Do nothing, and say why. */
export const hold = (...reasons: readonly Reason[]): Signal => ({ kind: SignalKind.Hold, reasons });
