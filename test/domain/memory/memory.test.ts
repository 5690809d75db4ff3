import fc from 'fast-check';
import { ledgerOf } from '../../../domain/ledger';
import { barsInside, outcomeOf } from '../../../domain/memory/outcome';
import { cosineOf, mostSimilar, MOST_RECALLED } from '../../../domain/memory/recall';
import { LONGEST_SITUATION, situationText, type Situation } from '../../../domain/memory/situation';
import type { Fill } from '../../../domain/order';
import type { PositionView } from '../../../domain/position';
import { BTC, d } from '../fixtures';

const MINUTE_MS = 60_000;
const OPENED_MS = 1_750_000_020_000 - (1_750_000_020_000 % MINUTE_MS) + 2_000;

const fill = (side: 'buy' | 'sell', price: string, quantity = '1'): Fill => ({
  ...{ symbol: BTC.symbol, tradeId: `${side}-${price}`, clientOrderId: side, exchangeOrderId: side, side },
  ...{ price: d(price), quantity: d(quantity), fee: d('0'), feeAsset: 'BNB', liquidity: 'taker' },
  marketTimeMs: OPENED_MS,
});

/** One BTC bought at 100 and sold again. */
function closedAt(exit: string, heldMs: number): PositionView {
  return {
    ...{ positionId: 'p', account: 'main', session: 's1', strategy: 'trend', symbol: BTC.symbol },
    ...{ timeframe: '1m', barCloseMs: OPENED_MS - 2_000, state: 'closed', epoch: 0, exitReason: 'target' },
    ...{ quantity: d('2'), limitPrice: d('100'), stopPrice: d('90'), targetPrice: d('130') },
    ...{ trailDistance: null, reservedQuote: d('200'), expiresAtMs: 0, grantedAtMs: 0, unprotectedMs: 0 },
    ...{ openedAtMs: OPENED_MS, closedAtMs: OPENED_MS + heldMs, orders: [], instrument: BTC },
    ledger: ledgerOf([fill('buy', '100'), fill('sell', exit)], BTC),
  };
}

describe('the outcome of a trade', () => {
  const riskQuote = d('20');

  it('counts the result in what was risked on what was bought', () => {
    // Half of what was granted was bought, so half of the 20 was at risk.
    expect(outcomeOf(closedAt('120', 10 * MINUTE_MS), { extremes: null, riskQuote })).toMatchObject({
      ...{ realisedPnl: '20', rMultiple: 2, entryPrice: '100', exitPrice: '120', quote: 'USDT' },
      ...{ holdingMs: 10 * MINUTE_MS, exitReason: 'target', worstExcursion: null, bestExcursion: null },
    });
    expect(outcomeOf(closedAt('95', MINUTE_MS), { extremes: null, riskQuote })?.rMultiple).toBe(-0.5);
    expect(outcomeOf(closedAt('95', MINUTE_MS), { extremes: null, riskQuote: null })?.rMultiple).toBeNull();
  });

  it('knows how far the price went only where it has every bar that lies inside', () => {
    const position = closedAt('120', 3 * MINUTE_MS);
    // It opens two seconds into a bar and closes two seconds into another: two bars are whole.
    expect(barsInside(position)).toEqual({ firstOpenMs: OPENED_MS - 2_000 + MINUTE_MS, count: 2 });
    const known = outcomeOf(position, { extremes: { bars: 2, low: 88, high: 115 }, riskQuote });
    expect(known?.worstExcursion).toBeCloseTo(-0.12);
    // It was sold above every bar: at the exit it was at its best.
    expect(known?.bestExcursion).toBeCloseTo(0.2);
    const gap = outcomeOf(position, { extremes: { bars: 1, low: 88, high: 115 }, riskQuote });
    expect(gap).toMatchObject({ worstExcursion: null, bestExcursion: null });
    const short = { extremes: { bars: 0, low: 1, high: 1 }, riskQuote };
    expect(outcomeOf(closedAt('120', 30_000), short)).toMatchObject({ worstExcursion: null });
  });

  it('is none of what lives, or has bought nothing', () => {
    const position = closedAt('120', MINUTE_MS);
    const facts = { extremes: null, riskQuote };
    expect(outcomeOf({ ...position, state: 'live', closedAtMs: null }, facts)).toBeNull();
    expect(outcomeOf({ ...position, openedAtMs: null, ledger: ledgerOf([], BTC) }, facts)).toBeNull();
  });
});

describe('a situation in words', () => {
  const situation: Situation = {
    ...{ strategy: 'trend', symbol: 'BTC/USDT', timeframe: '1h' },
    reasons: [{ code: 'ema-cross', text: 'EMA 12 has crossed above EMA 26' }],
    mood: { score: 0.42, ageMs: 3 * 3_600_000, trend: -0.1, missing: 0.25 },
    trend: { direction: 'up', confidence: 0.7, reasons: ['1d: above its average'] },
  };

  it('tells what was known, and what was missing', () => {
    expect(situationText(situation)).toBe(
      [
        'trend on BTC/USDT, 1h bars.',
        'ema-cross: EMA 12 has crossed above EMA 26.',
        "Mood: bullish (+0.42), 3h 0m old, falling by 0.10, 25 % of the sources' weight missing.",
        'Trend: up with confidence 0.70 (1d: above its average).',
      ].join('\n'),
    );
    expect(situationText({ ...situation, mood: null, trend: null })).toMatch(/Mood: none\.\nTrend: none\./);
  });

  it('is bounded, however much a strategy has to say', () => {
    const reasons = Array.from({ length: 500 }, (_, at) => ({ code: `c${at}`, text: 'x'.repeat(50) }));
    expect(situationText({ ...situation, reasons })).toHaveLength(LONGEST_SITUATION);
  });
});

describe('similarity', () => {
  const vector = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 3, maxLength: 3 });

  it('is a cosine: symmetric, within −1 and 1, and 1 of what points the same way', () => {
    fc.assert(
      fc.property(vector, vector, fc.double({ min: 0.01, max: 100, noNaN: true }), (a, b, scale) => {
        const cosine = cosineOf(a, b);
        expect(cosineOf(b, a)).toBe(cosine);
        if (cosine !== null) expect(Math.abs(cosine)).toBeLessThanOrEqual(1);
        const norm = Math.hypot(...a);
        if (norm > 1e-50)
          expect(
            cosineOf(
              a,
              a.map((value) => value * scale),
            ),
          ).toBeCloseTo(1, 9);
      }),
    );
    expect(cosineOf([1, 0], [0, 2])).toBe(0);
    expect(cosineOf([0, 0], [1, 1])).toBeNull();
    expect(() => cosineOf([1], [1, 2])).toThrow(RangeError);
  });

  it('chooses the most similar first, and never more than may be asked for', () => {
    const candidates = [
      { name: 'other length', vector: [1, 0] },
      { name: 'no direction', vector: [0, 0, 0] },
      { name: 'opposite', vector: [-1, 0, 0] },
      { name: 'near', vector: [1, 0.1, 0] },
      { name: 'same', vector: [5, 0, 0] },
    ];
    const names = (k: number) => mostSimilar([1, 0, 0], candidates, k).map(({ found }) => found.name);
    expect(names(10)).toEqual(['same', 'near', 'opposite']);
    expect(names(1)).toEqual(['same']);
    expect(names(-1)).toEqual([]);
    const many = Array.from({ length: 100 }, () => ({ vector: [1, 0, 0] }));
    expect(mostSimilar([1, 0, 0], many, 1_000)).toHaveLength(MOST_RECALLED);
  });
});
