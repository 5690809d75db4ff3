import type { Strategy } from '../strategy';

/**
 * What a strategy of a user's is written with: `import { … } from 'ballast/strategy'`. Its loader and the template's tsconfig lead
 * that name here. docs/writing-strategies.md is the guide.
 */

export { z } from 'zod';
export { exit, hold, PositionSide, SignalKind } from '../strategy';
export { bracketIndicators, bracketShape, enterWithBracket, priceText } from './bracket';
export type { BracketParameters } from './bracket';
export { sentimentAllows, sentimentIndicators, sentimentReasons, sentimentShape } from './sentiment';
export type { SentimentParameters } from './sentiment';
export type {
  BarField,
  Because,
  Decision,
  EntryPlan,
  Reason,
  Series,
  SeriesOf,
  SeriesSpec,
  Signal,
  Strategy,
  StrategyView,
} from '../strategy';
export type { IndicatorSpec } from '../indicators/spec';
export type { Observation, ObservedKind, ObservedSpec } from '../observations';
export type { Bar, Timeframe } from '../bar';

/** A strategy as it is, so that the types of its parameters and the names of its indicators need not be written down. */
export const defineStrategy = <P extends Readonly<Record<string, unknown>>, I extends string>(
  strategy: Strategy<P, I>,
): Strategy<P, I> => strategy;
