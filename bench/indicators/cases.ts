import { indicators, type IndicatorKind, type ParsedSpec } from '../../domain/indicators/spec';

type Column = 'open' | 'high' | 'low' | 'close' | 'volume';

/** TA-Lib's function of the same, its inputs and parameters in its own order. */
export interface TaLibCall {
  readonly function: string;
  readonly inputs: readonly Column[];
  readonly parameters: readonly number[];
}

export interface IndicatorCase {
  readonly spec: ParsedSpec;
  /** Null where TA-Lib has none. */
  readonly taLib: TaLibCall | null;
}

const call = (name: string, inputs: readonly Column[], ...parameters: readonly number[]): TaLibCall => ({
  function: name,
  inputs,
  parameters,
});

const RANGE: readonly Column[] = ['high', 'low', 'close'];

/** One of every kind, with the parameters that are most used. */
const byKind: { readonly [K in IndicatorKind]: IndicatorCase & { readonly spec: ParsedSpec<K> } } = {
  sma: { spec: indicators.sma(14), taLib: call('SMA', ['close'], 14) },
  ema: { spec: indicators.ema(14), taLib: call('EMA', ['close'], 14) },
  rsi: { spec: indicators.rsi(), taLib: call('RSI', ['close'], 14) },
  macd: { spec: indicators.macd(), taLib: call('MACD', ['close'], 12, 26, 9) },
  bollinger: { spec: indicators.bollinger(), taLib: call('BBANDS', ['close'], 20, 2, 2) },
  atr: { spec: indicators.atr(), taLib: call('ATR', RANGE, 14) },
  adx: { spec: indicators.adx(), taLib: call('ADX', RANGE, 14) },
  stochastic: { spec: indicators.stochastic(), taLib: call('STOCH', RANGE, 14, 3, 0, 3, 0) },
  stochasticFast: { spec: indicators.stochasticFast(), taLib: call('STOCHF', RANGE, 14, 3, 0) },
  obv: { spec: indicators.obv(), taLib: call('OBV', ['close', 'volume']) },
  correlation: {
    spec: indicators.correlation(20, 'high', 'low'),
    taLib: call('CORREL', ['high', 'low'], 20),
  },
  vwap: { spec: indicators.vwap(20), taLib: null },
  sessionVwap: { spec: indicators.sessionVwap(), taLib: null },
  donchian: { spec: indicators.donchian(), taLib: null },
  keltner: { spec: indicators.keltner(), taLib: null },
  supertrend: { spec: indicators.supertrend(), taLib: null },
  zScore: { spec: indicators.zScore(), taLib: null },
  realisedVolatility: { spec: indicators.realisedVolatility(20), taLib: null },
  wma: { spec: indicators.wma(14), taLib: call('WMA', ['close'], 14) },
  roc: { spec: indicators.roc(), taLib: call('ROC', ['close'], 10) },
  williamsR: { spec: indicators.williamsR(), taLib: call('WILLR', RANGE, 14) },
};

export const CASES: Readonly<Record<string, IndicatorCase>> = byKind;
