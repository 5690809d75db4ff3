import { openOrdersOf } from '../adapters/exchange/open-orders';
import { Leg, OrderState } from '../domain/order';
import { sellable } from '../domain/planner';
import { isDelisted, type PositionView } from '../domain/position';
import type { ActivityDeps } from './deps';
import { noteCancelFound } from './reconciling/strange-cancel';
import { tellFinding, tellOwner } from './wake';

/** How often the exchange itself is asked; the journal is read in every look. Wall time. */
const ASK_EVERY_MS = 10_000;

/**
 * Finds positions without a resident stop, by the journal in every look and by the exchange's own list now and then. A stop
 * that the journal believes in and the exchange does not show is looked up, so that its position learns of it and repairs it.
 */
export class StopWatch {
  private askedMs = -Infinity;
  /** Positions whose stop the exchange did not show when it was asked last. */
  private notShown: ReadonlySet<string> = new Set();

  constructor(
    private readonly deps: Pick<
      ActivityDeps,
      'store' | 'exchange' | 'desk' | 'owners' | 'clock' | 'wallTimeMs'
    >,
  ) {}

  /** The live positions that hold something sellable and have no resident stop, though there could be one. */
  async look(account: string): Promise<readonly string[]> {
    const live = await this.deps.store.livePositions(account);
    const atRisk = live.filter((position) => !isDelisted(position) && sellable(position).dust === undefined);
    if (this.deps.wallTimeMs() >= this.askedMs + ASK_EVERY_MS) await this.ask(atRisk);
    return atRisk
      .filter((position) => residentStops(position).length === 0 || this.notShown.has(position.positionId))
      .map(({ positionId }) => positionId);
  }

  private async ask(atRisk: readonly PositionView[]): Promise<void> {
    const { exchange, desk, owners, wallTimeMs } = this.deps;
    const symbols = [...new Set(atRisk.map(({ symbol }) => symbol))];
    const open = await openOrdersOf(exchange, symbols);
    const shown = new Set(open.map(({ clientOrderId }) => clientOrderId));
    this.askedMs = wallTimeMs();
    const notShown = new Set<string>();
    for (const position of atRisk) {
      const stops = residentStops(position);
      if (stops.length === 0 || stops.some(({ clientOrderId }) => shown.has(clientOrderId))) continue;
      notShown.add(position.positionId);
      for (const stop of stops) {
        const { order } = await desk.resolve(stop.clientOrderId);
        const cancelled = await noteCancelFound(this.deps, stop, order);
        await tellOwner(owners, order);
        await tellFinding(owners, order.account, cancelled);
      }
    }
    this.notShown = notShown;
  }
}

const residentStops = ({ orders }: PositionView) =>
  orders.filter(({ leg, state }) => leg === Leg.Stop && state === OrderState.Open);
