import { z } from 'zod';
import { Timeframe, timeframeMs } from '../../bar';
import { PositionSide, type Reason, type StrategyView } from '../../strategy';
import { priceText } from '../bracket';
import type { EntryFilter, Verdict } from './filter';

const parametersSchema = z.strictObject({
  /** All of them have to agree; each is coarser than the bars decided on. */
  timeframes: z
    .array(z.enum(Timeframe))
    .min(1)
    .max(4)
    .refine((list) => new Set(list).size === list.length, 'must name each timeframe once')
    .default([Timeframe.H4, Timeframe.D1]),
  /** `ema` needs some fourteen times its period of bars to forget where they begin, `sma` its period. */
  average: z.enum(['ema', 'sma']).default('ema'),
  period: z.int().min(2).max(400).default(20),
});
type ConfirmParameters = z.infer<typeof parametersSchema>;

/**
 * Lets an entry through when the average of every listed timeframe goes its way: rises from one closed bar to the next for a long,
 * falls for a short. Bars that are still open are not seen.
 */
export const confirmFilter: EntryFilter<ConfirmParameters, string> = {
  id: 'confirm',
  summary: 'Enters only while the averages of coarser timeframes go the same way.',
  parameters: parametersSchema,
  indicators: ({ timeframes, average, period }) =>
    Object.fromEntries(
      timeframes.map((timeframe) => [timeframe, { of: { kind: average, period }, timeframe } as const]),
    ),
  unfit: ({ timeframes }, own) => {
    const fine = timeframes.find((timeframe) => timeframeMs(timeframe) <= timeframeMs(own));
    return fine === undefined ? null : `its timeframe ${fine} is not coarser`;
  },
  judge,
};

function judge(view: StrategyView, side: PositionSide, parameters: ConfirmParameters): Verdict {
  const looked = parameters.timeframes.map((timeframe) => look(view, side, timeframe, parameters));
  return {
    allows: looked.every(({ agrees }) => agrees),
    reasons: looked.map(({ reason }) => reason),
  };
}

function look(
  { indicators }: StrategyView,
  side: PositionSide,
  timeframe: Timeframe,
  { average, period }: ConfirmParameters,
): { readonly agrees: boolean; readonly reason: Reason } {
  const name = `${average.toUpperCase()}(${period}) of ${timeframe}`;
  const [now, before] = [indicators[timeframe]?.at(0) ?? NaN, indicators[timeframe]?.at(1) ?? NaN];
  const code = `confirm-${timeframe}`;
  if (Number.isNaN(now) || Number.isNaN(before))
    return { agrees: false, reason: { code: `${code}-unknown`, text: `There is no ${name} yet` } };
  const agrees = side === PositionSide.Long ? now > before : now < before;
  const way = now > before ? 'rises' : now < before ? 'falls' : 'stands still';
  const text = `${name} ${way}, to ${priceText(now)} from ${priceText(before)}`;
  return {
    agrees,
    reason: { code: agrees ? code : `${code}-refused`, text, values: { now, before } },
  };
}
