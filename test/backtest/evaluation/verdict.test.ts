import { worthOf, WorthKind, type WorthInput } from '../../../backtest/evaluation/verdict';

const interval = (low: number, observed: number, high: number): WorthInput['growth'] => ({
  ...{ observed, low, median: observed, high, definedShare: 1 },
});
const chance = (pValue: number): WorthInput['chance'] => ({ runs: 200, observed: 0.02, median: 0, pValue });

/** Better by all that is looked at. */
const better: WorthInput = {
  ...{ arm: 'with panel', base: 'rules only', unchanged: false, growth: interval(0.01, 0.02, 0.03) },
  ...{ confidence: 0.95, days: 200, proposals: 60, chance: chance(0.005), hindsight: [] },
};

it.each<readonly [WorthKind, Partial<WorthInput>, RegExp]>([
  [WorthKind.Adds, {}, /adds something on this period \(\+2\.00 %/],
  [WorthKind.Adds, { chance: null, proposals: null }, /adds something/],
  [WorthKind.ChangesNothing, { unchanged: true, growth: interval(0, 0, 0), days: 3 }, /adds nothing: it did/],
  [WorthKind.TooLittle, { days: 89 }, /89 days/],
  [WorthKind.TooLittle, { proposals: 29 }, /29 proposals/],
  [WorthKind.AddsNothing, { growth: interval(-0.001, 0.02, 0.03) }, /includes zero/],
  [WorthKind.AddsNothing, { growth: interval(0, 0.02, 0.03) }, /includes zero/],
  [
    WorthKind.AddsNothing,
    { chance: chance(0.06) },
    /6\.0 % of 200 runs: what there is of a difference comes from trading less/,
  ],
  [WorthKind.Harms, { growth: interval(-0.03, -0.02, -0.01) }, /costs money/],
  [WorthKind.Unproven, { hindsight: ['m may remember'] }, /HINDSIGHT: m may remember\./],
])('%s: %j', (kind, change, text) => {
  const { kind: found, sentences } = worthOf({ ...better, ...change });
  expect(found).toBe(kind);
  expect(sentences.join(' ')).toMatch(text);
  // Whatever is said, the interval stands beside it.
  expect(sentences[0]).toMatch(/95 % interval [+-]?\d+\.\d\d % to [+-]?\d+\.\d\d %/);
});
