import { z } from 'zod';
import { criticalValue, engleGranger, Significance, type Cointegration } from '../cointegration';
import {
  exit,
  hold,
  PositionSide,
  type Because,
  type Reason,
  type Signal,
  type Strategy,
  type StrategyView,
} from '../strategy';
import { bracketIndicators, bracketShape, enterWithBracket } from './bracket';

const symbol = z.string().regex(/^[A-Z0-9]{1,20}\/[A-Z0-9:]{1,41}$/, 'must be a symbol like ETH/USDT');

const parametersSchema = z
  .strictObject({
    /** The two legs; the spread is that of the first over the second. It is run on either, or on both. */
    first: symbol.default('BTC/USDT'),
    second: symbol.default('ETH/USDT'),
    /** Bars over which hedge ratio, spread and test are taken. */
    period: z.int().min(30).max(2_000).default(240),
    /** Enter when the z-score of the spread goes beyond this, either way. */
    entryZ: z.number().min(0.5).max(10).default(2),
    /** Leave when it is back within this on the side it came from; negative to wait for the other side. */
    exitZ: z.number().min(-5).max(5).default(0),
    /** Leave when it is this far out: the two have parted. */
    stopZ: z.number().min(1).max(20).default(4),
    /** How sure the test of cointegration has to be: its chance of being wrong about two that have nothing in common. */
    significance: z
      .union([z.literal(0.01), z.literal(0.05), z.literal(0.1)], 'must be 0.01, 0.05 or 0.1')
      .default(Significance.Five),
    /** Lagged changes in that test. */
    lags: z.int().min(0).max(12).default(1),
    /** Enter only when half of a distance is gone within so many bars; null for no limit. */
    maxHalfLifeBars: z.number().min(1).max(2_000).nullable().default(60),
    ...bracketShape,
    stopAtr: bracketShape.stopAtr.default(6),
  })
  .refine(({ first, second }) => first !== second, { path: ['second'], message: 'must differ from "first"' })
  .refine(({ exitZ, entryZ }) => exitZ < entryZ, { path: ['exitZ'], message: 'must be below "entryZ"' })
  .refine(({ entryZ, stopZ }) => entryZ < stopZ, { path: ['stopZ'], message: 'must be above "entryZ"' });
export type PairsParameters = z.infer<typeof parametersSchema>;

type Indicator = 'zScore' | 'firstClose' | 'secondClose' | 'atr';
type View = StrategyView<Indicator>;
type Hold = Signal<PairsParameters, Indicator>;

/**
 * Statistical arbitrage between two markets that belong together (Engle and Granger 1987; Vidyamurthy 2004): when the spread of
 * their logarithmic prices is far out and is drawn back, the cheap leg is bought and the dear one sold short. A run trades its
 * own symbol only; on both symbols the two runs decide by the same numbers at the same closes.
 */
export const pairsStrategy: Strategy<PairsParameters, Indicator> = {
  id: 'pairs',
  summary:
    'Enters when the spread of two cointegrated symbols is far out, exits when it is back; trades its own leg, short where that is a perpetual.',
  parameters: parametersSchema,
  symbols: ({ first, second }) => [first, second],
  indicators: (parameters) => {
    const { first, second, period } = parameters;
    return {
      zScore: { spreadOf: [first, second], period },
      firstClose: { of: 'close', symbol: first },
      secondClose: { of: 'close', symbol: second },
      ...bracketIndicators(parameters),
    };
  },
  onBar,
};

function onBar(view: View, parameters: PairsParameters): Signal<PairsParameters, Indicator> {
  const zScore = view.indicators.zScore.at(0);
  if (Number.isNaN(zScore)) return NO_SPREAD;
  return view.position === null ? whileFlat(view, parameters, zScore) : whileHeld(view, parameters, zScore);
}

/** 1 when this symbol gains as the spread rises, −1 when it gains as it falls. */
const directionOf = (view: View, { first }: PairsParameters): 1 | -1 => (view.symbol === first ? 1 : -1);

/** The z-score as this position sees it: below 0 where it was entered, rising as the spread comes back. */
function homeward(view: View, parameters: PairsParameters, zScore: number): number {
  return directionOf(view, parameters) * (view.position === PositionSide.Short ? -1 : 1) * zScore;
}

function whileHeld(view: View, parameters: PairsParameters, zScore: number): Hold {
  const score = homeward(view, parameters, zScore);
  if (score >= -parameters.exitZ) return REVERTED;
  return score <= -parameters.stopZ ? PARTED : STILL_OUT;
}

