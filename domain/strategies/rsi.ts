import { z } from 'zod';
import {
  exit,
  hold,
  type Because,
  type Reason,
  type Signal,
  type Strategy,
  type StrategyView,
} from '../strategy';
import { bracketIndicators, bracketShape, enterWithBracket } from './bracket';
import { sentimentAllows, sentimentIndicators, sentimentReasons, sentimentShape } from './sentiment';
import { trendAllows, trendIndicators, trendReasons, trendShape } from './trend-filter';

const parametersSchema = z
  .strictObject({
    period: z.int().min(2).max(200).default(14),
    /** Entry when the RSI crosses back above this. */
    oversold: z.number().min(1).max(99).default(30),
    /** Exit when the RSI is at or above this. */
    overbought: z.number().min(1).max(99).default(70),
    ...trendShape,
    ...sentimentShape,
    ...bracketShape,
  })
  .refine((value) => value.oversold < value.overbought, {
    path: ['oversold'],
    message: 'must be below "overbought"',
  });
export type RsiParameters = z.infer<typeof parametersSchema>;

type Indicator = 'rsi' | 'trend' | 'atr' | 'mood' | 'moodAge' | 'fearGreed';
type View = StrategyView<Indicator>;

/** Buys the recovery from an oversold market unless the sentiment speaks against it, sells into an overbought one. */
export const rsiStrategy: Strategy<RsiParameters, Indicator> = {
  id: 'rsi',
  summary:
    'Enters when the RSI crosses back above oversold, exits when it is overbought; ATR stop. May ask the mood and the Fear & Greed index.',
  parameters: parametersSchema,
  indicators: (parameters) => ({
    rsi: { kind: 'rsi', period: parameters.period, flatValue: 50 },
    ...trendIndicators(parameters),
    ...sentimentIndicators(parameters),
    ...bracketIndicators(parameters),
  }),
  onBar,
};

function onBar(view: View, parameters: RsiParameters): Signal<RsiParameters, Indicator> {
  const { rsi } = view.indicators;
  const { oversold, overbought } = parameters;
  const current = rsi.at(0);
  if (view.position !== null) return current < overbought ? NOT_OVERBOUGHT : OVERBOUGHT;
  if (!(rsi.at(1) < oversold && current >= oversold)) return NO_RECOVERY;
  if (!trendAllows(view, parameters) || !sentimentAllows(view, parameters)) return HELD_BACK;
  return enterWithBracket(view, parameters, recovery);
}

/** The RSI as people read it: the decimals beyond the second say nothing. */
const two = (value: number): number => Math.round(value * 100) / 100;

function rsiReason(
  { indicators: { rsi } }: View,
  { period }: RsiParameters,
  code: string,
  text: (name: string, current: number, previous: number) => string,
): Reason {
  const [current, previous] = [rsi.at(0), rsi.at(1)];
  return {
    code,
    text: text(`RSI(${period})`, two(current), two(previous)),
    values: { rsi: current, previousRsi: previous },
  };
}

const NOT_OVERBOUGHT = hold<RsiParameters, Indicator>((view, parameters) => [
  rsiReason(
    view,
    parameters,
    'not-overbought',
    (name, current) => `${name} is ${current}, below ${parameters.overbought}`,
  ),
]);

const OVERBOUGHT = exit<RsiParameters, Indicator>((view, parameters) => [
  rsiReason(
    view,
    parameters,
    'overbought',
    (name, current) => `${name} is ${current}, at or above ${parameters.overbought}`,
  ),
]);

const NO_RECOVERY = hold<RsiParameters, Indicator>((view, parameters) => [
  rsiReason(
    view,
    parameters,
    'no-recovery',
    (name, current, previous) =>
      `${name} is ${current} after ${previous}: it did not cross back above ${parameters.oversold}`,
  ),
]);

/** The recovery, and what trend and sentiment say about it. */
const recovery: Because<RsiParameters, Indicator> = (view, parameters) => [
  rsiReason(
    view,
    parameters,
    'oversold-recovery',
    (name, current, previous) =>
      `${name} rose to ${current} from ${previous}, back above ${parameters.oversold}`,
  ),
  ...trendReasons(view, parameters),
  ...sentimentReasons(view, parameters),
];

const HELD_BACK = hold(recovery);
