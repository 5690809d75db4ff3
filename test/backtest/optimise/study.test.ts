import { createStudy, type StudySetup } from '../../../backtest/optimise/study';
import { search, searchAtOnce, type SearchPlan } from '../../../backtest/optimise/search';
import type { Point } from '../../../backtest/optimise/space';
import { runBacktest } from '../../../backtest/backtest';
import { barsBetween } from '../../../domain/bar-columns';
import { findStrategy } from '../../../domain/strategies/registry';
import { observedBetween } from '../../domain/fixtures';
import { COIN } from '../support';
import { BARS, bars, emaSetup, PERIOD } from './setup';

const HOUR_MS = 3_600_000;
const setup = emaSetup;
const ema = findStrategy('ema-cross');
const period = PERIOD;
const point = { fast: 5, slow: 20 };

describe('a study', () => {
  it('is the backtest of the same parameters over the same period', () => {
    const study = createStudy(ema, setup);
    const direct = runBacktest({
      markets: [{ instrument: COIN, timeframe: '1h', bars: barsBetween(bars, 0, period.toMs) }],
      runs: [
        {
          name: 'ema-cross',
          strategy: ema.parse({ ...setup.fixed, ...point }),
          symbols: setup.symbols,
          maxHoldingBars: null,
        },
      ],
      ...{ rules: setup.rules, startingBalance: setup.startingBalance, tradeFromMs: period.fromMs },
    });
    const mine = study.run(point, period);
    expect(direct.trades.length).toBeGreaterThan(5);
    expect(mine).toEqual(direct);
    expect(mine.trades.every(({ openTimeMs }) => openTimeMs >= period.fromMs)).toBe(true);
    expect(mine.endMs).toBe(period.toMs);
  });

  it('tells the metrics of the period alone', () => {
    const study = createStudy(ema, setup);
    const { score, metrics } = study.tryPoint(point, period);
    const { finalEquity, trades } = study.run(point, period);
    expect(metrics).toMatchObject({ trades: trades.length, finalBalance: finalEquity });
    expect(score).toBeCloseTo(finalEquity / 10_000 - 1, 12);
  });

  it('has no score with too few trades, and more of a drawdown is worse', () => {
    const trades = createStudy(ema, setup).run(point, period).trades.length;
    const scoreWith = (change: Partial<StudySetup>) =>
      createStudy(ema, { ...setup, ...change }).tryPoint(point, period);
    expect(scoreWith({ minTrades: trades + 1 }).score).toBeNull();
    expect(scoreWith({ minTrades: trades }).score).not.toBeNull();
    const fallen = scoreWith({ objective: 'maxDrawdown' });
    expect(fallen.score).toBe(-(fallen.metrics.maxDrawdown ?? NaN));
  });

  it('has its entries filtered', () => {
    const tradesWith = (change: Partial<StudySetup>): number =>
      createStudy(ema, { ...setup, ...change }).run(point, period).trades.length;
    const regime = { period: 5, window: 50, lowBelow: 50, highFrom: 50 };
    const filters = (regimes: readonly string[]) => [{ id: 'regime', parameters: { ...regime, regimes } }];
    const [low, high] = [
      tradesWith({ filters: filters(['low']) }),
      tradesWith({ filters: filters(['high']) }),
    ];
    expect(Math.min(low, high)).toBeGreaterThan(0);
    expect(Math.max(low, high)).toBeLessThan(tradesWith({}));
  });

  it('shows its strategies what was observed, and nothing where nothing was', () => {
    const mood = { kind: 'mood', subject: 'COIN' } as const;
    const observations = [
      { ...mood, observations: observedBetween(period.fromMs, period.toMs, HOUR_MS)(mood) },
    ];
    const tradesWith = (change: Partial<StudySetup>): number =>
      createStudy(findStrategy('news-event'), { ...setup, fixed: {}, ...change }).run({}, period).trades
        .length;
    expect(tradesWith({ observations })).toBeGreaterThan(5);
    expect(tradesWith({})).toBe(0);
  });

  it('computes what trials have in common once, for all periods, and the same as anew', () => {
    const shared = createStudy(ema, setup);
    const anew = createStudy(ema, setup, 0);
    for (const slow of [20, 30, 40])
      for (const toMs of [period.toMs, period.toMs + 100 * HOUR_MS])
        expect(shared.tryPoint({ fast: 5, slow }, { ...period, toMs })).toEqual(
          anew.tryPoint({ fast: 5, slow }, { ...period, toMs }),
        );
    expect(shared.indicators).toMatchObject({ misses: 4, hits: 8 });
    expect(anew.indicators).toMatchObject({ misses: 12, hits: 0, bytes: 0 });
  });

  it('takes over what another has computed of the same bars, and passes it on in shared memory', () => {
    const [first, second] = [createStudy(ema, setup), createStudy(ema, setup)];
    const result = first.tryPoint({ fast: 5, slow: 20 }, period);
    const fresh = first.exchange.fresh();
    expect(fresh).toHaveLength(2);
    expect(
      fresh.every(({ outputs }) => outputs.every(({ buffer }) => buffer instanceof SharedArrayBuffer)),
    ).toBe(true);
    expect(first.exchange.fresh()).toEqual([]);
    second.exchange.adopt(fresh);
    expect(second.tryPoint({ fast: 5, slow: 20 }, period)).toEqual(result);
    expect(second.indicators).toMatchObject({ misses: 0, hits: 2 });
    expect(second.exchange.fresh()).toEqual([]);
  });

  it('keeps no more results than there is room for, and forgets the oldest', () => {
    const study = createStudy(ema, setup, 2 * 8 * BARS);
    for (const slow of [20, 30, 20]) study.tryPoint({ fast: 5, slow }, period);
    expect(study.indicators).toEqual({ misses: 4, hits: 2, bytes: 2 * 8 * BARS });
  });
});

