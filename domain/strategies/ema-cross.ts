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
import { bracketIndicators, bracketShape, enterWithBracket, priceText } from './bracket';

const parametersSchema = z
  .strictObject({
    fast: z.int().min(2).max(399).default(12),
    slow: z.int().min(3).max(400).default(26),
    adxPeriod: z.int().min(2).max(200).default(14),
    /** Enter only when the ADX is at least this; null for no filter. */
    minAdx: z.number().min(0).max(100).nullable().default(15),
    rsiPeriod: z.int().min(2).max(200).default(14),
    /** Enter only when the RSI is below this; null for no filter. */
    maxRsi: z.number().min(1).max(100).nullable().default(null),
    ...bracketShape,
    rewardToRisk: bracketShape.rewardToRisk.default(3),
    trailAtr: bracketShape.trailAtr.default(3),
  })
  .refine((value) => value.fast < value.slow, { path: ['fast'], message: 'must be below "slow"' });
export type EmaCrossParameters = z.infer<typeof parametersSchema>;

type Indicator = 'fast' | 'slow' | 'adx' | 'rsi' | 'atr';
type View = StrategyView<Indicator>;
type Why = Because<EmaCrossParameters, Indicator>;

/** Follows a trend from one cross of two averages to the next. */
export const emaCrossStrategy: Strategy<EmaCrossParameters, Indicator> = {
  id: 'ema-cross',
  summary:
    'Enters when the fast average crosses above the slow one in a trend, exits when it is below; trailing ATR stop.',
  parameters: parametersSchema,
  indicators: (parameters) => ({
    fast: { kind: 'ema', period: parameters.fast },
    slow: { kind: 'ema', period: parameters.slow },
    adx: parameters.minAdx === null ? null : { kind: 'adx', period: parameters.adxPeriod },
    rsi: parameters.maxRsi === null ? null : { kind: 'rsi', period: parameters.rsiPeriod },
    ...bracketIndicators(parameters),
  }),
  onBar,
};

/** The exit looks at the level, not at the cross, so that a cross in a bar that nobody decided on is not missed. */
function onBar(view: View, parameters: EmaCrossParameters): Signal<EmaCrossParameters, Indicator> {
  const { fast, slow } = view.indicators;
  if (view.position !== null) return fast.at(0) >= slow.at(0) ? STILL_ABOVE : CROSSED_BELOW;
  if (!(fast.at(1) <= slow.at(1) && fast.at(0) > slow.at(0))) return NO_CROSS;
  const { minAdx, maxRsi } = parameters;
  if (minAdx !== null && !(view.indicators.adx.at(0) >= minAdx)) return FILTERED;
  if (maxRsi !== null && !(view.indicators.rsi.at(0) < maxRsi)) return FILTERED;
  return enterWithBracket(view, parameters, crossedAbove);
}

const STILL_ABOVE = hold<EmaCrossParameters, Indicator>((view, parameters) => [
  averages(view, parameters, 'still-above', (fast, slow) => `${fast} is not below ${slow}: the trend holds`),
]);

const CROSSED_BELOW = exit<EmaCrossParameters, Indicator>((view, parameters) => [
  averages(view, parameters, 'crossed-below', (fast, slow) => `${fast} is below ${slow}`),
]);

const NO_CROSS = hold<EmaCrossParameters, Indicator>((view, parameters) => {
  const side = view.indicators.fast.at(0) > view.indicators.slow.at(0) ? 'above' : 'not above';
  return [
    averages(
      view,
      parameters,
      'no-cross',
      (fast, slow) => `${fast} is ${side} ${slow}, as on the bar before: no new cross`,
    ),
  ];
});

/** The cross, and what each filter says about it. */
const crossedAbove: Why = (view, parameters) => [
  averages(view, parameters, 'crossed-above', (fast, slow) => `${fast} crossed above ${slow}`),
  ...trendFilter(view, parameters),
  ...ceilingFilter(view, parameters),
];

const FILTERED = hold(crossedAbove);

function averages(
  { indicators: { fast, slow } }: View,
  parameters: EmaCrossParameters,
  code: string,
  text: (fast: string, slow: string) => string,
): Reason {
  const fastText = `EMA(${parameters.fast}) ${priceText(fast.at(0))}`;
  const slowText = `EMA(${parameters.slow}) ${priceText(slow.at(0))}`;
  return {
    code,
    text: text(fastText, slowText),
    values: { fast: fast.at(0), slow: slow.at(0), previousFast: fast.at(1), previousSlow: slow.at(1) },
  };
}

function trendFilter({ indicators }: View, { adxPeriod, minAdx }: EmaCrossParameters): readonly Reason[] {
  if (minAdx === null) return [];
  const adx = indicators.adx.at(0);
  // A market that has never moved has no direction, and no ADX.
  if (!Number.isFinite(adx)) return [{ code: 'not-trending', text: `There is no ADX(${adxPeriod}) yet` }];
  const passes = adx >= minAdx;
  const text = `ADX(${adxPeriod}) is ${adx.toFixed(1)}, ${passes ? 'at least' : 'below'} ${minAdx}`;
  return [{ code: passes ? 'trending' : 'not-trending', text, values: { adx } }];
}

function ceilingFilter({ indicators }: View, { rsiPeriod, maxRsi }: EmaCrossParameters): readonly Reason[] {
  if (maxRsi === null) return [];
  const rsi = indicators.rsi.at(0);
  const passes = rsi < maxRsi;
  const text = `RSI(${rsiPeriod}) is ${rsi.toFixed(2)}, ${passes ? 'below' : 'not below'} ${maxRsi}`;
  return [{ code: passes ? 'not-overheated' : 'overheated', text, values: { rsi } }];
}
