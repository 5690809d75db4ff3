import { indicators, type IndicatorKind, type ParsedSpec } from '../../../domain/indicators/spec';

/** Specs of every kind: the defaults, the smallest there are, and others. */
const byKind: { readonly [K in IndicatorKind]: readonly ParsedSpec<K>[] } = {
  sma: [indicators.sma(20), indicators.sma(1), indicators.sma(7, { source: 'typical' })],
  ema: [indicators.ema(12), indicators.ema(1), indicators.ema(9, { source: 'median' })],
  rsi: [indicators.rsi(), indicators.rsi(2), indicators.rsi(5, { flatValue: 50, source: 'open' })],
  atr: [indicators.atr(), indicators.atr(1)],
  adx: [indicators.adx(), indicators.adx(2)],
  macd: [indicators.macd(), indicators.macd(1, 2, 1), indicators.macd(5, 9, 3, { source: 'typical' })],
  bollinger: [indicators.bollinger(), indicators.bollinger(2, { deviations: 1.5, source: 'high' })],
  stochastic: [indicators.stochastic(), indicators.stochastic(1, 1, 1), indicators.stochastic(5, 2, 4)],
  stochasticFast: [indicators.stochasticFast(), indicators.stochasticFast(1, 1)],
  obv: [indicators.obv()],
  vwap: [indicators.vwap(20), indicators.vwap(1)],
  sessionVwap: [indicators.sessionVwap({ sessionMs: 3_600_000, offsetMs: 600_000 })],
  donchian: [indicators.donchian(), indicators.donchian(1)],
  keltner: [indicators.keltner(), indicators.keltner(3, { atrPeriod: 1, multiplier: 0.5 })],
  supertrend: [indicators.supertrend(), indicators.supertrend(3, { multiplier: 1 })],
  correlation: [indicators.correlation(20, 'close', 'volume'), indicators.correlation(2, 'high', 'low')],
  zScore: [indicators.zScore(), indicators.zScore(2, { source: 'volume' })],
  realisedVolatility: [
    indicators.realisedVolatility(20),
    indicators.realisedVolatility(1, { barsPerYear: 525_600, source: 'open' }),
  ],
  wma: [indicators.wma(9), indicators.wma(2, { source: 'median' })],
  roc: [indicators.roc(), indicators.roc(1)],
  williamsR: [indicators.williamsR(), indicators.williamsR(2)],
};

export const SAMPLES: readonly ParsedSpec[] = Object.values(byKind).flat();

/** Rows for `test.each`: the spec as text, and the spec. */
export const SAMPLE_ROWS = SAMPLES.map((spec) => [JSON.stringify(spec), spec] as const);
