import type { OrderRequest } from './accounts/filters';
import type { Order, Refusal } from './engine/types';

/** Names an order by the exchange's id or by the client's; the exchange's wins when both are given. */
export interface OrderRef {
  readonly symbol: string;
  readonly orderId?: number;
  readonly clientOrderId?: string;
}

export const CancelRestriction = {
  OnlyNew: 'ONLY_NEW',
  OnlyPartiallyFilled: 'ONLY_PARTIALLY_FILLED',
} as const;
export type CancelRestriction = (typeof CancelRestriction)[keyof typeof CancelRestriction];

export interface CancelRequest extends OrderRef {
  readonly restriction?: CancelRestriction;
  /** The id the cancellation itself is to have. */
  readonly newClientOrderId?: string;
}

export interface ListRequest {
  readonly symbol: string;
  readonly listClientOrderId?: string;
  readonly above: OrderRequest;
  readonly below: OrderRequest;
}

export interface CancelReplaceRequest {
  readonly cancel: CancelRequest;
  readonly replacement: OrderRequest;
  readonly stopOnFailure: boolean;
  /** A half that is refused whatever else speaks for it. */
  readonly refusal?: { readonly half: 'cancellation' | 'placement'; readonly refusal: Refusal };
}

/** Each half's outcome; `'not-attempted'` when the first half failed and the second was to stop on that. */
export interface CancelReplaceOutcome {
  readonly cancelled: Order | Refusal;
  readonly placed: Order | Refusal | 'not-attempted';
}

/** Names a list by the exchange's id or by the client's. */
export interface ListRef {
  readonly listId?: number;
  readonly listClientOrderId?: string;
}
