import { z } from 'zod';
import { assetOf } from '../observations';
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
import { HOUR_MS, hoursText } from './sentiment';

const parametersSchema = z.strictObject({
  /** Enter only when the mood is at least this, from −1 (bearish) to 1 (bullish). */
  minScore: z.number().min(0).max(1).default(0.3),
  /** Enter when the mood has risen by at least this since `changeBars` ago. */
  minChange: z.number().min(0.01).max(2).default(0.4),
  changeBars: z.int().min(1).max(500).default(6),
  /** A breaking story is an event by itself, without an earlier mood to compare with. */
  breakingAlone: z.boolean().default(true),
  /** News whose newest story is older is no event any more. */
  freshHours: z.number().min(0.1).max(72).default(2),
  /** What the mood has risen from may be this old. */
  contextHours: z.number().min(1).max(720).default(72),
  /** The close must have risen over this many bars, by at least `minMoveAtr` and at most `maxMoveAtr` ATR. */
  confirmBars: z.int().min(1).max(100).default(2),
  minMoveAtr: z.number().min(0).max(20).default(0.5),
  maxMoveAtr: z.number().min(0.1).max(50).default(4),
  /** Leave when the mood has turned to this or below. */
  exitScore: z.number().min(-1).max(1).default(-0.1),
  /** Leave after this many bars: news wears off. */
  holdBars: z.int().min(1).max(10_000).default(24),
  ...bracketShape,
  stopAtr: bracketShape.stopAtr.default(2),
});
export type NewsEventParameters = z.infer<typeof parametersSchema>;

type Indicator = 'score' | 'age' | 'breaking' | 'before' | 'range' | 'atr';
type View = StrategyView<Indicator>;
type Why = Because<NewsEventParameters, Indicator>;

/** Buys good news that the price confirms, and leaves before it is old. Without moods it holds: it has nothing to go by. */
export const newsEventStrategy: Strategy<NewsEventParameters, Indicator> = {
  id: 'news-event',
  summary:
    'Enters on a breaking story or a strong rise of the mood that the price confirms; leaves after a time or when the mood turns.',
  parameters: parametersSchema,
  indicators: (parameters) => {
    const fresh = { of: 'mood', maxAgeMs: parameters.freshHours * HOUR_MS } as const;
    return {
      score: fresh,
      age: { ...fresh, output: 'ageMs' },
      breaking: { ...fresh, output: 'breaking' },
      before: { of: 'mood', maxAgeMs: parameters.contextHours * HOUR_MS },
      range: { kind: 'atr', period: parameters.atrPeriod },
      ...bracketIndicators(parameters),
    };
  },
  warmupBars: ({ changeBars, confirmBars }) => Math.max(changeBars, confirmBars) + 1,
  maxHoldingBars: ({ holdBars }) => holdBars,
  onBar,
};

function onBar(view: View, parameters: NewsEventParameters): Signal<NewsEventParameters, Indicator> {
  if (view.position !== null)
    return view.indicators.score.at(0) <= parameters.exitScore ? MOOD_TURNED : NOT_TURNED;
  if (!isEvent(view, parameters)) return NO_EVENT;
  if (!isConfirmed(view, parameters)) return NOT_CONFIRMED;
  return enterWithBracket(view, parameters, confirmedEvent);
}

/** An unknown mood is below every limit, and a change from an unknown one is none. */
function isEvent({ indicators }: View, parameters: NewsEventParameters): boolean {
  const score = indicators.score.at(0);
  if (!(score >= parameters.minScore)) return false;
  if (parameters.breakingAlone && indicators.breaking.at(0) === 1) return true;
  return score - indicators.before.at(parameters.changeBars) >= parameters.minChange;
}

const moveOf = (view: View, { confirmBars }: NewsEventParameters): number =>
  view.close.at(0) - view.close.at(confirmBars);

function isConfirmed(view: View, parameters: NewsEventParameters): boolean {
  const move = moveOf(view, parameters);
  const range = view.indicators.range.at(0);
  return move > 0 && move >= parameters.minMoveAtr * range && move <= parameters.maxMoveAtr * range;
}

const MOOD_TURNED = exit<NewsEventParameters, Indicator>((view, parameters) => [
  moodReason(view, parameters, 'mood-turned', `at or below ${parameters.exitScore}`),
]);

const NOT_TURNED = hold<NewsEventParameters, Indicator>((view, parameters) => [
  moodReason(view, parameters, 'mood-holds', `above ${parameters.exitScore}`),
]);

const event: Why = (view, parameters) => {
  const { minScore, breakingAlone } = parameters;
  const reaches = view.indicators.score.at(0) >= minScore;
  const mood = moodReason(
    view,
    parameters,
    reaches ? 'mood-high' : 'mood-not-high',
    `${reaches ? 'at least' : 'below'} ${minScore}`,
  );
  if (!reaches) return [mood];
  if (breakingAlone && view.indicators.breaking.at(0) === 1)
    return [mood, { code: 'breaking-news', text: 'A breaking story is behind it' }];
  return [mood, changeReason(view, parameters)];
};

const NO_EVENT = hold(event);

const confirmedEvent: Why = (view, parameters) => [...event(view, parameters), moveReason(view, parameters)];

const NOT_CONFIRMED = hold(confirmedEvent);

function moodReason(
  { symbol, indicators }: View,
  { freshHours }: NewsEventParameters,
  code: string,
  verdict: string,
): Reason {
  const [score, ageMs] = [indicators.score.at(0), indicators.age.at(0)];
  const what = `mood about ${assetOf(symbol)}`;
  if (!Number.isFinite(score))
    return { code: 'no-fresh-mood', text: `No ${what} younger than ${freshHours} h is known` };
  const text = `The ${what} is ${score.toFixed(2)}, ${hoursText(ageMs)} old, ${verdict}`;
  return { code, text, values: { score, ageMs } };
}

function changeReason({ indicators }: View, { changeBars, minChange }: NewsEventParameters): Reason {
  const [score, before] = [indicators.score.at(0), indicators.before.at(changeBars)];
  if (!Number.isFinite(before))
    return { code: 'change-unknown', text: `No mood of ${changeBars} bars ago is known to compare with` };
  const passes = score - before >= minChange;
  const text = `It was ${before.toFixed(2)} ${changeBars} bars ago, ${passes ? 'at least' : 'less than'} ${minChange} below`;
  return {
    code: passes ? 'mood-rose' : 'mood-did-not-rise',
    text,
    values: { before, change: score - before },
  };
}

function moveReason(view: View, parameters: NewsEventParameters): Reason {
  const [move, range] = [moveOf(view, parameters), view.indicators.range.at(0)];
  const { confirmBars, minMoveAtr, maxMoveAtr, atrPeriod } = parameters;
  const told = `The close moved by ${priceText(move)} over ${confirmBars} bars, ATR(${atrPeriod}) being ${priceText(range)}`;
  const values = { move, atr: range };
  if (isConfirmed(view, parameters))
    return { code: 'price-confirms', text: `${told}: the price confirms it`, values };
  return move > maxMoveAtr * range
    ? { code: 'price-ran-away', text: `${told}: more than ${maxMoveAtr} ATR, too late`, values }
    : {
        code: 'price-does-not-confirm',
        text: `${told}: less than ${minMoveAtr} ATR, the price does not confirm it`,
        values,
      };
}
