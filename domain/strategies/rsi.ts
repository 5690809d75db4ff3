import { z } from 'zod';
import { ema, emaWarmupBars, rsi, wilderWarmupBars } from '../indicators';
import { SignalKind, type BarView, type Reason, type Signal, type Strategy } from '../strategy';
import { bracketShape, bracketWarmupBars, enterWithBracket, priceText } from './bracket';
import { hold } from './signals';

const parametersSchema = z
  .strictObject({
    period: z.int().min(2).max(200).default(14),
    /** Entry when the RSI crosses back above this. */
    oversold: z.number().min(1).max(99).default(30),
    /** Exit when the RSI is at or above this. */
    overbought: z.number().min(1).max(99).default(70),
    /** Enter only above the exponential average of this period; null for no filter. */
    trendPeriod: z.int().min(2).max(400).nullable().default(null),
    ...bracketShape,
  })
  .refine((value) => value.oversold < value.overbought, {
    path: ['oversold'],
    message: 'must be below "overbought"',
  });
export type RsiParameters = z.infer<typeof parametersSchema>;

/** Buys the recovery from an oversold market, sells into an overbought one. */
export const rsiStrategy: Strategy<RsiParameters> = {
  id: 'rsi',
  summary: 'Enters when the RSI crosses back above oversold, exits when it is overbought; ATR stop.',
  parameters: parametersSchema,
  warmupBars: (parameters) =>
    Math.max(
      wilderWarmupBars(parameters.period),
      parameters.trendPeriod === null ? 0 : emaWarmupBars(parameters.trendPeriod),
      bracketWarmupBars(parameters),
    ),
  onBar,
};

function onBar({ bars, holding }: BarView, parameters: RsiParameters): Signal {
  const closes = bars.map((bar) => bar.close);
  const [previous = NaN, current = NaN] = rsi(closes, parameters.period).slice(-2);
  const { oversold, overbought } = parameters;
  const name = `RSI(${parameters.period})`;
  const reason = (code: string, text: string): Reason => ({
    code,
    text,
    values: { rsi: current, previousRsi: previous },
  });
  if (holding) {
    if (current < overbought)
      return hold(reason('not-overbought', `${name} is ${current}, below ${overbought}`));
    const text = `${name} is ${current}, at or above ${overbought}`;
    return { kind: SignalKind.Exit, reasons: [reason('overbought', text)] };
  }
  if (!(previous < oversold && current >= oversold)) {
    const text = `${name} is ${current} after ${previous}: it did not cross back above ${oversold}`;
    return hold(reason('no-recovery', text));
  }
  const why = [
    reason('oversold-recovery', `${name} rose to ${current} from ${previous}, back above ${oversold}`),
  ];
  const trend = trendFilter(closes, parameters.trendPeriod);
  if (trend !== undefined) why.push(trend.reason);
  return trend?.passes === false ? hold(...why) : enterWithBracket(bars, parameters, why);
}

function trendFilter(
  closes: readonly number[],
  period: number | null,
): { passes: boolean; reason: Reason } | undefined {
  if (period === null) return undefined;
  const close = closes.at(-1) ?? NaN;
  const average = ema(closes, period).at(-1) ?? NaN;
  const passes = close > average;
  const text = `The close ${priceText(close)} is ${passes ? 'above' : 'not above'} its EMA(${period}) ${priceText(average)}`;
  return {
    passes,
    reason: { code: passes ? 'trend-up' : 'trend-not-up', text, values: { close, ema: average } },
  };
}
