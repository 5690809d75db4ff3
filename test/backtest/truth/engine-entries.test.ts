import { againstEngineEntries } from '../../../backtest/truth/engine-entries';
import type { BarColumns } from '../../../domain/bar-columns';
import { hash32, uniformOf } from '../../../domain/random';
import type { AnySignal, PreparedStrategy } from '../../../domain/strategies/prepare';
import { SignalKind } from '../../../domain/strategy';
import { above, inputOf, LEAVE, STAY, walk } from './support';

const HOUR_MS = 3_600_000;

/** Enters where it is told, keeps for eight bars. */
function entering(at: (bar: number) => boolean, bars: BarColumns): PreparedStrategy {
  const indexOf = (timeMs: number): number => (timeMs - (bars.openTimeMs[0] ?? 0)) / HOUR_MS;
  return above(
    { kind: 'sma', period: 2 },
    {
      id: 'entering',
      maxHoldingBars: 8,
      onBar(view): AnySignal {
        if (view.position !== null || !at(indexOf(view.openTimeMs))) return STAY;
        const price = view.close.at(0);
        return {
          kind: SignalKind.Enter,
          side: 'long',
          ...{
            referencePrice: price,
            stopPrice: price * 0.95,
            targetPrice: price * 1.1,
            trailDistance: null,
          },
          because: () => [],
        };
      },
    },
  );
}

describe('entries of the strategy against entries by chance, priced by the engine', () => {
  it('tells foresight from chance', () => {
    const bars = walk(1_500, { seed: 8 });
    const rises = (bar: number): boolean => (bars.close[bar + 8] ?? 0) > (bars.close[bar] ?? 0) * 1.03;
    const test = againstEngineEntries(inputOf(entering(rises, bars), bars), { runs: 99, seed: 1 });
    expect(test?.pValue).toBe(0.01);
    expect(test?.observed).toBeGreaterThan(test?.high ?? Infinity);
    // As many entries, some of which the end of the bars has no room for.
    expect(test?.trades).toBeGreaterThan(20);
    expect(Math.abs((test?.meanTrades ?? 0) / (test?.trades ?? 1) - 1)).toBeLessThan(0.05);
  });

  it('finds nothing in entries that are chance, more often than it says', () => {
    const markets = 24;
    const found = Array.from({ length: markets }, (_, seed) => {
      const bars = walk(600, { seed: 100 + seed, drift: 0.0005 });
      const strategy = entering((bar) => uniformOf(hash32(seed, 'coin'), bar) < 0.04, bars);
      return againstEngineEntries(inputOf(strategy, bars), { runs: 19, seed })?.pValue ?? 0;
    });
    // Of 24 p-values that are evenly spread, six are above 0.75 and six up to 0.25, give or take three deviations.
    expect(found.filter((pValue) => pValue <= 0.25).length).toBeLessThanOrEqual(12);
    expect(found.filter((pValue) => pValue > 0.75).length).toBeLessThanOrEqual(12);
    expect(found.filter((pValue) => pValue <= 0.05).length).toBeLessThanOrEqual(5);
  });

  it('enters where the strategy would stay, and leaves by its word and its levels', () => {
    const bars = walk(900, { seed: 21, wave: 0.004 });
    const seen: string[] = [];
    const level = above({ kind: 'sma', period: 10 });
    const watched: PreparedStrategy = {
      ...level,
      onBar(view) {
        const signal = level.onBar(view);
        if (view.position !== null && signal === LEAVE) seen.push('left');
        return signal;
      },
    };
    const test = againstEngineEntries(inputOf(watched, bars), { runs: 10, seed: 3 });
    expect(seen.length).toBeGreaterThan(100);
    expect(test?.meanTrades).toBeGreaterThan((test?.trades ?? 0) * 0.8);
  });

  it('is the same for the same seed, and another for another', () => {
    const bars = walk(500, { seed: 9, wave: 0.004 });
    const input = inputOf(above({ kind: 'sma', period: 10 }), bars);
    const first = againstEngineEntries(input, { runs: 10, seed: 5 });
    expect(againstEngineEntries(input, { runs: 10, seed: 5 })).toEqual(first);
    expect(againstEngineEntries(input, { runs: 10, seed: 6 })?.mean).not.toBe(first?.mean);
  });

  it('has nothing to compare where nothing was entered', () => {
    const bars = walk(100, { seed: 2 });
    expect(
      againstEngineEntries(
        inputOf(
          entering(() => false, bars),
          bars,
        ),
        { runs: 5, seed: 1 },
      ),
    ).toBeNull();
  });
});
