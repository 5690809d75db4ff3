import type { ServerContext } from './context';
import type { Params } from './params';
import type { AccountKey } from './security';

/** Who may call: anyone, or a holder of a key who signs the request. */
export const Access = { Public: 'public', Signed: 'signed' } as const;
export type Access = (typeof Access)[keyof typeof Access];

interface RouteBase {
  /** `METHOD path`. */
  readonly key: string;
  readonly weight: number | ((params: Params) => number);
  /** Each call counts as that many new orders. */
  readonly newOrders?: number;
}

/** One endpoint. Handlers return the JSON to send, or throw `Refusal` or `ApiError`. */
export type Route =
  | (RouteBase & {
      readonly access: typeof Access.Public;
      handle(context: ServerContext, params: Params): unknown;
    })
  | (RouteBase & {
      readonly access: typeof Access.Signed;
      handle(context: ServerContext, params: Params, key: AccountKey): unknown;
    });
