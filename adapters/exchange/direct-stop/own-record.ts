import {
  add,
  maximum,
  multiply,
  ONE,
  subtract,
  sum,
  ZERO,
  type DecimalString,
} from '../../../domain/decimal';
import type { Instrument } from '../../../domain/instrument';
import { Side, type Fill } from '../../../domain/order';
import type { ExchangePort, OrderReport, RecordPage } from '../port';

/** 50,000 rows of either list: an account that has more on one pair was not used by Ballast alone. */
const MAX_PAGES = 50;

interface List<Row> {
  readonly fetch: (fromId: string) => Promise<RecordPage<Row>>;
  readonly take: (row: Row) => void;
  readonly idOf: (row: Row) => string;
  /** Everything before it has been read, and is too old for a row to turn up late. */
  next: string;
  pages: number;
}

const after = (id: string): string => String(BigInt(id) + 1n);

/** What our orders on one pair have bought and sold, from the beginning of the exchange's record. */
export class OwnRecord {
  private readonly orders = new Map<string, OrderReport>();
  private readonly fills = new Map<string, Fill>();
  private readonly lists: readonly [List<Fill>, List<OrderReport>];

  /** @param counts whether an order is of ours and to be counted */
  constructor(
    exchange: Pick<ExchangePort, 'ordersFrom' | 'fillsFrom'>,
    symbol: string,
    private readonly counts: (order: OrderReport) => boolean,
  ) {
    const start = { next: '0', pages: 0 };
    // Trades first: an order is never older news than its trades then.
    this.lists = [
      {
        ...start,
        fetch: (id) => exchange.fillsFrom(symbol, id),
        take: (fill) => void this.fills.set(fill.tradeId, fill),
        idOf: ({ tradeId }) => tradeId,
      },
      {
        ...start,
        fetch: (id) => exchange.ordersFrom(symbol, id),
        take: (order) => {
          this.learn(order);
        },
        idOf: ({ exchangeOrderId }) => exchangeOrderId,
      },
    ];
  }

  /** News of an order, from whatever answer: what it has filled never becomes less. */
  learn(order: OrderReport): void {
    const { exchangeOrderId: id, filledQuantity } = order;
    if (!this.counts(order)) return;
    const known = this.orders.get(id)?.filledQuantity ?? ZERO;
    this.orders.set(id, { ...order, filledQuantity: maximum(known, filledQuantity) });
  }

  /**
   * Reads on to the end of both lists. What happened since `settledMs` in market time is read again by the next call.
   * @returns whether the end was reached
   */
  async read(settledMs: number): Promise<boolean> {
    const [fills, orders] = this.lists;
    const allFills = await readOn(fills, settledMs);
    return (await readOn(orders, settledMs)) && allFills;
  }

  /**
   * Bought minus sold, fees in the asset itself deducted. Of trades that an order counts and the exchange does not list, the
   * usual fee is assumed.
   */
  net({ base, takerFee }: Instrument): DecimalString {
    const byOrder = new Map<string, Fill[]>();
    for (const fill of this.fills.values()) {
      const fills = byOrder.get(fill.exchangeOrderId);
      if (fills === undefined) byOrder.set(fill.exchangeOrderId, [fill]);
      else fills.push(fill);
    }
    const moved = [...this.orders.values()].map(({ exchangeOrderId, side, filledQuantity }) => {
      const fills = byOrder.get(exchangeOrderId) ?? [];
      const listed = sum(fills.map(({ quantity }) => quantity));
      const fees = sum(fills.filter(({ feeAsset }) => feeAsset === base).map(({ fee }) => fee));
      const unlisted = maximum(ZERO, subtract(filledQuantity, listed));
      if (side === Side.Sell) return subtract(ZERO, add(add(listed, unlisted), fees));
      return add(subtract(listed, fees), multiply(unlisted, subtract(ONE, takerFee)));
    });
    return sum(moved);
  }
}

async function readOn<Row extends { readonly marketTimeMs: number }>(
  list: List<Row>,
  settledMs: number,
): Promise<boolean> {
  let from = list.next;
  let isSettled = true;
  while (list.pages < MAX_PAGES) {
    const { rows, more } = await list.fetch(from);
    for (const row of rows) {
      list.take(row);
      from = after(list.idOf(row));
      isSettled &&= row.marketTimeMs < settledMs;
      if (isSettled) list.next = from;
    }
    if (!more) return true;
    list.pages += 1;
  }
  return false;
}
