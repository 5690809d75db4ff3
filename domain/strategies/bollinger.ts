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

const parametersSchema = z.strictObject({
  period: z.int().min(2).max(400).default(20),
  /** Width of the bands on either side, in deviations of the close. */
  deviations: z.number().min(0.5).max(5).default(2),
  adxPeriod: z.int().min(2).max(200).default(14),
  /** Enter only when the ADX is at most this, as what trends does not come back; null for no filter. */
  maxAdx: z.number().min(1).max(100).nullable().default(null),
  ...bracketShape,
});
export type BollingerParameters = z.infer<typeof parametersSchema>;

type Indicator = 'middle' | 'lower' | 'adx' | 'atr';
type View = StrategyView<Indicator>;

/** Bets on the way back to the mean (Bollinger 2001): bought once the market has turned, not while it falls. */
export const bollingerStrategy: Strategy<BollingerParameters, Indicator> = {
  id: 'bollinger',
  summary: 'Enters when the close comes back above the lower Bollinger band, exits at the mean; ATR stop.',
  parameters: parametersSchema,
  indicators: (parameters) => ({
    middle: band(parameters, 'middle'),
    lower: band(parameters, 'lower'),
    adx: parameters.maxAdx === null ? null : { kind: 'adx', period: parameters.adxPeriod },
    ...bracketIndicators(parameters),
  }),
  onBar,
};

function band({ period, deviations }: BollingerParameters, output: 'middle' | 'lower'): SeriesSpec {
  return { of: { kind: 'bollinger', period, deviations }, output };
}

function onBar(view: View, parameters: BollingerParameters): Signal<BollingerParameters, Indicator> {
  const { close } = view;
  const { middle, lower, adx } = view.indicators;
  if (view.position !== null) return close.at(0) < middle.at(0) ? BELOW_MEAN : AT_MEAN;
  if (!(close.at(1) < lower.at(1) && close.at(0) >= lower.at(0))) return NO_RETURN;
  // From below the band to beyond the mean in one bar: there is nothing left to come back to.
  if (close.at(0) >= middle.at(0)) return TOO_LATE;
  const { maxAdx } = parameters;
  if (maxAdx !== null && !(adx.at(0) <= maxAdx)) return TRENDING;
  return enterWithBracket(view, parameters, cameBack);
}

function closeAndBand(
  view: View,
  { period, deviations }: BollingerParameters,
  name: 'middle' | 'lower',
  code: string,
  text: (close: string, line: string) => string,
): Reason {
  const [close, line] = [view.close.at(0), view.indicators[name].at(0)];
  const lineName = name === 'middle' ? `mean of ${period}` : `lower band (${period}, ${deviations})`;
  return {
    code,
    text: text(`The close ${priceText(close)}`, `the ${lineName} ${priceText(line)}`),
    values: { close, [name]: line },
  };
}

const BELOW_MEAN = hold<BollingerParameters, Indicator>((view, parameters) => [
  closeAndBand(view, parameters, 'middle', 'below-mean', (close, mean) => `${close} is below ${mean}`),
]);

const AT_MEAN = exit<BollingerParameters, Indicator>((view, parameters) => [
  closeAndBand(view, parameters, 'middle', 'at-mean', (close, mean) => `${close} is not below ${mean}`),
]);

const NO_RETURN = hold<BollingerParameters, Indicator>((view, parameters) => [
  closeAndBand(view, parameters, 'lower', 'no-return', (close, band) =>
    view.close.at(0) < view.indicators.lower.at(0)
      ? `${close} is below ${band}`
      : `${close} is not below ${band}, as on the bar before: it has not come back from there`,
  ),
]);

/** The return, and what the trend says about it. */
const cameBack: Because<BollingerParameters, Indicator> = (view, parameters) => [
  closeAndBand(view, parameters, 'lower', 'came-back', (close, band) => `${close} came back above ${band}`),
  ...trendFilter(view, parameters),
];

const TRENDING = hold(cameBack);

const TOO_LATE = hold<BollingerParameters, Indicator>((view, parameters) => [
  ...cameBack(view, parameters),
  closeAndBand(view, parameters, 'middle', 'at-mean', (close, mean) => `${close} is not below ${mean}`),
]);

function trendFilter({ indicators }: View, { adxPeriod, maxAdx }: BollingerParameters): readonly Reason[] {
  if (maxAdx === null) return [];
  const adx = indicators.adx.at(0);
  const passes = adx <= maxAdx;
  const text = `ADX(${adxPeriod}) is ${adx.toFixed(1)}, ${passes ? 'at most' : 'above'} ${maxAdx}`;
  return [{ code: passes ? 'ranging' : 'trending', text, values: { adx } }];
}
