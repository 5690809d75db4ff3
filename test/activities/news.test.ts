import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createScoringActivities } from '../../activities/intelligence/scoring';
import { createNewsActivities } from '../../activities/news';
import { ModelFailure, ModelFailureKind } from '../../adapters/llm/failure';
import { createBench, type Bench } from './bench';

const HOUR_MS = 3_600_000;
const settings = { halfLifeMs: 6 * HOUR_MS, maxAgeMs: 48 * HOUR_MS };
const run = <Result>(work: () => Promise<Result>): Promise<Result> => new MockActivityEnvironment().run(work);

describe('the activities of the news', () => {
  let bench: Bench;
  const news = () => createNewsActivities(bench.deps);
  const scoreNews = () => run(() => createScoringActivities(bench.intelligence).scoreNews(settings));
  const moods = () => run(() => news().writeMoods({ assets: ['BTC', 'ETH'], settings }));
  beforeEach(() => {
    bench = createBench();
  });
  const round = async () => {
    const collected = await run(() => news().collectNews());
    return { ...collected, scored: await scoreNews(), moods: await moods() };
  };

  it('merge what two sources tell, and write a mood where decisions read it', async () => {
    const [first, second] = bench.news.sources;
    first.titles = ['Bitcoin sees good inflows into funds this week', 'Bitcoin says nothing at all today'];
    second.titles = ['Bitcoin sees good inflows into funds this week - Second'];
    expect(await round()).toMatchObject({
      ...{ newStories: 2, scored: 1 },
      sources: [{ error: null }, { error: null }],
      moods: [{ asset: 'BTC', score: 0.5, trend: null, missing: 0, stories: 1 }],
    });
    const [row] = [...(bench.history.rows.get('news BTC ')?.values() ?? [])];
    expect(row?.split('\t')[1]).toBe('0.5');
    expect(bench.history.rows.has('news ETH ')).toBe(false);
  });

  it('count a source that fails as missing, and ask it with what it gave when it answered', async () => {
    const [first, second] = bench.news.sources;
    first.titles = ['Bitcoin has good news'];
    second.titles = ['Bitcoin has bad news about something else entirely'];
    await round();
    first.failure = 'The source is away.';
    bench.time.nowMs += HOUR_MS;
    const told = await round();
    expect(told.sources).toEqual([
      { name: 'first', error: 'The source is away.' },
      { name: 'second', error: null },
    ]);
    // What the missing one told before does not count, and is not taken for neutral.
    expect(told.moods).toMatchObject([{ score: -0.5, missing: 0.75 }]);
    first.failure = null;
    expect((await round()).moods).toMatchObject([{ missing: 0, score: 0.25 }]);
    expect(first.asked.map(({ etag }) => etag)).toEqual([null, '"1"', '"1"']);
  });

  it('ask for the same headlines again when the worker died before they were written', async () => {
    const [first] = bench.news.sources;
    first.titles = ['Bitcoin has good news'];
    const add = bench.news.store.addHeadlines.bind(bench.news.store);
    bench.news.store.addHeadlines = () => Promise.reject(new Error('The database is away.'));
    await run(() => news().collectNews());
    bench.news.store.addHeadlines = add;
    expect((await round()).newStories).toBe(1);
    expect(first.asked.map(({ etag }) => etag)).toEqual([null, null]);
  });

  it('keep the news of a made-up market to its session', async () => {
    bench.news.sources[0].titles = ['Bitcoin has good news'];
    const activities = createNewsActivities({
      ...bench.deps,
      news: { ...bench.news, market: 'made-up' },
    });
    await run(() => activities.collectNews());
    await run(() =>
      createScoringActivities({ ...bench.intelligence, market: 'made-up' }).scoreNews(settings),
    );
    await run(() => activities.writeMoods({ assets: ['BTC'], settings }));
    expect([...bench.history.rows.keys()]).toEqual(['session s1 BTC ']);
  });

  describe('judge headlines part by part', () => {
    /** Stories of which no two are told in the same words. */
    const tellStories = async (count: number): Promise<void> => {
      bench.news.sources[0].titles = Array.from(
        { length: count },
        (_, index) => `Bitcoin good ${[1, 2, 3, 4].map((word) => `w${index}x${word}`).join(' ')}`,
      );
      await run(() => news().collectNews());
    };
    const judged = () => [...bench.news.store.told.values()].filter(({ scored }) => scored).length;
    const asked: string[] = [];
    const scoring = (fail: (signal: AbortSignal) => Promise<never> | null) =>
      createScoringActivities({
        ...bench.intelligence,
        scorer: {
          name: 'by word',
          score: async (headlines, signal) => {
            const failure = fail(signal);
            if (failure !== null) return failure;
            asked.push(...headlines);
            return bench.news.scorer.score(headlines, signal);
          },
        },
      });
    beforeEach(() => (asked.length = 0));

    it('so that one that dies leaves only its last part to be judged again', async () => {
      await tellStories(50);
      const dying = scoring(() => (asked.length === 0 ? null : Promise.reject(new Error('dies'))));
      await expect(run(() => dying.scoreNews(settings))).rejects.toThrow('dies');
      expect(judged()).toBe(20);
      expect(await run(() => scoring(() => null).scoreNews(settings))).toBe(30);
      expect(new Set(asked).size).toBe(asked.length);
    });

    it('and begins no part when there has been time enough', async () => {
      await tellStories(50);
      const slow = scoring(() => {
        bench.time.nowMs += 20_000;
        return null;
      });
      expect(await run(() => slow.scoreNews(settings))).toBe(40);
      expect(await run(() => scoring(() => null).scoreNews(settings))).toBe(10);
    });

    it('once, where a model cannot be asked: the manager has tried all that is worth trying', async () => {
      await tellStories(1);
      const failure = new ModelFailure(ModelFailureKind.OverBudget, 'The budget is used up.');
      const poor = scoring(() => Promise.reject(failure));
      await expect(run(() => poor.scoreNews(settings))).rejects.toMatchObject({
        ...{ nonRetryable: true, message: 'The budget is used up.', type: 'Model/over-budget' },
      });
      expect(judged()).toBe(0);
    });

    it('again, those that nobody could be asked about', async () => {
      await tellStories(2);
      const halfway = createScoringActivities({
        ...bench.intelligence,
        scorer: { name: 'by word', score: () => Promise.resolve([null, undefined]) },
      });
      expect(await run(() => halfway.scoreNews(settings))).toBe(0);
      expect(judged()).toBe(1);
      expect(await run(() => scoring(() => null).scoreNews(settings))).toBe(1);
    });

    it('and end the call of a model when they are cancelled', async () => {
      await tellStories(1);
      const environment = new MockActivityEnvironment();
      const hanging = scoring(
        (signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reject(new ModelFailure(ModelFailureKind.Cancelled, 'ended'));
            });
            environment.cancel('WORKER_SHUTDOWN');
          }),
      );
      await expect(environment.run(() => hanging.scoreNews(settings))).rejects.toThrow(CancelledFailure);
      expect(judged()).toBe(0);
    });
  });
});
