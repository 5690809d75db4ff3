import { isOpen, Refusal, type Order } from '../../engine/types';
import type { CancelReplaceRequest } from '../../requests';
import type { Venue } from '../../venue';
import { readCancel } from '../order-params';
import type { Params } from '../params';
import type { FaultPlan } from './plan';
import { coversEndpoint } from './request';

const CANCEL = 'DELETE /api/v3/order';
const REPLACE = 'POST /api/v3/order/cancelReplace';

/** Faults that change how a request is carried out, and what queries show of it. */
export class ExecutionFaults {
  /** Wall time from which each hidden order can be seen. */
  private readonly visibleFromMs = new Map<number, number>();
  private readonly heldStops = new Set<number>();

  constructor(
    private readonly plan: FaultPlan,
    private readonly venue: Venue,
    private readonly wallMs: () => number,
  ) {
    venue.exchange.observe((event) => {
      if (event.kind === 'orderAccepted') this.hide(event.order);
    });
    venue.exchange.holdStops((order) => this.holds(order));
  }

  /** Wall time as the server sees it: what it signs, checks and tells. */
  serverMs(): number {
    const skews = this.plan.due(['clock-skew']);
    for (const fault of skews) if (fault.struck === 0) this.plan.record(fault, { endpoint: 'clock' });
    return this.wallMs() + skews.reduce((sum, { request }) => sum + request.skewMs, 0);
  }

  isMaintained(): boolean {
    return this.plan.due(['maintenance']).length > 0;
  }

  isHidden(orderId: number): boolean {
    const fromMs = this.visibleFromMs.get(orderId);
    if (fromMs === undefined) return false;
    if (this.wallMs() < fromMs) return true;
    this.visibleFromMs.delete(orderId);
    return false;
  }

  /** Lets an order fill in the instant in which its cancellation arrives. */
  async raceCancellation(key: string, params: Params, account: string): Promise<void> {
    if (key !== CANCEL && key !== REPLACE) return;
    if (!this.plan.has(['cancel-loses'])) return;
    const ref =
      key === CANCEL ? readCancel(params) : readCancel(params, 'cancelOrderId', 'cancelOrigClientOrderId');
    await this.venue.execute(ref.symbol, (exchange, timeMs) => {
      const order = exchange.find(account, ref);
      if (order === undefined || !isOpen(order.status)) return;
      const occasion = { endpoint: key, clientOrderId: order.clientOrderId };
      const fault = this.plan.strike(['cancel-loses'], occasion, ({ match }) => coversEndpoint(match, key));
      if (fault !== undefined) exchange.fillOrder(order, timeMs);
    });
  }

  /** The half of a cancelReplace that is to fail, if one is. */
  replaceRefusal(clientOrderId: string | undefined): CancelReplaceRequest['refusal'] {
    const occasion = { endpoint: REPLACE, clientOrderId };
    const fault = this.plan.strike(['replace-fails'], occasion, () => true);
    return fault && { half: fault.half, refusal: new Refusal(fault.code, fault.message) };
  }

  private holds({ orderId, clientOrderId, symbol }: Order): boolean {
    const fault = this.plan.due(['hold-stops']).find(({ request }) => (request.symbol ?? symbol) === symbol);
    if (fault === undefined) return false;
    if (!this.heldStops.has(orderId)) this.plan.record(fault, { endpoint: symbol, clientOrderId });
    this.heldStops.add(orderId);
    return true;
  }

  private hide({
    orderId,
    clientOrderId,
    symbol,
  }: {
    orderId: number;
    clientOrderId: string;
    symbol: string;
  }): void {
    const fault = this.plan.strike(
      ['hidden-order'],
      { endpoint: symbol, clientOrderId },
      (request) => (request.symbol ?? symbol) === symbol,
    );
    if (fault !== undefined) this.visibleFromMs.set(orderId, this.wallMs() + fault.delayMs);
  }
}
