import type { BarColumns } from '../bar-columns';
import type { IndicatorDefinition } from './definition';
import { adxDefinition } from './directional';
import { emaDefinition, smaDefinition } from './moving-average';
import { correlationDefinition } from './correlation';
import { donchianDefinition } from './extremes';
import { keltnerDefinition } from './keltner';
import { rocDefinition, williamsRDefinition, wmaDefinition } from './library';
import { macdDefinition } from './macd';
import { bollingerDefinition, zScoreDefinition } from './moments';
import { obvDefinition } from './obv';
import { stochasticDefinition, stochasticFastDefinition } from './stochastic';
import { supertrendDefinition } from './supertrend';
import { realisedVolatilityDefinition } from './volatility';
import { sessionVwapDefinition, vwapDefinition } from './vwap';
import type { IndicatorKind, IndicatorSpec, ParsedSpec } from './spec';
import { parseSpec } from './spec';
import type { StreamingIndicator } from './streaming';
import { atrDefinition, rsiDefinition } from './wilder';

/** Every indicator there is, by kind. */
export const INDICATORS: { readonly [K in IndicatorKind]: IndicatorDefinition<K> } = {
  sma: smaDefinition,
  ema: emaDefinition,
  rsi: rsiDefinition,
  atr: atrDefinition,
  adx: adxDefinition,
  macd: macdDefinition,
  bollinger: bollingerDefinition,
  stochastic: stochasticDefinition,
  stochasticFast: stochasticFastDefinition,
  obv: obvDefinition,
  vwap: vwapDefinition,
  sessionVwap: sessionVwapDefinition,
  donchian: donchianDefinition,
  keltner: keltnerDefinition,
  supertrend: supertrendDefinition,
  correlation: correlationDefinition,
  zScore: zScoreDefinition,
  realisedVolatility: realisedVolatilityDefinition,
  wma: wmaDefinition,
  roc: rocDefinition,
  williamsR: williamsRDefinition,
};

/** The shortest bar there is: what goes by the clock needs most of them. */
const SHORTEST_BAR_MS = 60_000;

/** An indicator with its parameters settled. */
interface Prepared<K extends IndicatorKind> {
  readonly spec: ParsedSpec<K>;
  readonly definition: IndicatorDefinition<K>;
}

/** @throws UserError for a spec that does not hold, as every function of this file */
function prepare(spec: IndicatorSpec): Prepared<IndicatorKind> {
  const parsed = parseSpec(spec);
  return { spec: parsed, definition: INDICATORS[parsed.kind] };
}

/** Names of the outputs, in order. */
export const outputsOf = (spec: IndicatorSpec): readonly string[] => prepare(spec).definition.outputs;

/** Bars before the first one at which the outputs are defined. */
export function lookback(spec: IndicatorSpec): number {
  const { definition, spec: parsed } = prepare(spec);
  return definition.lookback(parsed);
}

/**
 * How many bars must precede one for its outputs not to depend on where the data begins: {@link IndicatorDefinition}.
 * @param barMs the length of a bar; without it the shortest is assumed, which is safe for every other
 */
export function settlingBars(spec: IndicatorSpec, barMs: number = SHORTEST_BAR_MS): number {
  const { definition, spec: parsed } = prepare(spec);
  return definition.settlingBars(parsed, barMs);
}

/** One array per output, each as long as the bars, NaN until defined. */
export function compute(columns: BarColumns, spec: IndicatorSpec): readonly Float64Array[] {
  const { definition, spec: parsed } = prepare(spec);
  return definition.compute(columns, parsed);
}

/** The indicator for bars that come one at a time. */
export function stream(spec: IndicatorSpec): StreamingIndicator {
  const { definition, spec: parsed } = prepare(spec);
  return definition.stream(parsed);
}
