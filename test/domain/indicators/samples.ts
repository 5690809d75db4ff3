import { indicators, type IndicatorKind, type ParsedSpec } from '../../../domain/indicators/spec';

/** Specs of every kind: the defaults, the smallest there are, and others. */
const byKind: { readonly [K in IndicatorKind]: readonly ParsedSpec<K>[] } = {
  sma: [indicators.sma(20), indicators.sma(1), indicators.sma(7, { source: 'typical' })],
  ema: [indicators.ema(12), indicators.ema(1), indicators.ema(9, { source: 'median' })],
  rsi: [indicators.rsi(), indicators.rsi(2), indicators.rsi(5, { flatValue: 50, source: 'open' })],
  atr: [indicators.atr(), indicators.atr(1)],
  adx: [indicators.adx(), indicators.adx(2)],
};

export const SAMPLES: readonly ParsedSpec[] = Object.values(byKind).flat();

/** Rows for `test.each`: the spec as text, and the spec. */
export const SAMPLE_ROWS = SAMPLES.map((spec) => [JSON.stringify(spec), spec] as const);
