import { columnsOf } from '../../domain/bar-columns';
import { compute } from '../../domain/indicators/registry';
import { decideOnWindow } from '../../domain/strategies/decide';
import { quotesAt } from '../../domain/strategies/market-maker';
import { findStrategy } from '../../domain/strategies/registry';
import type { Decision, PositionSide } from '../../domain/strategy';
import { barsOf, walk } from './fixtures';

const PARAMETERS = {
  ...{ volatilityPeriod: 60, riskAversion: 100, fillDecay: 1_000, horizonBars: 10 },
  ...{ minHalfSpread: 0, minEdge: 0, fairPeriod: null },
} as const;

describe('quotes', () => {
  it('are those of Avellaneda and Stoikov', () => {
    // γ σ² (T − t) = 100 × 0.002² × 10 = 0.004; (2 / γ) ln(1 + γ / κ) = 0.02 × ln 1.1 = 0.0019062…
    const quotes = quotesAt({ fair: 200, close: 200, volatility: 0.002 }, PARAMETERS);
    expect(quotes.skew).toBeCloseTo(0.004, 12);
    expect(quotes.spread).toBeCloseTo(0.0059062036, 10);
    // 200 × (1 − 0.0029531018) and, a position fuller, 200 × (1 − 0.004 + 0.0029531018) – below the close, where it would take.
    expect(quotes.bid).toBeCloseTo(199.40937964, 8);
    expect(quotes.ask).toBe(200);
    const calm = quotesAt({ fair: 200, close: 200, volatility: 0.0005 }, PARAMETERS);
    expect(calm.spread).toBeCloseTo(0.00025 + 0.0019062036, 10);
    expect(calm.ask).toBeCloseTo(200 * (1 - 0.00025 + 0.0010781018), 8);
  });

  it('are wider the more the market moves, and lower the more holding is feared', () => {
    const at = (volatility: number, riskAversion: number) =>
      quotesAt({ fair: 100, close: 90, volatility }, { ...PARAMETERS, riskAversion });
    expect(at(0.002, 100).spread).toBeGreaterThan(at(0.001, 100).spread);
    expect(at(0.002, 200).ask).toBeLessThan(at(0.002, 100).ask);
    expect(at(0.002, 100).ask).toBeLessThan(at(0.001, 100).ask);
  });

  it('leave room for two fees, and rest', () => {
    const parameters = { ...PARAMETERS, minHalfSpread: 0.01, minEdge: 0.002 };
    expect(quotesAt({ fair: 100, close: 100, volatility: 0 }, parameters)).toMatchObject({
      bid: 99,
      ask: 101,
    });
    // The market has left the fair price: what would take is quoted beside the market.
    expect(quotesAt({ fair: 100, close: 90, volatility: 0 }, parameters).bid).toBeCloseTo(89.82, 10);
    expect(quotesAt({ fair: 100, close: 110, volatility: 0 }, parameters).ask).toBeCloseTo(110.22, 10);
  });
});

describe('market-maker', () => {
  const bars = columnsOf(barsOf(walk(4, 1_000)));
  const decide = (position: PositionSide | null, parameters = {}): Decision =>
    decideOnWindow(
      findStrategy('market-maker').parse(parameters),
      { symbol: 'BTC/USDT', timeframe: '1m' },
      () => bars,
      position,
    );
  const close = bars.close.at(-1) ?? NaN;

  it('bids while it holds nothing, with a stop, and offers what it holds', () => {
    const [bid, ask] = [decide(null), decide('long')];
    if (bid.kind !== 'enter' || ask.kind !== 'exit') throw new Error('no quotes');
    expect(bid.limitPrice).toBeLessThan(close);
    expect(bid.stopPrice).toBeLessThan(bid.limitPrice ?? NaN);
    expect(ask.limitPrice).toBeGreaterThan(close);
    expect(bid.reasons.map(({ code }) => code)).toEqual(['bid', 'bracket']);
    expect(bid.reasons[0]?.text).toMatch(
      /^Bids [\d.]+: fair price [\d.]+, volatility 0\.\d+ % a bar, spread [\d.]+ %$/,
    );
    expect(ask.reasons[0]?.text).toMatch(/^Offers at [\d.]+, [\d.]+ % lower for what is held: fair price /);
  });

  it('bids nothing where the spread leaves no price', () => {
    const decision = decide(null, { riskAversion: 100_000, horizonBars: 10_000 });
    expect([decision.kind, ...decision.reasons.map(({ code }) => code)]).toEqual(['hold', 'too-wild']);
  });

  it('quotes by the volatility of its bars, around their average when it is told to', () => {
    const [volatility] = compute(bars, { kind: 'realisedVolatility', period: 60 });
    const [fair] = compute(bars, { kind: 'ema', period: 20 });
    const parameters = { ...PARAMETERS, fairPeriod: 20 };
    const expected = quotesAt(
      { fair: fair?.at(-1) ?? NaN, close, volatility: volatility?.at(-1) ?? NaN },
      parameters,
    );
    expect(decide(null, parameters)).toMatchObject({ limitPrice: expected.bid });
    expect(decide('long', parameters)).toMatchObject({ limitPrice: expected.ask });
  });
});
