import { isZero } from './decimal';
import { Leg, OrderState, type OrderView } from './order';
import type { PositionView } from './position';

/** First and longest pause between orders of a leg that come to nothing, in wall milliseconds. */
const BACKOFF = { firstMs: 250, maxMs: 30_000 } as const;

/** A stop that was taken back after it had rested longer than this was not taken back because it was placed. Wall milliseconds. */
const RESTED_MS = 60_000;

/**
 * How long to wait before the next order of a leg: nothing at first, doubling with each failure in a row. A stop that somebody else takes
 * back is placed anew at once; when they go on taking it back, each further time counts as a failure.
 */
export function backoffMs(position: PositionView, leg: Leg): number {
  return pauseAfter(failuresInARow(position, leg, takenBackSoon));
}

/** The same as it was before stops that are taken back counted; for runs that began then. */
export const backoffMsWithoutTakenBack = (position: PositionView, leg: Leg): number =>
  pauseAfter(failuresInARow(position, leg, () => false));

const pauseAfter = (failures: number): number =>
  failures === 0 ? 0 : Math.min(BACKOFF.maxMs, BACKOFF.firstMs * 2 ** (failures - 1));

type TakenBack = (order: OrderView, next: OrderView | undefined, all: readonly OrderView[]) => boolean;

function failuresInARow({ orders }: PositionView, leg: Leg, takenBack: TakenBack): number {
  const sent = orders.filter((order) => order.leg === leg && order.state !== OrderState.Created);
  const returned = sent.map((order, index) => takenBack(order, sent[index + 1], orders));
  const row = sent.findLastIndex((order, index) => !failedState(order) && returned[index] !== true) + 1;
  const isAnyReturned = returned.slice(row).includes(true);
  return sent.length - row - (isAnyReturned ? 1 : 0);
}

/** A stop that was cancelled though no order of ours took its place, soon after it was sent as far as the next one tells. */
const takenBackSoon: TakenBack = (order, next, all) =>
  order.leg === Leg.Stop &&
  order.state === OrderState.Cancelled &&
  isZero(order.filledQuantity) &&
  all.every(({ replaces }) => replaces !== order.clientOrderId) &&
  (next === undefined || (next.sendDeadlineMs ?? 0) - (order.sendDeadlineMs ?? 0) <= RESTED_MS);

/** Refused, lost, or sent into an empty book. */
const failedState = (order: OrderView): boolean =>
  order.state === OrderState.Rejected ||
  order.state === OrderState.Abandoned ||
  (order.state === OrderState.Expired && isZero(order.filledQuantity));
