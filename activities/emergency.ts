import type { OrderReport } from '../adapters/exchange/port';
import { clientOrderIdPrefix } from '../domain/ids';
import { fateIsOpen, isTerminal, Leg, OrderState, Side, type OrderView } from '../domain/order';
import { describeStranded } from '../domain/delisting';
import { emergencyStep, isStranded, type PositionStep } from '../domain/planner';
import { ExitReason, type PositionView } from '../domain/position';
import { TradingMode } from '../domain/risk';
import type { ActivityDeps } from './deps';
import type { StrandedHolding, SweepInput, SweepResult, VerifyInput } from './emergency-sweep';
import { describeUnknown, UnknownSells } from './unknown-sells';
import { learnLateNews } from './late-news';
import { lastKnownPrice, noteListings, readListings } from './listings';
import { wakePosition } from './wake';

/** Key of the risk event by which the emergency stop of a halt epoch says that it has ended. */
export const stopReportKey = (account: string, haltEpoch: number): string =>
  `emergency/${account}/${haltEpoch}/report`;

/** What became of one position in a pass. */
interface Leaving {
  readonly sent: number;
  /** Set when the position can only wait for news of its orders. */
  readonly waiting: PositionView | undefined;
}

/** Nothing is left to be done: it is flat, or what it holds is proven to be beyond selling. */
const isOver = (position: PositionView): boolean =>
  isStranded(position) || emergencyStep(position).do === 'settle';

const sentBy = (exits: readonly Leaving[]): number => exits.reduce((count, { sent }) => count + sent, 0);

/** Its last sale was refused, which coins that another order locks are a reason for. */
const isRefused = ({ orders }: PositionView): boolean =>
  orders.findLast(({ leg }) => leg === Leg.Emergency)?.state === OrderState.Rejected;

