import { marketTimeAt } from '../domain/clock';
import { nextStep } from '../domain/planner';
import { ExitReason, PositionState, type PositionView } from '../domain/position';
import type { Leg, OrderType } from '../domain/order';
import type { DecimalString } from '../domain/decimal';
import type { ActivityDeps } from './deps';
import { learnLateNews } from './late-news';
import type { Attempt } from './order-attempt';
import { createProtection } from './protection';
import { noteCancelFound } from './reconciling/strange-cancel';
import { tellFinding, wakePosition } from './wake';

export interface SubmitInput {
  readonly positionId: string;
  readonly leg: Leg;
  readonly sequence: number;
  readonly type: OrderType;
  readonly stopPrice: DecimalString | null;
  readonly replaces: string | null;
}

export interface SettleResult {
  readonly position: PositionView;
  readonly closed: boolean;
}

/** Orders and positions: short, retryable activities around the journal and the order desk. */
export function createOrderActivities(deps: ActivityDeps) {
  const { store, desk, wallTimeMs } = deps;
  const { loadPosition, settled, spread } = createProtection(deps);

  async function load(positionId: string): Promise<PositionView> {
    const position = await store.position(positionId);
    if (position === undefined) throw new Error(`Position ${positionId} is not in the journal.`);
    return position;
  }

  return {
    loadPosition,

    /** Sends one order of a leg, or learns the fate of the one that was sent before. */
    async submitOrder(input: SubmitInput): Promise<Attempt> {
      return spread(await settled(() => desk.submit({ deployment: deps.deployment, ...input })));
    },

    /** Looks an order up until its fate is settled, for a while. */
    async resolveOrder(clientOrderId: string): Promise<Attempt> {
      const before = await desk.news.known(clientOrderId);
      const attempt = await settled(() => desk.resolve(clientOrderId));
      const cancelled = await noteCancelFound(deps, before, attempt.order);
      const whole = await spread(attempt);
      await tellFinding(deps.owners, before.account, cancelled);
      return whole;
    },

    async cancelOrder(input: {
      readonly positionId: string;
      readonly leg: Leg;
      readonly sequence: number;
    }): Promise<Attempt | null> {
      const position = await load(input.positionId);
      const order = position.orders.find(
        ({ leg, sequence }) => leg === input.leg && sequence === input.sequence,
      );
      return order === undefined ? null : spread(await desk.cancel(order.clientOrderId));
    },

    async giveUpPosition(input: { readonly positionId: string; readonly reason: ExitReason }): Promise<void> {
      await store.wishExit(input.positionId, input.reason);
    },

    /** Journals the wish to leave every live position of an account, or of one strategy in it, and wakes their owners. */
    async flattenPositions(input: {
      readonly account: string;
      readonly strategy: string | null;
      readonly reason: ExitReason;
    }): Promise<readonly string[]> {
      const live = await store.livePositions(input.account);
      const chosen = live.filter(({ strategy }) => input.strategy === null || strategy === input.strategy);
      for (const { positionId } of chosen) {
        await store.wishExit(positionId, input.reason);
        await wakePosition(deps.owners, input.account, positionId);
      }
      return chosen.map(({ positionId }) => positionId);
    },

    /**
     * Compares the exchange's record of every order that ended unfilled, and closes the position if it still is flat.
     * A late fill that turns up leaves it live, to be flattened again.
     */
    async settlePosition(positionId: string): Promise<SettleResult> {
      const before = await load(positionId);
      if (before.state === PositionState.Closed) return { position: before, closed: true };
      const owed = await learnLateNews({ exchange: deps.exchange, desk }, [before]);
      const { position, mode, clock: reading } = await loadPosition(positionId);
      const marketTimeMs = marketTimeAt(reading, wallTimeMs());
      if (owed || nextStep(position, mode, { marketTimeMs, wallTimeMs: wallTimeMs() }).do !== 'settle')
        return { position, closed: false };
      const closed = await store.closePosition(positionId, reasonOfClose(position), Math.floor(marketTimeMs));
      return { position: closed, closed: closed.state === PositionState.Closed };
    },

    async recordUnprotected(input: {
      readonly positionId: string;
      readonly key: string;
      readonly durationMs: number;
    }): Promise<void> {
      await store.recordUnprotected(input.positionId, input.key, input.durationMs);
    },
  };
}

export type OrderActivities = ReturnType<typeof createOrderActivities>;

function reasonOfClose(position: PositionView): ExitReason {
  if (position.exitReason !== null) return position.exitReason;
  return position.openedAtMs === null ? ExitReason.NotEntered : ExitReason.Stop;
}
