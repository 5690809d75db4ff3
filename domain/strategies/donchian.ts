import { z } from 'zod';
import {
  exit,
  hold,
  type Because,
  type Reason,
  type SeriesSpec,
  type Signal,
  type Strategy,
  type StrategyView,
} from '../strategy';
import { bracketIndicators, bracketShape, enterWithBracket, priceText } from './bracket';
import { trendAllows, trendIndicators, trendReasons, trendShape } from './trend-filter';

const parametersSchema = z
  .strictObject({
    /** Enter when the close is above the highest high of this many bars before it. */
    entryPeriod: z.int().min(2).max(400).default(20),
    /** Exit when the close is below the lowest low of this many bars before it. */
    exitPeriod: z.int().min(1).max(399).default(10),
    ...trendShape,
    ...bracketShape,
    stopAtr: bracketShape.stopAtr.default(2),
    // The channel ends the trade; a target only stands where a trend hardly ever gets to.
    rewardToRisk: bracketShape.rewardToRisk.default(10),
  })
  .refine((value) => value.exitPeriod < value.entryPeriod, {
    path: ['exitPeriod'],
    message: 'must be below "entryPeriod"',
  });
export type DonchianParameters = z.infer<typeof parametersSchema>;

type Indicator = 'upper' | 'lower' | 'trend' | 'atr';
type View = StrategyView<Indicator>;
type Channel = 'upper' | 'lower';

/** Follows breakouts as the Turtles did (Faith 2003): in above a long channel, out below a shorter one, stop at two ranges. */
export const donchianStrategy: Strategy<DonchianParameters, Indicator> = {
  id: 'donchian',
  summary:
    'Enters when the close breaks out above a Donchian channel, exits when it falls below a shorter one; ATR stop.',
  parameters: parametersSchema,
  indicators: (parameters) => ({
    upper: channel(parameters.entryPeriod, 'upper'),
    lower: channel(parameters.exitPeriod, 'lower'),
    ...trendIndicators(parameters),
    ...bracketIndicators(parameters),
  }),
  onBar,
};

const channel = (period: number, output: Channel): SeriesSpec => ({
  of: { kind: 'donchian', period },
  output,
});

/** A channel holds its newest bar, so a close is measured against the channel of the bar before. */
function onBar(view: View, parameters: DonchianParameters): Signal<DonchianParameters, Indicator> {
  const close = view.close.at(0);
  const { upper, lower } = view.indicators;
  if (view.position !== null) return close < lower.at(1) ? BELOW_CHANNEL : ABOVE_LOW;
  if (!(close > upper.at(1))) return NO_BREAKOUT;
  if (!trendAllows(view, parameters)) return AGAINST_TREND;
  return enterWithBracket(view, parameters, breakout);
}

function closeAndChannel(
  view: View,
  { entryPeriod, exitPeriod }: DonchianParameters,
  name: Channel,
  code: string,
  text: (close: string, line: string) => string,
): Reason {
  const [close, line] = [view.close.at(0), view.indicators[name].at(1)];
  const lineName =
    name === 'upper' ? `highest high of ${entryPeriod} bars` : `lowest low of ${exitPeriod} bars`;
  return {
    code,
    text: text(`The close ${priceText(close)}`, `the ${lineName} ${priceText(line)}`),
    values: { close, [name]: line },
  };
}

const ABOVE_LOW = hold<DonchianParameters, Indicator>((view, parameters) => [
  closeAndChannel(view, parameters, 'lower', 'above-low', (close, low) => `${close} is not below ${low}`),
]);

const BELOW_CHANNEL = exit<DonchianParameters, Indicator>((view, parameters) => [
  closeAndChannel(view, parameters, 'lower', 'below-low', (close, low) => `${close} is below ${low}`),
]);

const NO_BREAKOUT = hold<DonchianParameters, Indicator>((view, parameters) => [
  closeAndChannel(view, parameters, 'upper', 'no-breakout', (close, high) => `${close} is not above ${high}`),
]);

/** The breakout, and what the trend says about it. */
const breakout: Because<DonchianParameters, Indicator> = (view, parameters) => [
  closeAndChannel(view, parameters, 'upper', 'breakout', (close, high) => `${close} broke out above ${high}`),
  ...trendReasons(view, parameters),
];

const AGAINST_TREND = hold(breakout);
