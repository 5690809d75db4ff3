import type { AdjusterInput } from '../../domain/learning/adjuster';
import { Adjustment, ADJUSTMENTS } from '../../domain/learning/adjuster';
import { PositionSide, SignalKind } from '../../domain/strategy';
import type { PreparedStrategy } from '../../domain/strategies/prepare';
import type { Entry } from './entries';
import { PositionPath } from './position-path';
import type { Episode } from './ppo';

/** Who holds the positions, and how. */
export interface AdjusterWorld {
  readonly strategy: PreparedStrategy;
  readonly maxHoldingBars: number;
  readonly feeFraction: number;
  readonly input: AdjusterInput;
}

/**
 * One position from its first close to its end: at every close the policy sees it and says what to do, at the next open that is
 * done. Rewards are changes of its worth in units of what was risked, so that they add up to its result.
 */
export class AdjusterEpisode implements Episode {
  readonly path: PositionPath;
  private readonly risk: number;
  private worth: number;

  constructor(
    private readonly world: AdjusterWorld,
    private readonly entry: Entry,
  ) {
    const { market, plan, index } = entry;
    const { maxHoldingBars, feeFraction } = world;
    const terms = { timeframe: market.timeframe, maxHoldingBars, feeFraction };
    this.path = new PositionPath(market.bars, plan, index, terms);
    this.risk = Math.max(1e-6, 1 - plan.stopPrice / this.path.entryPrice);
    this.worth = 0;
    this.next();
    this.worth = this.path.netNow();
  }

  /** False when the position ended in its first bar: there is nothing to decide. */
  get isOpen(): boolean {
    return this.path.held > 0;
  }

  observe(): Float64Array {
    const { path, entry } = this;
    entry.view.moveTo(path.index);
    return this.world.input.read(entry.view, {
      ...{ entryPrice: path.entryPrice, stopPrice: path.stopPrice, targetPrice: path.targetPrice },
      ...{ heldBars: path.index - path.entryIndex + 1, held: path.held },
    });
  }

  act(action: number): { readonly reward: number; readonly isOver: boolean } {
    this.adjust(ADJUSTMENTS[action] ?? Adjustment.Keep);
    const goesOn = this.next();
    const worth = this.path.netNow();
    const reward = (worth - this.worth) / this.risk;
    this.worth = worth;
    return { reward, isOver: !goesOn || this.path.held === 0 };
  }

  private adjust(adjustment: Adjustment): void {
    const { path } = this;
    const close = this.entry.market.bars.close[path.index] ?? NaN;
    if (adjustment === Adjustment.Tighten) path.raiseStop((path.stopPrice + close) / 2);
    if (adjustment === Adjustment.Reduce && path.held === 1) path.leave(0.5, Adjustment.Reduce);
    if (adjustment === Adjustment.Exit) path.leave(1, Adjustment.Exit);
  }

  /** To the next close, at which the strategy may ask to leave. */
  private next(): boolean {
    const { path, entry, world } = this;
    const goesOn = path.advance();
    if (path.held === 0) return goesOn;
    entry.view.position = PositionSide.Long;
    entry.view.moveTo(path.index);
    if (world.strategy.onBar(entry.view).kind === SignalKind.Exit) path.leave(1, 'strategy');
    return goesOn;
  }
}
