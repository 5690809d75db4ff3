import fc from 'fast-check';
import { add, compare, decimal, multiply, subtract, ZERO, type DecimalString } from '../../domain/decimal';
import { inferFill, isInferred, mergeFills, quantityOf, quoteOf } from '../../domain/inferred-fill';
import { ledgerOf } from '../../domain/ledger';
import type { Fill } from '../../domain/order';
import { BTC, d } from './fixtures';

const ORDER = {
  clientOrderId: 'bl-order',
  exchangeOrderId: 'x1',
  symbol: BTC.symbol,
  side: 'buy',
  quantity: d('10'),
} as const;

/** The trades of an order as the exchange makes them, one after the other, each at its own instant. */
function tradesOf(lots: readonly { readonly size: number; readonly price: number }[]): readonly Fill[] {
  return lots.map(({ size, price }, index) => {
    const quantity = decimal(String(size / 1_000));
    return {
      ...{ symbol: BTC.symbol, tradeId: String(index + 1), clientOrderId: ORDER.clientOrderId },
      ...{ exchangeOrderId: 'x1', side: ORDER.side, price: decimal(String(price)), quantity },
      fee: multiply(quantity, BTC.takerFee),
      ...{ feeAsset: BTC.base, liquidity: 'taker' },
      marketTimeMs: (index + 1) * 10,
    };
  });
}

/** What the exchange counts after its first `count` trades. */
const executedAfter = (trades: readonly Fill[], count: number) => {
  const done = trades.slice(0, count);
  return { quantity: quantityOf(done), quote: quoteOf(done), marketTimeMs: count * 10 };
};

const lot = fc.record({ size: fc.integer({ min: 1, max: 900 }), price: fc.integer({ min: 50, max: 150 }) });
const lots = fc.array(lot, { minLength: 1, maxLength: 10 });

describe('an inferred fill', () => {
  const trades = tradesOf([
    { size: 400, price: 100 },
    { size: 600, price: 110 },
  ]);

  it('is what the trades lack of the sums, at its average price, under an id of its own', () => {
    const fill = inferFill(ORDER, trades.slice(0, 1), executedAfter(trades, 2), BTC);
    expect(fill).toMatchObject({
      ...{ tradeId: 'inferred/bl-order/0.4-1', quantity: '0.6', price: '110' },
      ...{ fee: '0.0006', feeAsset: 'BTC', marketTimeMs: 20 },
    });
    expect(inferFill(ORDER, trades.slice(0, 1), executedAfter(trades, 2), BTC)).toEqual(fill);
  });

  it('of a sale pays its fee in the quote asset', () => {
    const fill = inferFill({ ...ORDER, side: 'sell' }, [], executedAfter(trades, 2), BTC);
    expect(fill).toMatchObject({ quantity: '1', price: '106', fee: '0.106', feeAsset: 'USDT' });
  });

  it('is not made where nothing is missing, nor beyond the size of the order', () => {
    expect(inferFill(ORDER, trades, executedAfter(trades, 2), BTC)).toBeUndefined();
    const small = { ...ORDER, quantity: d('0.5') };
    expect(inferFill(small, trades.slice(0, 1), executedAfter(trades, 2), BTC)?.quantity).toBe('0.1');
  });

  it('shrinks as its trades turn up, whichever comes first', () => {
    const inferred = inferFill(ORDER, [], executedAfter(trades, 2), BTC);
    if (inferred === undefined) throw new Error('nothing was inferred');
    const half = mergeFills(ORDER, [inferred], trades.slice(1), BTC);
    expect(half.map(({ tradeId }) => tradeId)).toEqual(['2', 'inferred/bl-order/0.6-1']);
    expect([quantityOf(half), quoteOf(half)]).toEqual(['1', '106']);
    expect(mergeFills(ORDER, half, trades.slice(0, 1), BTC).map(({ tradeId }) => tradeId)).toEqual([
      '2',
      '1',
    ]);
  });

  it('does not swallow a trade that came after the instant it speaks of', () => {
    const inferred = inferFill(ORDER, [], executedAfter(trades, 1), BTC);
    if (inferred === undefined) throw new Error('nothing was inferred');
    expect(quantityOf(mergeFills(ORDER, [inferred], trades.slice(1), BTC))).toBe('1');
  });

  /** Each step is a look at the order's sums (true) or the arrival of a trade, some of them again and again. */
  it('conserves quantity and money, in whatever order sums and trades arrive', () => {
    fc.assert(
      fc.property(
        lots,
        fc.array(fc.record({ look: fc.boolean(), pick: fc.nat({ max: 1_000 }) }), { maxLength: 40 }),
        (sizes, steps) => {
          const all = tradesOf(sizes);
          let done = 0; // trades that have happened at the exchange
          let known: readonly Fill[] = [];
          for (const { look, pick } of steps) {
            done = Math.min(all.length, done + (pick % 3 === 0 ? 1 : 0));
            const truth = executedAfter(all, done);
            const trade = all[pick % all.length];
            if (look) {
              const real = known.filter((fill) => !isInferred(fill));
              const later = compare(quantityOf(known), truth.quantity) < 0;
              const fill = later ? inferFill(ORDER, real, truth, BTC) : undefined;
              if (later) known = fill === undefined ? real : [...real, fill];
              expect(quantityOf(known)).toBe(truth.quantity);
              expectClose(quoteOf(known), truth.quote);
            } else if (trade !== undefined && trade.marketTimeMs <= done * 10) {
              const before = quantityOf(known);
              known = mergeFills(ORDER, known, [trade], BTC);
              expect(compare(quantityOf(known), before)).toBeGreaterThanOrEqual(0);
            }
            expect(compare(quantityOf(known), truth.quantity)).toBeLessThanOrEqual(0);
          }
          for (const trade of all) known = mergeFills(ORDER, known, [trade], BTC);
          expect(known.some(isInferred)).toBe(false);
          expect(new Set(known)).toEqual(new Set(all));
          expect(ledgerOf(known, BTC)).toEqual(ledgerOf(all, BTC));
        },
      ),
    );
  });
});

/** Equal but for the last digit of a quotient. */
function expectClose(a: DecimalString, b: DecimalString): void {
  const difference = subtract(a, b);
  expect(compare(difference, d('0.000000000001'))).toBeLessThan(0);
  expect(compare(add(difference, d('0.000000000001')), ZERO)).toBeGreaterThan(0);
}
