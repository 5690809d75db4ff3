import { z } from 'zod';
import type { StrategyView } from '../../strategy';
import type { EntryFilter, Verdict } from './filter';

/** How much a market moves, against how much it moved lately. */
export const Regime = { Low: 'low', Normal: 'normal', High: 'high' } as const;
export type Regime = (typeof Regime)[keyof typeof Regime];

const parametersSchema = z
  .strictObject({
    /** `realised`: realised volatility of `period` bars; `atr`: the average true range as a part of the close. */
    measure: z.enum(['realised', 'atr']).default('realised'),
    period: z.int().min(2).max(200).default(20),
    /** Bars that the newest is ranked among, itself included. */
    window: z.int().min(20).max(2_000).default(200),
    /** Percentile below which the market is calm. */
    lowBelow: z.number().min(0).max(100).default(25),
    /** Percentile from which on it is wild. */
    highFrom: z.number().min(0).max(100).default(75),
    /** Enter in these only. */
    regimes: z.array(z.enum(Regime)).min(1).default([Regime.Low, Regime.Normal]),
  })
  .refine((value) => value.lowBelow <= value.highFrom, {
    path: ['lowBelow'],
    message: 'must not be above "highFrom"',
  });
type RegimeParameters = z.infer<typeof parametersSchema>;

type View = StrategyView<'volatility'>;

/** Values that differ by less than this part of themselves are the same one, computed over other windows. */
const SAME = 1e-9;

/** Lets entries through in the listed regimes of volatility only. */
export const regimeFilter: EntryFilter<RegimeParameters, 'volatility'> = {
  id: 'regime',
  summary: 'Enters only while volatility, ranked among its last bars, is in one of the listed regimes.',
  parameters: parametersSchema,
  indicators: ({ measure, period }) => ({
    volatility:
      measure === 'atr' ? { kind: 'atr', period } : { kind: 'realisedVolatility', period },
  }),
  lookbackBars: ({ window }) => window,
  judge,
};

function judge(view: View, _side: unknown, parameters: RegimeParameters): Verdict {
  const { measure, period, window, regimes } = parameters;
  const name = measure === 'atr' ? `ATR(${period}) per price` : `Realised volatility(${period})`;
  const volatility = volatilityAt(view, measure, 0);
  const percentile = percentileOf(view, parameters, volatility);
  if (!Number.isFinite(percentile))
    return { allows: false, reasons: [{ code: 'regime-unknown', text: `${name} cannot be ranked yet` }] };
  const regime = regimeOf(percentile, parameters);
  const allows = regimes.includes(regime);
  const text = `${name} of ${Number((volatility * 100).toPrecision(4))} % is above ${percentile.toFixed(0)} % of the last ${window} bars: regime ${regime}, ${allows ? 'one of' : 'not one of'} ${regimes.join(', ')}`;
  return {
    allows,
    reasons: [{ code: allows ? 'regime' : 'regime-refused', text, values: { volatility, percentile } }],
  };
}

const volatilityAt = ({ indicators, close }: View, measure: RegimeParameters['measure'], ago: number): number =>
  indicators.volatility.at(ago) / (measure === 'atr' ? close.at(ago) : 1);

/** Which part of the window is below the newest value, in per cent; NaN where a value is missing. */
function percentileOf(view: View, { measure, window }: RegimeParameters, volatility: number): number {
  let below = 0;
  for (let ago = 1; ago < window; ago += 1) {
    const other = volatilityAt(view, measure, ago);
    if (Number.isNaN(other)) return NaN;
    if (other < volatility * (1 - SAME)) below += 1;
  }
  return Number.isNaN(volatility) ? NaN : (100 * below) / (window - 1);
}

const regimeOf = (percentile: number, { lowBelow, highFrom }: RegimeParameters): Regime =>
  percentile < lowBelow ? Regime.Low : percentile >= highFrom ? Regime.High : Regime.Normal;
