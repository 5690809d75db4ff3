import type { Bar } from '../../domain/bar';
import { columnsOf } from '../../domain/bar-columns';
import { observationColumns, type Observation, type ObservationsOf } from '../../domain/observations';
import { decideOnWindow } from '../../domain/strategies/decide';
import { findStrategy } from '../../domain/strategies/registry';
import type { Decision } from '../../domain/strategy';
import { barsOf } from './fixtures';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OWN = { symbol: 'BTC/USDT', timeframe: '1m' } as const;

/** Calm, a fall, and as much of a recovery as it takes to cross back above oversold: an entry for `rsi` by its own rules. */
const bars = ((): readonly Bar[] => {
  const calm = Array.from({ length: 1_000 }, (_, index) => 100 + (index % 2));
  const fall = Array.from({ length: 12 }, (_, index) => 100 - index);
  const recoveries = Array.from({ length: 6 }, (_, more) =>
    barsOf([...calm, ...fall, ...Array.from({ length: more }, (__, index) => 90 + index)]),
  );
  const crossing = recoveries.find((all) => decide({}, {}, all).kind === 'enter');
  if (crossing === undefined) throw new Error('No recovery crosses back above oversold.');
  return crossing;
})();
const CLOSE_MS = (bars.at(-1)?.openTimeMs ?? NaN) + MINUTE_MS;

interface Known {
  readonly mood?: readonly Observation[];
  readonly fearGreed?: readonly Observation[];
}

function observationsOf({ mood = [], fearGreed = [] }: Known): ObservationsOf {
  return ({ kind }) =>
    observationColumns(kind, kind === 'mood' ? mood : kind === 'fear-greed' ? fearGreed : []);
}

function decide(parameters: object, known: Known = {}, all: readonly Bar[] = bars): Decision {
  const strategy = findStrategy('rsi').parse(parameters);
  const window = columnsOf(all.slice(-strategy.warmupBars));
  return decideOnWindow(strategy, OWN, () => window, null, observationsOf(known));
}

const codes = ({ reasons }: Decision): readonly string[] => reasons.map(({ code }) => code);
const text = ({ reasons }: Decision): string => reasons.map((reason) => reason.text).join('; ');
const told = (value: number, ageMs = 0): Observation => ({
  timeMs: CLOSE_MS - ageMs,
  knownMs: CLOSE_MS,
  values: [value, 0],
});

describe('rsi with sentiment', () => {
  it('asks neither mood nor index unless it is told to', () => {
    const decision = decide({}, { mood: [told(-1)], fearGreed: [told(100)] });
    expect([decision.kind, codes(decision)]).toEqual(['enter', ['oversold-recovery', 'bracket']]);
  });

  it('does not enter against a bad mood, and says what it saw', () => {
    const decision = decide({ minMood: -0.3 }, { mood: [told(-0.55, 90 * MINUTE_MS)] });
    expect([decision.kind, codes(decision)]).toEqual(['hold', ['oversold-recovery', 'mood-too-low']]);
    expect(text(decision)).toContain('The mood about BTC is -0.55, 1.5 h old, below -0.3');
    expect(decision.reasons[1]?.values).toEqual({ mood: -0.55, ageMs: 90 * MINUTE_MS });
  });

  it.each([-0.3, 0.8])('enters with a mood of %p, not below what is asked', (score) => {
    const decision = decide({ minMood: -0.3 }, { mood: [told(score)] });
    expect([decision.kind, codes(decision)]).toEqual([
      'enter',
      ['oversold-recovery', 'mood-allows', 'bracket'],
    ]);
  });

  it.each([
    ['unknown', []],
    ['too old', [told(-1, 25 * HOUR_MS)]],
    ['known only later', [{ ...told(-1), knownMs: CLOSE_MS + 1 }]],
  ])('goes on by its own rules when the mood is %s, and says so', (_, mood) => {
    const decision = decide({ minMood: -0.3 }, { mood });
    expect([decision.kind, codes(decision)]).toEqual([
      'enter',
      ['oversold-recovery', 'mood-unknown', 'bracket'],
    ]);
    expect(text(decision)).toContain('No mood about BTC younger than 24 h is known: it is not asked');
  });

  it('does not enter in extreme greed', () => {
    const decision = decide({ maxFearGreed: 75 }, { fearGreed: [told(76)] });
    expect([decision.kind, codes(decision)]).toEqual(['hold', ['oversold-recovery', 'greed-too-high']]);
    expect(decide({ maxFearGreed: 75 }, { fearGreed: [told(75)] }).kind).toBe('enter');
    expect(codes(decide({ maxFearGreed: 75 }, { fearGreed: [told(90, 49 * HOUR_MS)] }))).toContain(
      'fear-greed-unknown',
    );
  });
});
