import { marketTimeAt, type ClockReading } from '../domain/clock';
import { isZero } from '../domain/decimal';
import { ExchangeFailure } from '../domain/errors';
import type { Finding } from '../domain/findings';
import { fateIsOpen, Leg, mayBeLive, OrderState, type OrderView } from '../domain/order';
import { isBare, nextStep } from '../domain/planner';
import { FIRST_GAP, PositionState, type PositionView } from '../domain/position';
import type { TradingMode } from '../domain/trading-mode';
import { askListed, isUnlisted } from '../adapters/exchange/try-each';
import { atMost } from './at-most';
import type { ActivityDeps } from './deps';
import type { Attempt } from './order-attempt';
import { noteCancelFound } from './reconciling/strange-cancel';
import { failureOr } from './refusals';
import { tellFinding, tellOwner } from './wake';

/** A position with all that its owner needs to plan: the account's mode and a reading of the clocks. */
export interface LoadedPosition {
  readonly position: PositionView;
  readonly mode: TradingMode;
  readonly clock: ClockReading;
}

/** Steps taken in one go: a stop that is refused, giving up, cancelling the entry, selling, and the same again after a pause. */
const MAX_STEPS = 12;
/** Looks of one activity at an order whose fate is open, and how far apart they are at most, in wall milliseconds. */
const [LOOKS, LOOK_MS] = [12, 400];
/** A pause after failures that is no longer than this is waited for; longer ones are left to the workflow. Wall milliseconds. */
const BRIEF_MS = 600;
/** Positions that are looked after at a time. Look-ups pass the queue of the request rate by. */
const AT_ONCE = 8;

/** What sends at once that which a bare position lacks. */
export type Protect = ReturnType<typeof createProtection>['protect'];

/**
 * Protects bare positions at once. It takes the very steps that the position's workflow would take next, through the same
 * outbox, so it does not matter which of the two comes first; but it does not wait for the way through the workflows,
 * which takes several tasks, and after a crash as long as their time-outs. Whatever it cannot do is left to them.
 */
