import { PositionSide } from '../domain/strategy';
import type { HeldAtClose } from './manage';
import type { EntryOrder } from './orders';
import type { BacktestRules } from './rules';
import { priceUnits, type Scale } from './scale';

/** Stop, target and trail of one position after another. */
export class Protection {
  stopTicks = 0;
  trailUnits = 0;
  /** A target is a resting order, not looked at when a bar closes. */
  readonly targetRests: boolean;
  private targetTicks = 0;
  private openedAtMs = NaN;
  private readonly fromFill: boolean;

  constructor(
    private readonly scale: Scale,
    rules: BacktestRules,
    private readonly maxHoldingMs: number,
  ) {
    this.targetRests = rules.targets === 'intrabar';
    this.fromFill = rules.bracketFrom === 'fill';
  }

  /** A position has just begun. The stop rounds towards the market, the target too. */
  place({ plan, granted }: EntryOrder, ticks: number, timeMs: number): void {
    const { scale } = this;
    const shift = this.fromFill ? scale.price(ticks) / plan.referencePrice : 1;
    const isLong = plan.side === PositionSide.Long;
    const [stop, target] = [plan.stopPrice * shift, plan.targetPrice * shift];
    this.stopTicks = isLong ? scale.ticksUp(stop) : scale.ticksDown(stop);
    this.targetTicks = isLong ? scale.ticksDown(target) : scale.ticksUp(target);
    this.trailUnits = plan.trailDistance === null ? 0 : priceUnits(plan.trailDistance);
    if (granted !== null && !this.fromFill) {
      this.stopTicks = granted.stopTicks;
      this.targetTicks = granted.targetTicks;
    }
    this.openedAtMs = timeMs;
  }

  /** It must be looked at when a bar closes, whatever its strategy says. */
  get isManaged(): boolean {
    return this.trailUnits > 0 || this.maxHoldingMs < Infinity || !this.targetRests;
  }

  /** The position as it is managed at a close. */
  held(direction: 1 | -1): HeldAtClose {
    return {
      direction,
      openedAtMs: this.openedAtMs,
      stopTicks: this.stopTicks,
      target: this.targetRests ? null : this.scale.price(this.targetTicks),
      trailUnits: this.trailUnits,
      maxHoldingMs: this.maxHoldingMs,
    };
  }

  /** Where it stops, as a price. */
  get stop(): number {
    return this.scale.price(this.stopTicks);
  }

  /** Where its target rests, as a price; infinitely far where none does. */
  target(direction: 1 | -1): number {
    return this.targetRests ? this.scale.price(this.targetTicks) : direction * Infinity;
  }
}
