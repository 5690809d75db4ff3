import { z } from 'zod';
import {
  hold,
  SignalKind,
  type Because,
  type Reason,
  type Signal,
  type Strategy,
  type StrategyView,
} from '../strategy';
import { bracketIndicators, bracketShape, enterWithBracket, priceText } from './bracket';

const parametersSchema = z.strictObject({
  /** Bars over which the volatility is realised. */
  volatilityPeriod: z.int().min(2).max(2_000).default(60),
  /** γ: how much a deviation of one full inventory is feared, prices counted as fractions. */
  riskAversion: z.number().min(0.01).max(100_000).default(100),
  /** κ: fills get rarer by e^(−κ × distance) with the distance from the fair price, as a fraction of it. */
  fillDecay: z.number().min(1).max(100_000).default(1_000),
  /** T − t: bars for which inventory is reckoned to be held. */
  horizonBars: z.number().min(1).max(10_000).default(10),
  /** Neither side is quoted nearer to the fair price than this, as a fraction: two fees have to be earned. */
  minHalfSpread: z.number().min(0).max(0.1).default(0.0015),
  /** Nor nearer to the close than this, so that it rests. */
  minEdge: z.number().min(0).max(0.1).default(0.0002),
  /** The fair price is the exponential average of this period; null for the close itself. */
  fairPeriod: z.int().min(2).max(400).nullable().default(null),
  ...bracketShape,
  stopAtr: bracketShape.stopAtr.default(8),
});
export type MarketMakerParameters = z.infer<typeof parametersSchema>;

type Indicator = 'volatility' | 'fair' | 'atr';
type View = StrategyView<Indicator>;

/**
 * Makes a market (Avellaneda and Stoikov, "High-frequency trading in a limit order book", 2008): rests on either side of a price at
 * which it does not care whether it trades, further away the more the market moves, and lower the more it holds. On spot it cannot be
 * short: its inventory is nothing or one position, so it bids while it holds nothing, and offers what it holds.
 */
export const marketMakerStrategy: Strategy<MarketMakerParameters, Indicator> = {
  id: 'market-maker',
  summary:
    'Bids below a fair price and offers above it, wider with volatility, lower with inventory (Avellaneda-Stoikov); in backtests only.',
  quotes: true,
  parameters: parametersSchema,
  indicators: (parameters) => ({
    volatility: { kind: 'realisedVolatility', period: parameters.volatilityPeriod },
    fair: parameters.fairPeriod === null ? null : { kind: 'ema', period: parameters.fairPeriod },
    ...bracketIndicators(parameters),
  }),
  onBar,
};

/** What is quoted: one side of it, by what is held. */
export interface Quotes {
  readonly fair: number;
  /** Fractions of the fair price. */
  readonly spread: number;
  readonly skew: number;
  readonly bid: number;
  readonly ask: number;
}

/**
 * With prices as fractions of the fair price s, σ² the variance of a bar, q the inventory as a part of its limit (0 or 1):
 * reservation price r = s (1 − q γ σ² (T − t)), spread δ = γ σ² (T − t) + (2 / γ) ln(1 + γ / κ), quotes at r ± δ / 2.
 * The bid is that of q = 0, the ask that of q = 1.
 */
export function quotesAt(
  { fair, close, volatility }: { readonly fair: number; readonly close: number; readonly volatility: number },
  parameters: Omit<MarketMakerParameters, keyof typeof bracketShape>,
): Quotes {
  const { riskAversion, fillDecay, horizonBars, minHalfSpread, minEdge } = parameters;
  const skew = riskAversion * volatility * volatility * horizonBars;
  const wished = skew + (2 / riskAversion) * Math.log1p(riskAversion / fillDecay);
  const spread = Math.max(wished, 2 * minHalfSpread);
  const bid = Math.min(fair * (1 - spread / 2), close * (1 - minEdge));
  const ask = Math.max(fair * (1 - skew + spread / 2), close * (1 + minEdge));
  return { fair, spread, skew, bid, ask };
}

function quotesOf(view: View, parameters: MarketMakerParameters): Quotes {
  const close = view.close.at(0);
  const { fair, volatility } = view.indicators;
  const fairPrice = parameters.fairPeriod === null ? close : fair.at(0);
  return quotesAt({ fair: fairPrice, close, volatility: volatility.at(0) }, parameters);
}

function onBar(view: View, parameters: MarketMakerParameters): Signal<MarketMakerParameters, Indicator> {
  const { bid, ask } = quotesOf(view, parameters);
  if (view.position !== null) return { kind: SignalKind.Exit, limitPrice: ask, because: offering };
  if (!(bid > 0)) return TOO_WILD;
  const entry = enterWithBracket(view, parameters, bidding);
  if (entry.kind !== SignalKind.Enter) return entry;
  const { kind, side, referencePrice, stopPrice, targetPrice, trailDistance } = entry;
  return {
    ...{ kind, side, referencePrice, stopPrice, targetPrice, trailDistance },
    limitPrice: bid,
    because: (at, p) => entry.because(at, p),
  };
}

function quoteReason(
  view: View,
  parameters: MarketMakerParameters,
  code: string,
  text: (quotes: Quotes) => string,
): Reason {
  const quotes = quotesOf(view, parameters);
  const volatility = view.indicators.volatility.at(0);
  const market = `fair price ${priceText(quotes.fair)}, volatility ${percent(volatility)} a bar, spread ${percent(quotes.spread)}`;
  return { code, text: `${text(quotes)}: ${market}`, values: { ...quotes, volatility } };
}

const bidding: Because<MarketMakerParameters, Indicator> = (view, parameters) => [
  quoteReason(view, parameters, 'bid', ({ bid }) => `Bids ${priceText(bid)}`),
];

const TOO_WILD = hold<MarketMakerParameters, Indicator>((view, parameters) => [
  quoteReason(
    view,
    parameters,
    'too-wild',
    ({ spread }) => `Bids nothing, as half of a spread of ${percent(spread)} leaves no price`,
  ),
]);

const offering: Because<MarketMakerParameters, Indicator> = (view, parameters) => [
  quoteReason(
    view,
    parameters,
    'ask',
    ({ ask, skew }) => `Offers at ${priceText(ask)}, ${percent(skew)} lower for what is held`,
  ),
];

const percent = (part: number): string => `${(part * 100).toFixed(3)} %`;
