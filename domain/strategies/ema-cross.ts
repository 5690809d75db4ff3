import { z } from 'zod';
import { adx, ema, emaWarmupBars, wilderWarmupBars } from '../indicators';
import { SignalKind, type BarView, type Reason, type Signal, type Strategy } from '../strategy';
import { bracketShape, bracketWarmupBars, enterWithBracket, priceText } from './bracket';
import { hold } from './signals';

const parametersSchema = z
  .strictObject({
    fast: z.int().min(2).max(399).default(12),
    slow: z.int().min(3).max(400).default(26),
    adxPeriod: z.int().min(2).max(200).default(14),
    /** Enter only when the ADX is at least this; null for no filter. */
    minAdx: z.number().min(0).max(100).nullable().default(15),
    ...bracketShape,
    rewardToRisk: bracketShape.rewardToRisk.default(3),
    trailAtr: bracketShape.trailAtr.default(3),
  })
  .refine((value) => value.fast < value.slow, { path: ['fast'], message: 'must be below "slow"' });
export type EmaCrossParameters = z.infer<typeof parametersSchema>;

/** Follows a trend from one cross of two averages to the next. */
export const emaCrossStrategy: Strategy<EmaCrossParameters> = {
  id: 'ema-cross',
  summary:
    'Enters when the fast average crosses above the slow one in a trend, exits when it is below; trailing ATR stop.',
  parameters: parametersSchema,
  warmupBars: (parameters) =>
    Math.max(
      emaWarmupBars(parameters.slow),
      parameters.minAdx === null ? 0 : wilderWarmupBars(parameters.adxPeriod),
      bracketWarmupBars(parameters),
    ),
  onBar,
};

/** The exit looks at the level, not at the cross, so that a cross in a bar that nobody decided on is not missed. */
function onBar({ bars, holding }: BarView, parameters: EmaCrossParameters): Signal {
  const closes = bars.map((bar) => bar.close);
  const [previousFast = NaN, fast = NaN] = ema(closes, parameters.fast).slice(-2);
  const [previousSlow = NaN, slow = NaN] = ema(closes, parameters.slow).slice(-2);
  const fastText = `EMA(${parameters.fast}) ${priceText(fast)}`;
  const slowText = `EMA(${parameters.slow}) ${priceText(slow)}`;
  const reason = (code: string, text: string): Reason => ({
    code,
    text,
    values: { fast, slow, previousFast, previousSlow },
  });
  if (holding) {
    if (fast >= slow)
      return hold(reason('still-above', `${fastText} is not below ${slowText}: the trend holds`));
    return { kind: SignalKind.Exit, reasons: [reason('crossed-below', `${fastText} is below ${slowText}`)] };
  }
  if (!(previousFast <= previousSlow && fast > slow)) {
    const side = fast > slow ? 'above' : 'not above';
    return hold(reason('no-cross', `${fastText} is ${side} ${slowText}, as on the bar before: no new cross`));
  }
  const why = [reason('crossed-above', `${fastText} crossed above ${slowText}`)];
  const trend = trendFilter(bars, parameters);
  if (trend !== undefined) why.push(trend.reason);
  return trend?.passes === false ? hold(...why) : enterWithBracket(bars, parameters, why);
}

function trendFilter(
  bars: BarView['bars'],
  { adxPeriod, minAdx }: EmaCrossParameters,
): { passes: boolean; reason: Reason } | undefined {
  if (minAdx === null) return undefined;
  const strength = adx(bars, adxPeriod).at(-1) ?? 0;
  const passes = strength >= minAdx;
  const text = `ADX(${adxPeriod}) is ${strength.toFixed(1)}, ${passes ? 'at least' : 'below'} ${minAdx}`;
  return { passes, reason: { code: passes ? 'trending' : 'not-trending', text, values: { adx: strength } } };
}
