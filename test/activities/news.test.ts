import { MockActivityEnvironment } from '@temporalio/testing';
import { createScoringActivities } from '../../activities/intelligence/scoring';
import { createNewsActivities } from '../../activities/news';
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
});
