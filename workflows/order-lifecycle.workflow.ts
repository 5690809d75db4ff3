import {
  CancellationScope,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { isTerminal, OrderState, type OrderView } from '../domain/order';
import type { Attempt } from '../activities/order-attempt';
import { tell } from './children';
import {
  advanceSignal,
  orderNewsSignal,
  orderViewQuery,
  pokeSignal,
  type LegOrder,
  type OrderLifecycleInput,
} from './contract';
import { orderActivities } from './proxies';

/** Without news, the exchange is asked this often about an order that rests; news normally comes by the feed. */
const LOOK_UP_MS = 60_000;
/** Between two looks at an order whose fate is unknown. */
const RESOLVE_MS = 500;
/** Between two tries of an order that the exchange has provably not executed. */
const RETRY_MS = 1_000;
const MAX_PAUSE_MS = 10_000;
/** An order that the journal holds back (in a halt) is tried again when its position asks, or after this. */
const HELD_BACK_MS = 60_000;

/**
 * One leg of a position, from outbox to terminal state, its replacements included: submit, confirm, wait for news,
 * amend or cancel, done. The journal holds the truth; this workflow makes sure that somebody always works on it.
 */
export async function orderLifecycle(input: OrderLifecycleInput): Promise<OrderView | null> {
  const state: LegState = { wanted: input.order, view: null, absent: false, asked: 0 };

  setHandler(advanceSignal, (order: LegOrder) => {
    const { sequence } = state.wanted;
    if (order.sequence > sequence || (order.sequence === sequence && order.cancel)) state.wanted = order;
    else state.asked += 1;
  });
  setHandler(orderNewsSignal, (news: OrderView) => {
    learn(state, news);
  });
  setHandler(orderViewQuery, () => state.view);

  return CancellationScope.nonCancellable(() => drive(input, state));
}

interface LegState {
  wanted: LegOrder;
  /** The newest order of the leg, as last journaled. */
  view: OrderView | null;
  /** There is no such order in the outbox to be taken back. */
  absent: boolean;
  /** How often the position has asked for what is wanted already. */
  asked: number;
}

async function drive(input: OrderLifecycleInput, state: LegState): Promise<OrderView | null> {
  let told = -1;
  let stale = true;
  for (;;) {
    // A stop may rest for weeks, and every look at it is history. The journal knows all that a new run needs.
    if (workflowInfo().continueAsNewSuggested)
      await continueAsNew<typeof orderLifecycle>({ ...input, order: state.wanted });
    const { wanted, asked } = state;
    const waitMs: number = stale && !done(state) ? await advance(input, state) : 0;
    const view = state.view;
    setCurrentDetails(describe(view));
    if (view !== null && view.version !== told) {
      told = view.version;
      await tell(input.positionId, pokeSignal);
    }
    if (state.wanted !== wanted) {
      stale = true;
    } else if (done(state)) {
      return state.view;
    } else {
      const news = (): boolean =>
        state.wanted !== wanted ||
        state.view?.version !== view?.version ||
        (waitMs === HELD_BACK_MS && state.asked !== asked);
      const heard: boolean = await condition(news, waitMs > 0 ? waitMs : restMs(view), {
        summary: 'until news, or the next look',
      });
      const resting: boolean = state.view?.state === OrderState.Open && !state.wanted.cancel;
      // One that rests but owes something is looked at again, whatever was heard.
      stale = !heard || !resting || waitMs > 0 || state.wanted !== wanted;
    }
  }
}

/** Nothing is left to do for what is wanted. */
const done = ({ wanted, view, absent }: LegState): boolean =>
  view === null ? wanted.cancel && absent : view.sequence >= wanted.sequence && isTerminal(view.state);

const restMs = (view: OrderView | null): number =>
  view?.state === OrderState.Open ? LOOK_UP_MS : RESOLVE_MS;

/** One move on the way to the order's end. Returns how long to wait for news before the next, 0 for the usual. */
async function advance(input: OrderLifecycleInput, state: LegState): Promise<number> {
  const { positionId, leg } = input;
  const { wanted, view } = state;
  if (wanted.cancel) {
    const attempt = await orderActivities(input.venue, `take back ${leg} ${wanted.sequence}`).cancelOrder({
      positionId,
      leg,
      sequence: wanted.sequence,
    });
    state.absent = attempt === null;
    if (attempt === null) return 0;
    learn(state, attempt.order);
    return pauseMs(attempt.retryAfterMs, RETRY_MS);
  }
  if (view === null || view.sequence < wanted.sequence || view.state === OrderState.Created) {
    const { sequence, type, stopPrice, replaces } = wanted;
    const at = stopPrice === null ? '' : ` at ${stopPrice}`;
    const what = `send ${leg} ${sequence}: ${type}${at}`;
    const attempt = await orderActivities(input.venue, what).submitOrder({
      positionId,
      leg,
      sequence,
      type,
      stopPrice,
      replaces,
    });
    learn(state, attempt.order);
    if (attempt.order.state !== OrderState.Created) return owedMs(attempt);
    // Refused and yet not withdrawn: the journal holds it back.
    return attempt.refused === null ? pauseMs(attempt.retryAfterMs, RETRY_MS) : HELD_BACK_MS;
  }
  const look = orderActivities(input.venue, `look up ${leg} ${view.sequence}`);
  const attempt = await look.resolveOrder(view.clientOrderId);
  learn(state, attempt.order);
  return owedMs(attempt);
}

/** An order that counts as open because fills of it cannot be seen yet is no resting one: it is looked at again soon. */
const owedMs = ({ order, retryAfterMs }: Attempt): number =>
  order.state === OrderState.Open ? pauseMs(retryAfterMs, 0) : 0;

/** Takes over what is newer: a later order of the leg, or a later version of the same. */
function learn(state: LegState, news: OrderView): void {
  const { view } = state;
  const newer =
    view === null ||
    news.sequence > view.sequence ||
    (news.sequence === view.sequence && news.version > view.version);
  if (newer) state.view = news;
}

const pauseMs = (retryAfterMs: number | null, usualMs: number): number =>
  Math.min(retryAfterMs ?? usualMs, MAX_PAUSE_MS);

function describe(order: OrderView | null): string {
  if (order === null) return 'Not in the outbox yet.';
  const price = order.stopPrice ?? order.limitPrice;
  const at = price === null ? 'at market' : `at ${price}`;
  const reason = order.reason === null ? '' : `\n\nReason: ${order.reason}`;
  return `**${order.state}** ${order.side} ${order.quantity} ${order.symbol} ${order.type} ${at}, filled ${order.filledQuantity}\n\n\`${order.clientOrderId}\`, order ${order.sequence} of leg ${order.leg}${reason}`;
}
