import fc from 'fast-check';
import { OrderBook, Side as OtherSide } from 'nodejs-order-book';
import { OrderType, Side, TimeInForce, Refusal } from '../../emulator/engine/types';
import { Desk } from './desk';

/**
 * The matching engine against an independent one. Sizes and prices are whole numbers, where the other's floating-point
 * sums are exact; every order has an account of its own, because the other knows none.
 */
const order = fc.record({
  kind: fc.constantFrom(
    'limit' as const,
    'limit' as const,
    'limit' as const,
    'market' as const,
    'cancel' as const,
  ),
  side: fc.constantFrom('buy' as const, 'sell' as const),
  size: fc.integer({ min: 1, max: 20 }),
  price: fc.integer({ min: 90, max: 110 }),
  timeInForce: fc.constantFrom(...Object.values(TimeInForce)),
  nth: fc.nat(50),
});

type LimitTerms = Parameters<OrderBook['limit']>[0];

/** Price and size of each fill of the incoming order, aggregated by price in the order of filling. */
type Fills = readonly (readonly [number, number])[];

function byPrice(fills: Fills): [number, number][] {
  const sums = new Map<number, number>();
  for (const [price, size] of fills) sums.set(price, (sums.get(price) ?? 0) + size);
  return [...sums];
}

describe('the matching engine and nodejs-order-book', () => {
  it('fill the same orders at the same prices and leave the same book', () => {
    const names = Array.from({ length: 60 }, (_, index) => `trader${index}`);
    const accounts = Object.fromEntries(names.map((name) => [name, { USDT: '1000000', BTC: '1000' }]));
    let fillsSeen = 0;
    fc.assert(
      fc.property(fc.array(order, { minLength: 40, maxLength: 60 }), (orders) => {
        const desk = new Desk({ accounts });
        const other = new OrderBook();
        for (const [index, { kind, side, size, price, timeInForce, nth }] of orders.entries()) {
          const account = names[index] ?? '';
          const mine = side === 'buy' ? Side.Buy : Side.Sell;
          if (kind === 'cancel') {
            const victim = nth % (index + 1);
            other.cancel(`o${victim}`);
            try {
              desk.exchange.cancel(
                names[victim] ?? '',
                { symbol: 'BTCUSDT', clientOrderId: `o${victim}` },
                desk.nowMs,
              );
            } catch (error) {
              if (!(error instanceof Refusal)) throw error;
            }
          } else {
            const before = snapshotOf(other);
            const terms = { quantity: String(size), clientOrderId: `o${index}` };
            const placed =
              kind === 'market'
                ? desk.place(account, mine, OrderType.Market, terms)
                : desk.place(account, mine, OrderType.Limit, { ...terms, price: String(price), timeInForce });
            const otherSide = side === 'buy' ? OtherSide.BUY : OtherSide.SELL;
            // It has the same words in an enumeration that it does not export.
            const otherTerm = timeInForce as unknown as LimitTerms['timeInForce'];
            if (kind === 'market') other.market({ side: otherSide, size });
            else other.limit({ id: `o${index}`, side: otherSide, size, price, timeInForce: otherTerm });
            const fills = byPrice(desk.fills(placed).map(([at, amount]) => [at, amount]));
            fillsSeen += fills.length;
            expect(fills).toEqual(taken(before, snapshotOf(other), side));
          }
          expect(depthOf(desk)).toEqual(snapshotOf(other));
        }
        for (const [index] of orders.entries()) {
          const open = [...desk.state.openOrders(names[index] ?? '')][0];
          expect((open?.quantityLots ?? 0) - (open?.filledLots ?? 0)).toBe(
            (other.order(`o${index}`)?.size ?? 0) * 100_000,
          );
        }
      }),
      { seed: 7, numRuns: 150 },
    );
    expect(fillsSeen).toBeGreaterThan(1000);
  });
});

interface Depth {
  /** `[price, size]`, best first. */
  readonly buy: Fills;
  readonly sell: Fills;
}

function snapshotOf(book: OrderBook): Depth {
  const [asks, bids] = book.depth();
  const best = (rows: Fills, sign: 1 | -1): Fills => [...rows].sort((a, b) => sign * (a[0] - b[0]));
  return { sell: best(asks, 1), buy: best(bids, -1) };
}

function depthOf(desk: Desk): Depth {
  const { book } = desk.exchange.matcher('BTCUSDT');
  const rows = (side: Side): Fills =>
    book.depth(side, 1000).map((level) => [level.priceTicks / 100, level.quantityLots / 100_000] as const);
  return { buy: rows(Side.Buy), sell: rows(Side.Sell) };
}

/** What an incoming order of `side` took from the other side, best price first. */
function taken(before: Depth, after: Depth, side: 'buy' | 'sell'): [number, number][] {
  const [was, is] = side === 'buy' ? [before.sell, after.sell] : [before.buy, after.buy];
  const left = new Map(is);
  return was
    .map(([price, size]) => [price, size - (left.get(price) ?? 0)] as [number, number])
    .filter(([, size]) => size > 0);
}
