import { MockActivityEnvironment } from '@temporalio/testing';
import { createGaugeActivities, gaugeOpinions } from '../../activities/gauges';
import { createNewsActivities } from '../../activities/news';
import type { Gauge, GaugeReading } from '../../adapters/news/port';
import { GAUGE_RULES } from '../../domain/news/gauges';
import { createBench, type Bench } from './bench';

const HOUR_MS = 3_600_000;
const run = <Result>(work: () => Promise<Result>): Promise<Result> => new MockActivityEnvironment().run(work);

describe('the gauges', () => {
  let bench: Bench;
  let told: readonly GaugeReading[];
  let failure: Error | null;
  const subjectOf = (asset: string): string => `${asset}/USDT:USDT`;
  const gauge: Gauge = {
    ...{ name: 'funding', weight: 2, kind: 'funding', origin: 'binance', subjectOf },
    read: () => (failure === null ? Promise.resolve(told) : Promise.reject(failure)),
  };
  beforeEach(() => {
    bench = createBench();
    [told, failure] = [[], null];
  });
  const deps = () => ({ ...bench.deps, news: { ...bench.news, gauges: [gauge] } });
  const observe = () => run(() => createGaugeActivities(deps()).observeGauges({ assets: ['BTC'] }));
  const reading = (timeMs: number, value: number): GaugeReading => ({
    subject: subjectOf('BTC'),
    timeMs,
    value,
  });
  const rows = () => [...(bench.history.rows.get('binance BTC/USDT:USDT ')?.values() ?? [])];

  it('are written as known when they were told, and nothing of a time to come', async () => {
    const nowMs = bench.time.nowMs;
    told = [reading(nowMs - HOUR_MS, 0.0002), reading(nowMs + HOUR_MS, 0.9)];
    expect(await observe()).toMatchObject({ sources: [{ name: 'funding', error: null }] });
    expect(rows()).toEqual([`${nowMs - HOUR_MS}\t0.0002\t${nowMs}`]);
  });

  it('are missing, and nothing else, when they fail', async () => {
    failure = new Error('The venue is away.');
    expect(await observe()).toEqual({
      written: 0,
      sources: [{ name: 'funding', error: 'The venue is away.' }],
    });
    expect(bench.news.store.health.get('funding')).toMatchObject({
      failures: 1,
      error: 'The venue is away.',
    });
  });

  it('count in a mood by what was known, with their weight, and not when they are old or missing', async () => {
    const { nowMs } = bench.time;
    const known = (timeMs: number, rate: number) => ({
      ...{ length: 1, knownMs: Float64Array.of(timeMs), timeMs: Float64Array.of(timeMs) },
      outputs: { rate: Float64Array.of(rate) },
    });
    const history = {
      write: bench.history.write.bind(bench.history),
      observations: () => Promise.resolve(known(nowMs - HOUR_MS, -0.0004)),
    };
    const asked = { nowMs, answered: new Set(['funding']) };
    const opinion = Math.tanh(-1);
    expect(await gaugeOpinions([gauge], history, 'BTC', asked)).toEqual([
      { name: 'funding', weight: 2, answered: true, told: { opinion, timeMs: nowMs - HOUR_MS } },
    ]);
    const old = { ...history, observations: () => Promise.resolve(known(nowMs - 13 * HOUR_MS, -0.0004)) };
    expect(await gaugeOpinions([gauge], old, 'BTC', asked)).toMatchObject([{ told: null }]);

    const [first, second] = bench.news.sources;
    first.titles = ['Bitcoin has good news'];
    second.failure = 'away';
    const settings = { halfLifeMs: 6 * HOUR_MS, maxAgeMs: 48 * HOUR_MS };
    const news = createNewsActivities({ ...deps(), history });
    await run(() => news.collectNews());
    await bench.news.store.addScores(
      ...([
        'any',
        nowMs,
        [{ storyId: 'Bitcoin has good news', score: { label: 'bullish', sentiment: 0.5 } }],
      ] as const),
    );
    await bench.news.store.recordAnswer('news', 'funding', nowMs, null);
    // Weights 3 and 2 answered, 1 is missing.
    const [mood] = await run(() => news.writeMoods({ assets: ['BTC'], settings }));
    expect(mood?.score).toBeCloseTo((3 * 0.5 + 2 * opinion) / 5);
    expect(mood?.missing).toBeCloseTo(1 / 6);
  });

  it.each([
    ['fear-greed', 0, -1],
    ['fear-greed', 50, 0],
    ['fear-greed', 100, 1],
    ['funding', 0.0001, 0],
    ['funding', 0.0006, Math.tanh(1)],
    ['long-short', 1, 0],
    ['long-short', 3, 0.5],
    ['long-short', 0, -1],
  ] as const)('%s of %d says %d', (kind, value, opinion) => {
    expect(GAUGE_RULES[kind].opinionOf(value)).toBeCloseTo(opinion, 12);
  });
});
