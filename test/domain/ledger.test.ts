import fc from 'fast-check';
import { add, compare, multiply, subtract, sum, type DecimalString } from '../../domain/decimal';
import { ledgerOf } from '../../domain/ledger';
import type { Fill } from '../../domain/order';
import { BTC, d, decimals, fill } from './fixtures';

describe('a round trip', () => {
  it('with fees in the received asset, as Binance takes them', () => {
    const ledger = ledgerOf(
      [
        fill({ tradeId: '1', price: d('100'), quantity: d('2'), fee: d('0.002'), feeAsset: 'BTC' }),
        fill({ tradeId: '2', price: d('103'), quantity: d('1'), fee: d('0.001'), feeAsset: 'BTC' }),
        fill({ tradeId: '3', side: 'sell', price: d('110'), quantity: d('2.997'), fee: d('0.32967') }),
      ],
      BTC,
    );
    expect(ledger).toEqual({
      boughtQuantity: '3',
      soldQuantity: '2.997',
      baseFees: '0.003',
      quoteFees: '0.32967',
      otherFees: {},
      boughtQuote: '303',
      soldQuote: '329.67',
      heldQuantity: '0',
      heldCost: '0',
      averageEntry: '101',
      realisedPnl: '26.34033', // 329.67 − 0.32967 − 303
    });
  });

  it('with fees in quote', () => {
    const ledger = ledgerOf(
      [
        fill({ tradeId: '1', price: d('100'), quantity: d('1'), fee: d('0.1') }),
        fill({ tradeId: '2', side: 'sell', price: d('90'), quantity: d('1'), fee: d('0.09') }),
      ],
      BTC,
    );
    expect(ledger).toMatchObject({ quoteFees: '0.19', realisedPnl: '-10.19', heldQuantity: '0' });
  });

  it('with fees in a third asset lists them apart', () => {
    const ledger = ledgerOf(
      [
        fill({ tradeId: '1', fee: d('0.01'), feeAsset: 'BNB' }),
        fill({ tradeId: '2', side: 'sell', price: d('101'), fee: d('0.02'), feeAsset: 'BNB' }),
      ],
      BTC,
    );
    expect(ledger).toMatchObject({ otherFees: { BNB: '0.03' }, quoteFees: '0', realisedPnl: '1' });
  });
});

it('is empty without fills', () => {
  expect(ledgerOf([], BTC)).toMatchObject({ heldQuantity: '0', averageEntry: null, realisedPnl: '0' });
});

it('realises nothing while nothing is sold, fees included in the cost', () => {
  const ledger = ledgerOf([fill({ price: d('100'), quantity: d('2'), fee: d('0.2') })], BTC);
  expect(ledger).toMatchObject({
    heldQuantity: '2',
    heldCost: '200.2',
    realisedPnl: '0',
    averageEntry: '100',
  });
});

it('charges a sold part its share of the cost', () => {
  const ledger = ledgerOf(
    [
      fill({ tradeId: '1', price: d('100'), quantity: d('4'), fee: d('0.4') }),
      fill({ tradeId: '2', side: 'sell', price: d('120'), quantity: d('1'), fee: d('0.12') }),
    ],
    BTC,
  );
  // 120 − 0.12 − 400.4 / 4
  expect(ledger).toMatchObject({ heldQuantity: '3', heldCost: '300.3', realisedPnl: '19.78' });
});

describe('any fills', () => {
  const anyFill: fc.Arbitrary<Fill> = fc
    .record({
      tradeId: fc.nat({ max: 1_000_000 }).map(String),
      side: fc.constantFrom('buy' as const, 'sell' as const),
      price: decimals(1, 10_000_000, 2),
      quantity: decimals(1, 1_000_000, 5),
      fee: decimals(0, 1_000, 8),
      feeAsset: fc.constantFrom('BTC', 'USDT', 'BNB'),
    })
    .map(fill);
  const anyFills = fc.uniqueArray(anyFill, { selector: (trade) => trade.tradeId, maxLength: 20 });

  /** What the exchange does to the balances of base and quote, one fill at a time. */
  function balances(fills: readonly Fill[]): { base: DecimalString; quote: DecimalString } {
    let [base, quote] = [d('0'), d('0')];
    for (const { side, price, quantity, fee, feeAsset } of fills) {
      const value = multiply(price, quantity);
      base = side === 'buy' ? add(base, quantity) : subtract(base, quantity);
      quote = side === 'buy' ? subtract(quote, value) : add(quote, value);
      if (feeAsset === 'BTC') base = subtract(base, fee);
      if (feeAsset === 'USDT') quote = subtract(quote, fee);
    }
    return { base, quote };
  }

  it('conserve money: what is held and what was gained account for every balance change', () => {
    fc.assert(
      fc.property(anyFills, (fills) => {
        const ledger = ledgerOf(fills, BTC);
        const { base, quote } = balances(fills);
        expect(ledger.heldQuantity).toBe(base);
        expect(subtract(ledger.realisedPnl, ledger.heldCost)).toBe(quote);
      }),
    );
  });

  it('add up the same in any order and however often each is reported', () => {
    const shuffled = anyFills.chain((fills) =>
      fc.tuple(
        fc.constant(fills),
        fc.shuffledSubarray([...fills, ...fills], {
          minLength: fills.length * 2,
          maxLength: fills.length * 2,
        }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([once, twice]) => {
        expect(ledgerOf(twice, BTC)).toEqual(ledgerOf(once, BTC));
      }),
    );
  });

  it('list every fee once', () => {
    fc.assert(
      fc.property(anyFills, (fills) => {
        const { baseFees, quoteFees, otherFees } = ledgerOf(fills, BTC);
        const total = sum([baseFees, quoteFees, ...Object.values(otherFees)]);
        expect(total).toBe(sum(fills.map((trade) => trade.fee)));
      }),
    );
  });

  it('never overstate a gain: the cost of the sold part is at least its exact share', () => {
    const tradesOfHolding = fc
      .tuple(fc.array(anyFill, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 99 }), anyFill)
      .map(([buys, percent, sale]) => {
        const bought = buys.map((buy, index) =>
          fill({ ...buy, tradeId: `b${index}`, side: 'buy', feeAsset: 'USDT' }),
        );
        const quantity = multiply(
          sum(bought.map((buy) => buy.quantity)),
          d(`0.${String(percent).padStart(2, '0')}`),
        );
        return [...bought, fill({ ...sale, tradeId: 's', side: 'sell', quantity, feeAsset: 'USDT' })];
      });
    fc.assert(
      fc.property(tradesOfHolding, (fills) => {
        const ledger = ledgerOf(fills, BTC);
        const saleFee = fills.at(-1)?.fee ?? d('0');
        const cost = subtract(add(ledger.boughtQuote, ledger.quoteFees), saleFee);
        const proceeds = subtract(ledger.soldQuote, saleFee);
        // realised ≤ proceeds − cost × sold / bought, multiplied out so that nothing is rounded
        const claimed = multiply(ledger.realisedPnl, ledger.boughtQuantity);
        const exact = subtract(
          multiply(proceeds, ledger.boughtQuantity),
          multiply(cost, ledger.soldQuantity),
        );
        expect(compare(claimed, exact)).not.toBe(1);
      }),
    );
  });
});
