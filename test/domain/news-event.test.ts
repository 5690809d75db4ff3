import { columnsOf } from '../../domain/bar-columns';
import { observationColumns, type Observation } from '../../domain/observations';
import { decideOnWindow } from '../../domain/strategies/decide';
import { findStrategy } from '../../domain/strategies/registry';
import type { Decision } from '../../domain/strategy';
import { barsOf } from './fixtures';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OWN = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
const calm = Array.from({ length: 400 }, (_, index) => 100 + 0.2 * (index % 2));
/** Calm, then two bars up by a little more than the usual range. */
const rising = [...calm, 100.4, 100.7];

interface Scene {
  readonly closes?: readonly number[];
  /** Minutes before the close decided on at which it was known, the score, and whether it is breaking. */
  readonly moods: readonly (readonly [minutesAgo: number, score: number, breaking?: 1])[];
  readonly holding?: boolean;
  readonly parameters?: object;
}

function decide({ closes = rising, moods, holding = false, parameters = {} }: Scene): Decision {
  const bars = barsOf(closes, 0.001);
  const closeMs = (bars.at(-1)?.openTimeMs ?? NaN) + MINUTE_MS;
  const told = moods.map(([ago, score, breaking = 0]): Observation => {
    const timeMs = closeMs - ago * MINUTE_MS;
    return { timeMs, knownMs: timeMs, values: [score, breaking] };
  });
  const strategy = findStrategy('news-event').parse(parameters);
  const window = columnsOf(bars.slice(-strategy.warmupBars));
  const known = observationColumns('mood', told);
  return decideOnWindow(
    strategy,
    OWN,
    () => window,
    holding ? 'long' : null,
    () => known,
  );
}

const codes = ({ reasons }: Decision): readonly string[] => reasons.map(({ code }) => code);

describe('news-event', () => {
  it('enters on a strong rise of the mood that the price confirms', () => {
    const decision = decide({
      moods: [
        [300, -0.1],
        [3, 0.5],
      ],
    });
    expect([decision.kind, codes(decision)]).toEqual([
      'enter',
      ['mood-high', 'mood-rose', 'price-confirms', 'bracket'],
    ]);
    expect(decision.reasons[1]?.text).toBe('It was -0.10 6 bars ago, at least 0.4 below');
    expect(decision.reasons[1]?.values?.change).toBeCloseTo(0.6, 12);
  });

  it('enters on a breaking story, without an earlier mood', () => {
    const decision = decide({ moods: [[3, 0.5, 1]] });
    expect([decision.kind, codes(decision)]).toEqual([
      'enter',
      ['mood-high', 'breaking-news', 'price-confirms', 'bracket'],
    ]);
    expect(codes(decide({ moods: [[3, 0.5, 1]], parameters: { breakingAlone: false } }))).toEqual([
      'mood-high',
      'change-unknown',
    ]);
  });

  it.each([
    ['nothing is known', [], ['no-fresh-mood']],
    ['the news is old', [[121, 0.9, 1]], ['no-fresh-mood']],
    ['it is bad news', [[3, -0.9, 1]], ['mood-not-high']],
    ['it is not good enough', [[3, 0.29, 1]], ['mood-not-high']],
    [
      'the mood was as good before',
      [
        [300, 0.3],
        [3, 0.5],
      ],
      ['mood-high', 'mood-did-not-rise'],
    ],
    ['there is nothing to compare with', [[3, 0.5]], ['mood-high', 'change-unknown']],
    [
      'what it rose from is too old to count',
      [
        [73 * 60 + 6, -0.9],
        [3, 0.5],
      ],
      ['mood-high', 'change-unknown'],
    ],
  ] satisfies [string, Scene['moods'], string[]][])('holds when %s', (_, moods, expected) => {
    const decision = decide({ moods });
    expect([decision.kind, codes(decision)]).toEqual(['hold', expected]);
  });

  it.each([
    ['does not move', [...calm, 100, 100.2], 'price-does-not-confirm'],
    ['falls', [...calm, 99.8, 99.5], 'price-does-not-confirm'],
    ['has run away', [...calm, 102, 106], 'price-ran-away'],
  ])('holds when the price %s', (_, closes, code) => {
    const decision = decide({ closes, moods: [[3, 0.5, 1]] });
    expect([decision.kind, codes(decision)]).toEqual(['hold', ['mood-high', 'breaking-news', code]]);
  });

  it('leaves when the mood turns, and holds on while it does not or is not known', () => {
    const held = (moods: Scene['moods']) => decide({ moods, holding: true });
    expect([held([[3, -0.1]]).kind, codes(held([[3, -0.1]]))]).toEqual(['exit', ['mood-turned']]);
    expect([held([[3, 0]]).kind, codes(held([[3, 0]]))]).toEqual(['hold', ['mood-holds']]);
    expect([held([]).kind, codes(held([]))]).toEqual(['hold', ['no-fresh-mood']]);
  });

  it('bounds how long it holds', () => {
    expect(findStrategy('news-event').parse({}).maxHoldingBars).toBe(24);
    expect(findStrategy('news-event').parse({ holdBars: 5 }).maxHoldingBars).toBe(5);
    expect(findStrategy('rsi').parse({}).maxHoldingBars).toBeNull();
  });

  it('keeps what the mood rose from in sight for as long as it says', () => {
    const [need] = findStrategy('news-event').parse({ contextHours: 10 }).observes('ETH/USDT');
    expect(need).toEqual({ kind: 'mood', subject: 'ETH', maxAgeMs: 10 * HOUR_MS });
  });
});