describe('a search', () => {
  const study = createStudy(ema, setup);
  const space = {
    fast: { kind: 'int', low: 5, high: 12 },
    slow: { kind: 'int', low: 8, high: 40 },
  } as const;
  const plan: SearchPlan = { space, method: 'tpe', trials: 50, seed: 7, batch: 8 };
  const options = {
    allows: (one: Point) => study.allows(one),
    evaluate: (one: Point) => study.tryPoint(one, period),
  };
  const run = (change: Partial<SearchPlan> = {}) => search({ ...plan, ...change }, options);

  it.each(['random', 'tpe'] as const)(
    '%s: what the schema refuses and what is known is no trial',
    (method) => {
      const { trials, best, passedOver } = run({ method });
      expect(trials).toHaveLength(50);
      expect(trials.map(({ number }) => number)).toEqual(trials.map((_, index) => index));
      expect(trials.filter(({ point: { fast, slow } }) => !(Number(fast) < Number(slow)))).toEqual([]);
      expect(new Set(trials.map(({ point: one }) => JSON.stringify(one))).size).toBe(50);
      expect(best?.score).toBe(Math.max(...trials.map(({ score }) => score ?? -Infinity)));
      expect(passedOver).toBe((trials.at(-1)?.draw ?? 0) + 1 - 50);
      expect(passedOver).toBeGreaterThan(0);
    },
  );

  it('ends when a small space has been tried out', () => {
    const small = { fast: { kind: 'int', low: 5, high: 7 }, slow: { kind: 'int', low: 6, high: 8 } } as const;
    // (5,6) (5,7) (5,8) (6,7) (6,8) (7,8)
    for (const method of ['grid', 'random', 'tpe'] as const)
      expect(run({ space: small, method }).trials).toHaveLength(6);
  });

  it('finds nothing where nothing is allowed', () => {
    const none = { fast: { kind: 'int', low: 9, high: 9 }, slow: { kind: 'int', low: 5, high: 9 } } as const;
    expect(run({ space: none })).toEqual({ trials: [], best: null, passedOver: 0 });
  });

  it.each(['random', 'tpe'] as const)(
    '%s: makes the same trials whoever tries them and in whichever order they end',
    async (method) => {
      const changed = { ...plan, method };
      const atOnce = await searchAtOnce(changed, {
        allows: (one) => study.allows(one),
        evaluate: async (one) => {
          // The later ones of a batch end first.
          for (let turn = 0; turn < Number(one.slow) % 7; turn += 1) await Promise.resolve();
          return study.tryPoint(one, period);
        },
      });
      expect(atOnce).toEqual(run({ method }));
      expect(run({ method, seed: 8 })).not.toEqual(atOnce);
    },
  );

  it('depends on the size of its batches only when it learns', () => {
    expect(run({ method: 'random', batch: 1 })).toEqual(run({ method: 'random', batch: 600 }));
    expect(run({ method: 'tpe', batch: 1 })).not.toEqual(run({ method: 'tpe', batch: 25 }));
  });

  it('is told what went wrong with a trial', async () => {
    await expect(
      searchAtOnce(plan, { allows: () => true, evaluate: () => Promise.reject(new Error('broken')) }),
    ).rejects.toThrow('broken');
  });

  it.each([{ trials: 0 }, { batch: 0.5 }])('refuses %j', (change) => {
    expect(() => run(change)).toThrow(RangeError);
  });
});
