import { isOpen, type Order } from '../../engine/types';
import type { Exchange } from '../../exchange';
import type { Venue } from '../../venue';
import type { FaultPlan } from './plan';
import type { FaultOf, FaultRequest } from './request';

const ORDER_KINDS = ['cancel-order', 'expire-order', 'fill-order'] as const;
const SYMBOL_KINDS = ['rules', 'trading-status'] as const;

const ORDER_ACTS: Readonly<
  Record<(typeof ORDER_KINDS)[number], (exchange: Exchange, order: Order, timeMs: number) => void>
> = {
  'cancel-order': (exchange, order, timeMs) => {
    exchange.endOrder(order, 'CANCELED', timeMs);
  },
  'expire-order': (exchange, order, timeMs) => {
    exchange.endOrder(order, 'EXPIRED', timeMs);
  },
  'fill-order': (exchange, order, timeMs) => {
    exchange.fillOrder(order, timeMs);
  },
};

/** What the exchange does of its own accord. Everything is a command to the exchange, journaled like any other. */
export class ExchangeFaults {
  constructor(
    private readonly plan: FaultPlan,
    private readonly venue: Venue,
  ) {}

  /** @throws Refusal for a symbol the exchange does not have, RangeError for rules it cannot have. */
  check(request: FaultRequest): void {
    if (request.kind === 'rules') this.venue.exchange.rulesWith(request.symbol, request);
    else if (request.kind === 'trading-status') this.venue.exchange.matcher(request.symbol);
  }

  /** Does what planned faults are due to do. Resolves once it is on the disk. */
  async sweep(): Promise<void> {
    for (const fault of this.plan.due(SYMBOL_KINDS)) {
      if (!fault.wins(fault.request.symbol)) continue;
      await this.venue.execute(fault.request.symbol, (exchange, timeMs) => {
        changeSymbol(exchange, fault.request, timeMs);
      });
      this.plan.record(fault, { endpoint: fault.request.symbol });
    }
    if (!this.plan.has(ORDER_KINDS)) return;
    for (const order of this.venue.exchange.state.allOpenOrders()) await this.strikeOrder(order);
  }

  private async strikeOrder(order: Order): Promise<void> {
    if (!this.plan.due(ORDER_KINDS).some(({ request }) => fits(order, request))) return;
    await this.venue.execute(order.symbol, (exchange, timeMs) => {
      if (!isOpen(order.status)) return;
      const occasion = { endpoint: order.symbol, clientOrderId: order.clientOrderId };
      const fault = this.plan.strike(ORDER_KINDS, occasion, (request) => fits(order, request), order.orderId);
      if (fault !== undefined) ORDER_ACTS[fault.kind](exchange, order, timeMs);
    });
  }
}

function changeSymbol(
  exchange: Exchange,
  request: FaultOf<(typeof SYMBOL_KINDS)[number]>,
  timeMs: number,
): void {
  if (request.kind === 'rules') exchange.changeRules(request.symbol, request);
  else exchange.changeStatus(request.symbol, request.status, timeMs);
}

const fits = (order: Order, request: FaultOf<(typeof ORDER_KINDS)[number]>): boolean =>
  (request.symbol ?? order.symbol) === order.symbol &&
  (request.clientOrderId ?? order.clientOrderId) === order.clientOrderId &&
  (request.orderType ?? order.type) === order.type &&
  (request.side ?? order.side) === order.side;
