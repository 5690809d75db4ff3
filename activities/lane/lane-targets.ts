import { toNumber } from '../../domain/decimal';
import { ExitReason, PositionState, type PositionView } from '../../domain/position';
import type { MarketEvent } from '../../adapters/exchange/port';
import type { ActivityDeps } from '../deps';
import { wakePosition } from '../wake';

type Trade = Extract<MarketEvent, { kind: 'trade' }>;

interface Watched {
  readonly positionId: string;
  readonly target: number;
}

/** A position whose target was touched before it was open is looked at again after this. Wall milliseconds. */
const LOOK_AGAIN_MS = 250;

/**
 * Looks at every trade for positions that have reached their target, and leaves them at once. The market's trades before a position was
 * opened do not count, as its bars before do not.
 */
export class LaneTargets {
  private watched: ReadonlyMap<string, readonly Watched[]> = new Map();
  private readonly looked = new Map<string, number>();
  private refreshes = 0;
  /** The refresh that `watched` is from. */
  private refreshed = 0;
  private readonly leaving = new Set<Promise<void>>();

  /** @param carryOut sends what is wished of a position */
  constructor(
    private readonly deps: Pick<ActivityDeps, 'store' | 'owners' | 'log' | 'wallTimeMs'>,
    private readonly of: { readonly account: string; readonly strategy: string },
    private readonly carryOut: (positionId: string) => Promise<unknown>,
  ) {}

  /** Takes over which positions the journal knows as live. */
  async refresh(): Promise<void> {
    const { account, strategy } = this.of;
    const refresh = (this.refreshes += 1);
    const live = await this.deps.store.livePositions(account);
    // An answer that comes after a later one's does not know what that does.
    if (refresh < this.refreshed) return;
    this.refreshed = refresh;
    const watched = new Map<string, Watched[]>();
    for (const position of live.filter((each) => each.strategy === strategy && each.exitReason === null)) {
      const { symbol, positionId, targetPrice } = position;
      watched.set(symbol, [...(watched.get(symbol) ?? []), { positionId, target: toNumber(targetPrice) }]);
    }
    this.watched = watched;
    const isLive = new Set(live.map(({ positionId }) => positionId));
    for (const positionId of this.looked.keys()) if (!isLive.has(positionId)) this.looked.delete(positionId);
  }

  /** Costs nothing for a trade that reaches no target; what one that does leads to goes on behind it. */
  see({ symbol, price, marketTimeMs }: Trade): void {
    const nowMs = this.deps.wallTimeMs();
    for (const { positionId, target } of this.watched.get(symbol) ?? []) {
      if (price < target || nowMs - (this.looked.get(positionId) ?? -Infinity) < LOOK_AGAIN_MS) continue;
      this.looked.set(positionId, nowMs);
      const leaving = this.leave(positionId, price, marketTimeMs).catch((error: unknown) => {
        this.deps.log.warn(
          { positionId, error },
          'a position at its target could not be left; it is tried again',
        );
      });
      this.leaving.add(leaving);
      void leaving.finally(() => this.leaving.delete(leaving));
    }
  }

  /** Resolves when nothing is under way. */
  async done(): Promise<void> {
    await Promise.all(this.leaving);
  }

  private async leave(positionId: string, price: number, marketTimeMs: number): Promise<void> {
    const { store, owners, log } = this.deps;
    const position = await store.position(positionId);
    if (position === undefined || !canLeave(position, marketTimeMs)) return;
    await store.wishExit(positionId, ExitReason.Target);
    log.info({ positionId, price, target: position.targetPrice }, 'a trade has reached the target');
    await this.carryOut(positionId);
    await wakePosition(owners, this.of.account, positionId);
    await this.refresh();
  }
}

const canLeave = ({ state, openedAtMs, exitReason }: PositionView, atMs: number): boolean =>
  state === PositionState.Live && exitReason === null && openedAtMs !== null && openedAtMs <= atMs;