function whileFlat(view: View, parameters: PairsParameters, zScore: number): Hold {
  const { entryZ, stopZ } = parameters;
  const before = Math.abs(view.indicators.zScore.at(1));
  if (!(before < entryZ && Math.abs(zScore) >= entryZ)) return NOT_OUT;
  if (Math.abs(zScore) >= stopZ) return TOO_FAR;
  const side = zScore * directionOf(view, parameters) < 0 ? PositionSide.Long : PositionSide.Short;
  if (side === PositionSide.Short && !view.symbol.includes(':')) return SHORT_ON_SPOT;
  // Only now: the test looks at every bar of the window.
  return belongTogether(test(view, parameters), parameters)
    ? enterWithBracket(view, parameters, farOut, side)
    : APART;
}

/** Over the window of the newest bar. Where there is a z-score the last `period` bars of both are of the same times. */
function test({ indicators }: View, { period, lags }: PairsParameters): Cointegration {
  const closes = (name: 'firstClose' | 'secondClose'): Float64Array =>
    Float64Array.from({ length: period }, (_, at) => Math.log(indicators[name].at(period - 1 - at)));
  return engleGranger(closes('firstClose'), closes('secondClose'), lags);
}

function belongTogether(found: Cointegration, { significance, period, maxHalfLifeBars }: PairsParameters) {
  return (
    found.hedgeRatio > 0 &&
    found.statistic < criticalValue(significance, period) &&
    found.halfLifeBars <= (maxHalfLifeBars ?? Infinity)
  );
}

function spreadReason(
  view: View,
  { first, second }: PairsParameters,
  code: string,
  text: (score: string) => string,
): Reason {
  const zScore = view.indicators.zScore.at(0);
  const score = `The spread of ${first} over ${second} is at z = ${zScore.toFixed(2)}`;
  return { code, text: text(score), values: { zScore } };
}

const because =
  (
    code: string,
    text: (score: string, parameters: PairsParameters) => string,
  ): Because<PairsParameters, Indicator> =>
  (view, parameters) => [spreadReason(view, parameters, code, (score) => text(score, parameters))];

const NO_SPREAD = hold<PairsParameters, Indicator>((_, { first, second, period }) => [
  {
    code: 'no-spread',
    text: `There is no spread: ${first} and ${second} have not had the same ${period} bars without a gap`,
  },
]);

const NOT_OUT = hold(
  because('not-out', (score, { entryZ }) => `${score}: it has not just gone beyond ${entryZ}`),
);

const TOO_FAR = hold(
  because('too-far', (score, { stopZ }) => `${score}, beyond ${stopZ}, where a position would be given up`),
);

const STILL_OUT = hold(because('still-out', (score) => `${score}: it is not back yet`));

const REVERTED = exit(because('reverted', (score) => `${score}: it is back`));

const PARTED = exit(
  because('parted', (score, { stopZ }) => `${score}, beyond ${stopZ}: the two have parted`),
);

/** How far out, and what the test says about coming back. */
const farOut: Because<PairsParameters, Indicator> = (view, parameters) => [
  spreadReason(view, parameters, 'far-out', (score) => `${score}, beyond ${parameters.entryZ}`),
  ...testReasons(test(view, parameters), parameters),
];

const APART = hold(farOut);

const SHORT_ON_SPOT = hold<PairsParameters, Indicator>((view, parameters) => [
  spreadReason(view, parameters, 'far-out', (score) => `${score}, beyond ${parameters.entryZ}`),
  { code: 'short-leg', text: `${view.symbol} is the dear leg, and spot cannot be sold short` },
]);

function testReasons(found: Cointegration, parameters: PairsParameters): readonly Reason[] {
  const { hedgeRatio, statistic, halfLifeBars } = found;
  const { significance, period, maxHalfLifeBars } = parameters;
  const critical = criticalValue(significance, period);
  const passes = statistic < critical;
  const tested = `the Dickey-Fuller statistic ${decimals(statistic)} is ${passes ? 'below' : 'not below'} the critical ${decimals(critical)}`;
  const ratio = `Over ${period} bars the hedge ratio is ${hedgeRatio.toFixed(3)}`;
  const reasons: Reason[] = [
    {
      code: passes ? 'cointegrated' : 'not-cointegrated',
      text: `${ratio}; ${tested}`,
      values: { hedgeRatio, ...finite({ statistic }), critical },
    },
  ];
  if (!(hedgeRatio > 0))
    reasons.push({ code: 'no-hedge', text: `${ratio}: the two legs are no hedge for each other` });
  if (maxHalfLifeBars !== null && !(halfLifeBars <= maxHalfLifeBars))
    reasons.push({
      code: 'too-slow',
      text: `Half of a distance is gone after ${decimals(halfLifeBars)} bars, which is more than ${maxHalfLifeBars}`,
      values: finite({ halfLifeBars }),
    });
  return reasons;
}

/** Two decimals; a test that has no result says so. */
const decimals = (value: number): string =>
  Number.isFinite(value) ? value.toFixed(2) : value === Infinity ? 'endless' : '(none)';

const finite = (values: Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