/** The emergency stop's own hands: every activity may be repeated after any crash, at any point. */
export function createEmergencyActivities(deps: ActivityDeps) {
  const { emergencyStore: store, emergencyDesk: desk, emergencyExchange: exchange, owners, log } = deps;
  const emergency = { exchange, desk };

  /** The account's halt epoch, and whether that halt is in force: a resume ends it. */
  async function haltInForce(account: string): Promise<{ epoch: number; halted: boolean }> {
    const state = await store.account(account);
    if (state === undefined) throw new Error(`Account ${account} is not in the journal.`);
    return { epoch: state.haltEpoch, halted: state.mode === TradingMode.Halted };
  }

  /** Results of what succeeded; the rest is logged, and tried again by the next pass. */
  async function succeeded<T>(
    account: string,
    what: string,
    work: readonly Promise<T>[],
  ): Promise<readonly T[]> {
    const outcomes = await Promise.allSettled(work);
    return outcomes.flatMap((outcome) => {
      if (outcome.status === 'fulfilled') return [outcome.value];
      log.warn({ account, error: outcome.reason as unknown }, `${what} failed; it is tried again`);
      return [];
    });
  }

  /** By our ids alone: an order may rest on a symbol that the configuration has dropped. */
  async function ourOpenOrders(): Promise<readonly OrderReport[]> {
    const prefix = clientOrderIdPrefix(deps.deployment);
    return (await exchange.openOrders()).filter(({ clientOrderId }) => clientOrderId.startsWith(prefix));
  }

  /**
   * Our resting buys are cancelled by what the exchange shows, whether the journal knows them or not.
   * @returns how many were, and how many orders of ours rested before
   */
  async function cancelEntries(
    account: string,
  ): Promise<{ readonly cancelled: number; readonly seen: number }> {
    const [mine = []] = await succeeded(account, 'listing open orders', [ourOpenOrders()]);
    const buys = mine.filter(({ side }) => side === Side.Buy);
    const cancels = buys.map(async ({ symbol, clientOrderId }) => {
      const known = await store.order(clientOrderId);
      if (known === undefined) await exchange.cancel(symbol, clientOrderId);
      else await desk.cancel(clientOrderId);
    });
    const cancelled = (await succeeded(account, 'cancelling an entry', cancels)).length;
    return { cancelled, seen: mine.length };
  }

  /** One step of one position; the order that it sent, if it did. Its owners are told at the end of the stop. */
  async function act(
    { positionId }: PositionView,
    step: PositionStep,
    epoch: number,
  ): Promise<OrderView | undefined> {
    if (step.do === 'cancel') await desk.cancel(step.order.clientOrderId);
    if (step.do !== 'order') return undefined;
    return (await desk.submit({ deployment: deps.deployment, positionId, ...step }, epoch)).order;
  }

  /** Steps of one position in this pass: cancelling its entry and selling what it holds are two of them. */
  async function leave(seen: PositionView, epoch: number): Promise<Leaving> {
    if (seen.exitReason === null) await store.wishExit(seen.positionId, ExitReason.Emergency);
    let position: PositionView | undefined = seen;
    let sent = 0;
    for (let steps = 0; steps < 3 && position !== undefined; steps += 1) {
      const step = emergencyStep(position);
      if (step.do === 'wait') return { sent, waiting: position };
      if (step.do === 'settle' || (step.do === 'order' && desk.backOffMs(position, Leg.Emergency) > 0)) break;
      const order = await act(position, step, epoch);
      if (order !== undefined) sent += 1;
      // Most often that is all; the end of the pass looks at every position anyway.
      if (order?.state === OrderState.Filled) break;
      position = await store.position(seen.positionId);
    }
    return { sent, waiting: undefined };
  }

  /**
   * Tells the workflows of a position what became of its orders, those that wait for news of a leg first: each of them
   * tells its position in turn. A position that has no workflow any more is given one.
   */
  async function tellOwners({ account, positionId, orders }: PositionView): Promise<void> {
    const newest = new Map(orders.map((order) => [order.leg, order]));
    newest.delete(Leg.Emergency); // no workflow sends these
    for (const order of newest.values()) if (isTerminal(order.state)) await owners.notifyOrder(order);
    await wakePosition(owners, account, positionId);
  }

  /** One after the other: there is no hurry any more. */
  async function tellAll(positions: readonly PositionView[]): Promise<void> {
    for (const position of positions)
      await succeeded(position.account, 'telling owners', [tellOwners(position)]);
  }

  const strays = new UnknownSells(deps);

  /** One look at the exchange's own record: no order of ours that the journal knows, and no coin that a position of ours still holds. */
  async function looksFlat(account: string): Promise<boolean> {
    const live = await store.livePositions(account);
    const [open, owed] = await Promise.all([ourOpenOrders(), learnLateNews(emergency, live)]);
    const [after, { halted }] = await Promise.all([store.livePositions(account), haltInForce(account)]);
    const { unexplained } = await strays.among(account, open);
    return halted && !owed && open.length === unexplained.length && after.every(isOver);
  }

  /** The orders that still rest, and what is known of those that the journal does not know. */
  async function lookAtOrders(account: string, left: readonly PositionView[]) {
    const open = await ourOpenOrders();
    const { unexplained, awaited } = await strays.among(account, open);
    // What one locks that a position of ours needs, the next pass sells.
    const inTheWay = [...unexplained, ...awaited].filter(({ symbol }) =>
      left.some((position) => position.symbol === symbol && isRefused(position)),
    );
    const ends = inTheWay.map(({ symbol, clientOrderId }) => exchange.cancel(symbol, clientOrderId));
    const ended = await succeeded(account, 'cancelling a sell that the journal does not know', ends);
    return {
      openOrders: open.length,
      cancelled: ended.filter((report) => report !== undefined).length,
      unexplained: unexplained.map(describeUnknown),
      awaited: awaited.map(describeUnknown),
    };
  }

  /**
   * What can be done about every position: most are sold at once. Of those that wait for news of an order the record is read,
   * and what it has settled goes on in the same pass.
   */
  async function leaveAll(
    account: string,
    positions: readonly PositionView[],
    epoch: number,
  ): Promise<{ readonly sent: number }> {
    const each = (those: readonly PositionView[]): Promise<readonly Leaving[]> =>
      succeeded(
        account,
        'an emergency exit',
        those.map((position) => leave(position, epoch)),
      );
    const first = await each(positions);
    const waiting = first.flatMap((exit) => exit.waiting ?? []);
    if (waiting.length === 0) return { sent: sentBy(first) };
    await succeeded(account, 'reading the record of orders', [learnLateNews(emergency, waiting)]);
    const ids = new Set(waiting.map(({ positionId }) => positionId));
    const still = (await store.livePositions(account)).filter(({ positionId }) => ids.has(positionId));
    return { sent: sentBy(first) + sentBy(await each(still)) };
  }

  /** When the first open fate among these will be settled, at the latest. */
  function settledAfterMs(positions: readonly PositionView[]): number | null {
    const open = positions.flatMap(({ orders }) => orders.filter(fateIsOpen));
    return open.length === 0 ? null : Math.max(0, Math.min(...open.map((order) => desk.patienceMs(order))));
  }

  /** Live positions that are not flat yet. */
  const unsettledAmong = (live: readonly PositionView[]): readonly string[] =>
    live.filter((position) => !isOver(position)).map(({ positionId }) => positionId);

  /**
   * The live positions, once it has been asked whether a pair is listed again: then what was beyond selling is sold.
   */
  async function livePositions(account: string): Promise<readonly PositionView[]> {
    const live = await store.livePositions(account);
    const stranded = live.filter(isStranded);
    if (stranded.length === 0) return live;
    const looks = stranded.map(async (position) => {
      const listings = await readListings(exchange, [position]);
      await noteListings({ ...deps, store, desk }, [position], listings);
    });
    await succeeded(account, 'asking whether a pair is listed again', looks);
    return store.livePositions(account);
  }

  const describe = async (position: PositionView): Promise<StrandedHolding> => ({
    positionId: position.positionId,
    what: describeStranded(position, await lastKnownPrice(store, exchange.venue, position)),
  });

  return {
    /**
     * The first thing that happens, in one row: from here on only the emergency stop may send.
     * @returns the halt epoch; that of the halt in force when the account is halted already
     */
    async raiseHalt(input: {
      readonly account: string;
      readonly haltKey: string;
      readonly reason: string;
      readonly by: string;
    }): Promise<number> {
      const { account, haltKey, reason, by } = input;
      return store.raiseHalt(account, { key: haltKey, reason, by });
    },

    /**
     * One pass: cancels every entry, sells what every live position holds in the place of its stop, and looks at the
     * exchange. Whatever fails or hangs does not keep the rest waiting. Nothing is touched once trading has been resumed.
     */
    async sweepAccount({ account, afterMs = 0 }: SweepInput): Promise<SweepResult> {
      if (afterMs > 0) await deps.pause(afterMs);
      const { epoch, halted } = await haltInForce(account);
      if (!halted) {
        const unsettled = unsettledAmong(await store.livePositions(account));
        const nothing = { cancelledOrders: 0, exitOrders: 0, live: [], openOrders: 0, flat: false };
        return { ...nothing, epoch, superseded: true, unsettled };
      }
      const positions = await livePositions(account);
      const [entries, exits] = await Promise.all([
        cancelEntries(account),
        leaveAll(account, positions, epoch),
      ]);
      const left = await store.livePositions(account);
      const unsettled = unsettledAmong(left);
      // Listing all orders is dear: a stop that has to go on for long must not use up the rate limit with it.
      const looked =
        unsettled.length === 0 || left.some(isRefused)
          ? await lookAtOrders(account, left)
          : { openOrders: entries.seen, cancelled: 0, unexplained: [], awaited: [] };
      const { openOrders, unexplained, awaited } = looked;
      const cancelledOrders = entries.cancelled + looked.cancelled;
      const flat = unsettled.length === 0 && openOrders === unexplained.length;
      const live = positions.map(({ positionId }) => positionId);
      const stranded = await Promise.all(left.filter(isStranded).map(describe));
      const done = {
        ...{ cancelledOrders, exitOrders: exits.sent, live, unsettled, stranded, openOrders, flat },
        ...{ unexplained, awaited },
        settledAfterMs: settledAfterMs(left),
      };
      return { epoch, superseded: false, ...done };
    },

    /**
     * Whether the exchange's own record shows the account flat, but for what nobody can sell, and shows it again `againAfterMs` later. False, too, when
     * trading has been resumed: the next pass tells.
     */
    async verifyFlat({ account, againAfterMs }: VerifyInput): Promise<boolean> {
      if (!(await looksFlat(account))) return false;
      if (againAfterMs === undefined) return true;
      await deps.pause(againAfterMs);
      return looksFlat(account);
    },

    /**
     * Journals how the stop went, and only then tells the owners of all positions, who close them: while it sold, their
     * work would have held it up. Nobody waits for that; whom it does not reach, the risk desk wakes.
     */
    async reportEmergency(input: {
      readonly account: string;
      readonly epoch: number;
      readonly message: string;
    }): Promise<void> {
      const { account, epoch, message } = input;
      log.warn({ account, epoch }, message);
      await store.recordRiskEvent({
        account,
        code: 'emergency-stop',
        message,
        marketTimeMs: null,
        key: stopReportKey(account, epoch),
      });
      void tellAll(await store.livePositions(account));
    },
  };
}

export type EmergencyActivities = ReturnType<typeof createEmergencyActivities>;
