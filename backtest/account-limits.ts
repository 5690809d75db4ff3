import { RefusalCode } from '../domain/errors';
import { lossLimitBreach } from '../domain/risk';
import { floorTimes, ratioOf, type Ratio } from './integers';
import type { RiskMarks } from './risk-marks';
import type { AtStake } from './risk-sizing';
import type { AccountLimits } from './rules';
import { decimalOf, type Scale } from './scale';

interface LimitParts {
  readonly marks: RiskMarks;
  readonly limits: AccountLimits;
  readonly atStake: () => AtStake;
}

/** The limits of live trading that are the account's and not the size's, for entries that are sized otherwise. */
export class EntryLimits {
  private readonly exposure: Ratio;

  constructor(private readonly parts: LimitParts) {
    this.exposure = ratioOf(String(parts.limits.maxExposureFraction));
  }

  /** Why nothing may be entered now, by the checks of `sizePosition` in their order; undefined when something may. */
  refusal(referencePrice: number, scale: Scale): RefusalCode | undefined {
    const { marks, limits, atStake } = this.parts;
    const loss = lossLimitBreach(
      {
        equity: decimalOf(marks.equity),
        equityAtDayStart: decimalOf(marks.equityAtDayStart),
        peakEquity: decimalOf(marks.peakEquity),
      },
      limits,
    );
    if (loss !== undefined) return loss.code;
    if (atStake().openPositions >= limits.maxOpenPositions) return RefusalCode.MaxOpenPositions;
    const ticks = Math.max(1, scale.ticksDown(referencePrice));
    const least = Math.max(scale.minNotional, scale.notional(ticks, scale.minLots));
    return this.room() < least ? RefusalCode.MaxExposure : undefined;
  }

  /** The most lots, of those wanted, whose notional at this price is within what may be held. */
  lotsWithin(wanted: number, ticks: number, scale: Scale): number {
    const room = this.room();
    if (wanted < 1 || scale.notional(ticks, wanted) <= room) return wanted;
    let lots = Math.max(0, Math.floor(room / (ticks * scale.unitsPerTickLot)));
    while (lots > 0 && scale.notional(ticks, lots) > room) lots -= 1;
    return Math.min(wanted, lots);
  }

  /** The notional that may be added to what is held and under way, in units of money. */
  private room(): number {
    const { marks, atStake } = this.parts;
    const { held, underWay } = atStake();
    return floorTimes(marks.equity, this.exposure) - held - underWay;
  }
}
