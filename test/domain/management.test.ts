import fc from 'fast-check';
import type { Bar } from '../../domain/bar';
import { compare, floorTo, toNumber } from '../../domain/decimal';
import { managePosition, type ManagedPosition, type ManagementAction } from '../../domain/management';
import { BTC, barsOf, d, walk } from './fixtures';

const position: ManagedPosition = {
  entryPrice: d('100'),
  stopPrice: d('97'),
  targetPrice: d('110'),
  trailDistance: d('3'),
  openedAtMs: 0,
};

interface Situation {
  readonly position?: Partial<ManagedPosition>;
  readonly strategyExit?: boolean;
  readonly maxHoldingMs?: number | null;
}

const manage = (newBars: readonly Bar[], situation: Situation = {}): ManagementAction =>
  managePosition({
    position: { ...position, ...situation.position },
    newBars,
    strategyExit: situation.strategyExit ?? false,
    maxHoldingMs: situation.maxHoldingMs ?? null,
    instrument: BTC,
  });

const bar = (part: Partial<Bar>): Bar => ({
  openTimeMs: 0,
  open: 100,
  high: 100,
  low: 100,
  close: 100,
  volume: 1,
  ...part,
});

describe('exits', () => {
  it('at the target, when a high reaches it exactly', () => {
    expect(manage([bar({ high: 110 })])).toEqual({ kind: 'exit', reason: 'target' });
    expect(manage([bar({ high: 109.99 })])).toEqual({ kind: 'none' });
  });

  it('at the target when an earlier of several new bars reached it', () => {
    expect(manage([bar({ high: 112 }), bar({ openTimeMs: 60_000 })])).toEqual({
      kind: 'exit',
      reason: 'target',
    });
  });

  it('at a target which no binary float equals', () => {
    const target = { position: { targetPrice: d('105218.61') } };
    expect(manage([bar({ high: 105218.61 })], target)).toEqual({ kind: 'exit', reason: 'target' });
  });

  it('on the word of the strategy, even before a bar has closed', () => {
    expect(manage([bar({})], { strategyExit: true })).toEqual({ kind: 'exit', reason: 'strategy' });
    expect(manage([], { strategyExit: true })).toEqual({ kind: 'exit', reason: 'strategy' });
  });

  it('after its time, with the first bar that opened at or after the limit', () => {
    const limit = { maxHoldingMs: 120_000 };
    expect(manage([bar({ openTimeMs: 60_000 })], limit)).toEqual({ kind: 'none' });
    expect(manage([bar({ openTimeMs: 120_000 })], limit)).toEqual({ kind: 'exit', reason: 'time' });
  });

  it('when the trailing stop would lie at or above the last close', () => {
    const bars = [bar({ close: 108, high: 108 }), bar({ openTimeMs: 60_000, close: 105 })];
    expect(manage(bars)).toEqual({ kind: 'exit', reason: 'stop' });
  });

  it('names the target first, then the strategy, then time', () => {
    const all = { strategyExit: true, maxHoldingMs: 1 };
    const late = { openTimeMs: 60_000 };
    expect(manage([bar({ ...late, high: 120 })], all)).toEqual({ kind: 'exit', reason: 'target' });
    expect(manage([bar(late)], all)).toEqual({ kind: 'exit', reason: 'strategy' });
    expect(manage([bar(late)], { maxHoldingMs: 1 })).toEqual({ kind: 'exit', reason: 'time' });
  });
});

describe('the trailing stop', () => {
  it('follows the highest close of the new bars', () => {
    const bars = [bar({ close: 105, high: 109 }), bar({ openTimeMs: 60_000, close: 104 })];
    expect(manage(bars)).toEqual({ kind: 'trail', stopPrice: '102' });
  });

  it('rounds up to the tick', () => {
    const fine = { position: { trailDistance: d('3.005') } };
    expect(manage([bar({ close: 105 })], fine)).toEqual({ kind: 'trail', stopPrice: '102' });
  });

  it('stays for a rise of less than a tenth of its distance', () => {
    expect(manage([bar({ close: 100.29 })])).toEqual({ kind: 'none' });
    expect(manage([bar({ close: 100.3 })])).toEqual({ kind: 'trail', stopPrice: '97.3' });
  });

  it('does not fall with the price', () => {
    expect(manage([bar({ close: 97.5, low: 97.2 })])).toEqual({ kind: 'none' });
  });

  it('leaves a market below the resident stop to that stop', () => {
    expect(manage([bar({ close: 99 }), bar({ openTimeMs: 60_000, close: 95 })])).toEqual({ kind: 'none' });
  });

  it('does not move without a distance', () => {
    expect(manage([bar({ close: 109 })], { position: { trailDistance: null } })).toEqual({ kind: 'none' });
  });
});

it('ignores bars that opened before the position did', () => {
  const later = { position: { openedAtMs: 30_000 }, maxHoldingMs: 0 };
  expect(manage([bar({ high: 120, close: 108 })], later)).toEqual({ kind: 'none' });
});

it('does nothing without news', () => {
  expect(manage([])).toEqual({ kind: 'none' });
});

it('on any market: the stop only rises, on the tick, and rests below the last close', () => {
  let moves = 0;
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 7 }), (seed, batch) => {
      const bars = barsOf(walk(seed, 100));
      let stop = d('95');
      for (let from = 0; from < bars.length; from += batch) {
        const newBars = bars.slice(from, from + batch);
        const action = manage(newBars, { position: { stopPrice: stop, targetPrice: d('1000') } });
        if (action.kind === 'exit') return;
        if (action.kind === 'none') continue;
        moves += 1;
        expect(compare(action.stopPrice, stop)).toBe(1);
        expect(floorTo(action.stopPrice, BTC.tickSize)).toBe(action.stopPrice);
        expect(toNumber(action.stopPrice)).toBeLessThan(newBars.at(-1)?.close ?? 0);
        stop = action.stopPrice;
      }
    }),
  );
  expect(moves).toBeGreaterThan(500);
});