export function createProtection(deps: ActivityDeps) {
  const { deployment, store, desk, clock, owners, wallTimeMs, pause, log } = deps;
  async function loadPosition(positionId: string): Promise<LoadedPosition> {
    const position = await store.position(positionId);
    if (position === undefined) throw new Error(`Position ${positionId} is not in the journal.`);
    const account = await store.account(position.account);
    if (account === undefined) throw new Error(`Account ${position.account} is not in the journal.`);
    return { position, mode: account.mode, clock: await clock.reading() };
  }

  /** One step, as long as the position needs one; false when there is none to be taken now. */
  async function step(
    positionId: string,
    changed: OrderView[],
    { patient, needed }: { readonly patient: boolean; readonly needed: (position: PositionView) => boolean },
  ): Promise<boolean> {
    const loaded = await loadPosition(positionId);
    const { position, mode } = loaded;
    if (!needed(position)) return false;
    const nowMs = wallTimeMs();
    const next = nextStep(position, mode, {
      marketTimeMs: marketTimeAt(loaded.clock, nowMs),
      wallTimeMs: nowMs,
    });
    if (next.do === 'give-up') return store.wishExit(positionId, next.reason);
    if (next.do === 'cancel') {
      changed.push((await desk.cancel(next.order.clientOrderId)).order);
      return true;
    }
    if (next.do !== 'order' || next.leg === Leg.Entry) return false;
    const restMs = desk.backOffMs(position, next.leg);
    if (restMs > (patient ? BRIEF_MS : 0)) return false;
    if (restMs > 0) {
      await pause(restMs);
      return true; // something else may be right by now
    }
    const { order, alsoChanged } = await desk.submit({ deployment, positionId, ...next });
    changed.push(order, ...alsoChanged);
    if (next.leg === Leg.Stop && order.state === OrderState.Open) await measureFirstGap(loaded);
    // One that was not executed, or is held back, waits for its turn.
    return order.state !== OrderState.Created;
  }

  /** The workflow sees the stop only once it is there. */
  async function measureFirstGap({ position, clock: reading }: LoadedPosition): Promise<void> {
    const { positionId, openedAtMs, orders } = position;
    if (openedAtMs === null || orders.some(({ leg, exchangeOrderId }) => leg === Leg.Stop && exchangeOrderId))
      return;
    const openedWallMs = reading.wallTimeMs + (openedAtMs - reading.marketTimeMs) / reading.speed;
    const durationMs = Math.max(0, Math.round(wallTimeMs() - openedWallMs));
    await store.recordUnprotected(positionId, FIRST_GAP, durationMs);
  }

  /**
   * Sends the stop, or the exit, that a bare position lacks. Never throws: its failure is not that of what came before.
   * @param patient waits for brief pauses after failures; not for whoever keeps others waiting
   * @returns orders that it changed, for their owners
   */
  function protect(positionId: string, patient = false): Promise<readonly OrderView[]> {
    return walk(positionId, { patient, needed: isBare });
  }

  /**
   * What was tried, and looks at what became of it until that is known, for a while: until then a position may be bare, and the timers of
   * workflows come up to a second late. What is known to be held does not wait for the rest.
   */
  async function settled(tried: () => Promise<Attempt>): Promise<Attempt> {
    const untilMs = wallTimeMs() + LOOKS * LOOK_MS;
    let attempt = await tried();
    for (let looks = 1; looks < LOOKS && wallTimeMs() < untilMs && isOwed(attempt); looks += 1) {
      await pause(Math.min(LOOK_MS, attempt.retryAfterMs ?? LOOK_MS));
      const looked = await failureOr(desk.resolve(attempt.order.clientOrderId));
      if (looked instanceof ExchangeFailure) {
        if (isUnlisted(looked) || wallTimeMs() + (looked.detail.retryAfterMs ?? 0) >= untilMs) break;
        continue;
      }
      const { order, alsoChanged, retryAfterMs } = looked;
      attempt = { ...attempt, order, retryAfterMs, alsoChanged: [...attempt.alsoChanged, ...alsoChanged] };
    }
    return attempt;
  }

  /**
   * What has just been learnt may have left the position bare: an entry that filled, a stop that came to nothing. Then tells the owners of
   * orders that changed on the side (that stop, or one that an exit replaced).
   */
  async function spread(attempt: Attempt): Promise<Attempt> {
    const alsoChanged = [...attempt.alsoChanged, ...(await protect(attempt.order.positionId, true))];
    for (const order of alsoChanged) await owners.notifyOrder(order);
    return { ...attempt, alsoChanged };
  }

  /**
   * Carries out at once what is wished of a position: an exit, a higher stop. Never throws, and leaves to its workflow what it cannot do.
   * @returns orders that it changed, for their owners
   */
  function carryOut(positionId: string): Promise<readonly OrderView[]> {
    return walk(positionId, { patient: false, needed: ({ state }) => state === PositionState.Live });
  }

  async function walk(positionId: string, how: Parameters<typeof step>[2]): Promise<readonly OrderView[]> {
    const changed: OrderView[] = [];
    try {
      for (let steps = 0; steps < MAX_STEPS && (await step(positionId, changed, how)); steps += 1);
    } catch (error) {
      log.warn(
        { positionId, error },
        'what a position needs could not be done at once; its workflow does it',
      );
    }
    return changed;
  }

  /**
   * Asks about every order that is not settled, or only about those whose fate is open, protects what is bare, and then tells the owners,
   * and the account's reconciliation of what somebody else has cancelled. Several positions at once, each as soon as its own orders are known:
   * what one waits for keeps no other bare.
   * @returns whether anything is left that another look might settle
   * @throws the first failure of a question, after all the rest has been done
   */
  async function catchUp(
    account: string,
    {
      tell = (order) => tellOwner(owners, order),
      restingToo = true,
    }: {
      readonly tell?: (order: OrderView) => Promise<void>;
      readonly restingToo?: boolean;
    } = {},
  ): Promise<boolean> {
    const unsettled = await store.unsettledOrders(account);
    const asked = unsettled.filter((order) => fateIsOpen(order) || (restingToo && mayBeLive(order.state)));
    const bare = (await store.livePositions(account)).filter(isBare);
    const news: OrderView[] = [];
    const cancelled: Finding[] = [];
    let left = bare.length > 0;

    async function ask(order: OrderView): Promise<void> {
      const { order: now, alsoChanged } = await desk.resolve(order.clientOrderId);
      left ||= fateIsOpen(now);
      if (now.version !== order.version) news.push(now);
      news.push(...alsoChanged);
      const finding = await noteCancelFound(deps, order, now);
      if (finding !== undefined) cancelled.push(finding);
    }
    async function lookAfter(positionId: string): Promise<void> {
      try {
        const { unknown } = await askListed(
          asked.filter((order) => order.positionId === positionId),
          ask,
        );
        for (const { clientOrderId } of unknown)
          log.warn({ account, clientOrderId }, 'an order cannot be asked about: its pair is not listed');
      } finally {
        news.push(...(await protect(positionId)));
      }
    }

    try {
      const positions = new Set([...bare, ...asked].map(({ positionId }) => positionId));
      await atMost(AT_ONCE, [...positions], lookAfter);
    } finally {
      await Promise.all([
        ...cancelled.map((finding) => tellFinding(owners, account, finding)),
        ...news.map(tell),
      ]);
    }
    return left || (await store.livePositions(account)).some(isBare);
  }

  return { loadPosition, protect, settled, spread, carryOut, catchUp };
}

/** Sent, and nobody knows what became of it; or it tells of fills of which the exchange does not list any yet. */
const isOwed = ({ order, retryAfterMs }: Attempt): boolean =>
  fateIsOpen(order) ||
  (order.state === OrderState.Open && retryAfterMs !== null && isZero(order.filledQuantity));
