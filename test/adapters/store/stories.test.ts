import { createNewsStore, type NewsStore } from '../../../adapters/store/stories';
import { createBench, type Bench } from './support';

const NOW_MS = 1_763_700_000_000;
const ALL = { sinceMs: 0, limit: 100 };
const headline = (title: string, key = title, publishedMs: number | null = null) => ({
  ...{ key, title, url: null, publishedMs },
});

describe('stored news', () => {
  let bench: Bench;
  let store: NewsStore;
  beforeAll(async () => {
    bench = await createBench(4);
    store = createNewsStore(bench.pool);
  });
  afterAll(() => bench.close());

  it('keep each headline once, as it was known first, whoever tells it again', async () => {
    const title = 'BREAKING: bitcoin exchange halts withdrawals after hack';
    const add = (source: string, atMs: number, ...titles: readonly string[]) =>
      store.addHeadlines(
        'once',
        source,
        atMs,
        titles.map((one) => headline(one, 'k', NOW_MS + 5_000)),
      );
    // Two at once, and again later by another source with its name behind it.
    const both = await Promise.all([add('a', NOW_MS, title), add('a', NOW_MS, title)]);
    expect(both.sort()).toEqual([0, 1]);
    expect(await add('b', NOW_MS + 10_000, `${title} - The B`)).toBe(0);
    expect(await add('a', NOW_MS + 20_000, title)).toBe(0);
    const stories = await store.stories('once', 'any', ALL);
    expect(stories).toMatchObject([
      {
        ...{ title, knownMs: NOW_MS, timeMs: NOW_MS, assets: ['BTC'], topics: ['hack', 'exchange'] },
        ...{ breaking: true, sources: ['a', 'b'], label: null, sentiment: null },
      },
    ]);
    // A correction is news, known since it was made.
    expect(await add('a', NOW_MS + 30_000, 'Correction: nothing of the kind has happened')).toBe(1);
    expect(await store.stories('other', 'any', ALL)).toEqual([]);
  });

  it('keep what a scorer answered first, no answer included', async () => {
    await store.addHeadlines('scores', 'a', NOW_MS, [headline('Bitcoin one'), headline('Ether two')]);
    const stories = await store.unscored('scores', 'vader', ALL);
    expect(stories.map(({ title }) => title).sort()).toEqual(['Bitcoin one', 'Ether two']);
    const answer = (sentiment: number) =>
      stories.map(({ storyId }, at) => ({
        storyId,
        score: at === 0 ? { label: 'bullish' as const, sentiment } : null,
      }));
    await store.addScores('vader', NOW_MS, answer(0.5));
    await store.addScores('vader', NOW_MS + 1, answer(-0.5));
    expect(await store.unscored('scores', 'vader', ALL)).toEqual([]);
    expect(await store.unscored('scores', 'model', ALL)).toHaveLength(2);
    const known = await store.stories('scores', 'vader', ALL);
    expect(known.map(({ sentiment }) => sentiment).sort()).toEqual([0.5, null]);
  });

  it('tell how the sources do, and what to ask them with', async () => {
    await store.recordAnswer('health', 'a', 1, { etag: '"v"', lastModified: null });
    await store.recordFailure('health', 'a', 2, 'away');
    await store.recordFailure('health', 'a', 3, 'still away');
    await store.recordFailure('health', 'b', 3, 'never there');
    const a = { source: 'a', triedMs: 3, answeredMs: 1, failures: 2, error: 'still away', etag: '"v"' };
    expect(await store.sources('health')).toMatchObject([a, { source: 'b', answeredMs: null, failures: 1 }]);
    await store.recordAnswer('health', 'a', 4, null);
    expect((await store.sources('health'))[0]).toMatchObject({ failures: 0, error: null, etag: '"v"' });
  });

  it('tell of a breaking story until it has been announced', async () => {
    await store.addHeadlines('alarm', 'a', NOW_MS, [
      headline('Solana bridge hacked'),
      headline('All is well'),
    ]);
    expect(await store.unannounced('alarm', NOW_MS + 1)).toEqual([]);
    const stories = await store.unannounced('alarm', NOW_MS);
    expect(stories.map(({ title }) => title)).toEqual(['Solana bridge hacked']);
    await store.markAnnounced(stories.map(({ storyId }) => storyId));
    expect(await store.unannounced('alarm', NOW_MS)).toEqual([]);
  });

  it('keep how each mood came about', async () => {
    const mood = {
      ...{ asset: 'BTC', knownMs: NOW_MS, scorer: 'vader', score: 0.25, timeMs: NOW_MS - 5, breaking: false },
      ...{ stories: 3, missing: 0.5, silent: 0, trend: null },
    };
    const later = { ...mood, knownMs: NOW_MS + 1, trend: -0.1 };
    await store.addMoods('moods', [mood, later]);
    await store.addMoods('moods', [{ ...mood, score: 1 }]);
    expect(await store.moods('moods', 'BTC', 5)).toEqual([later, mood]);
  });
});
