import {
  stopSignal,
  strategyProgressQuery,
  workflowIds,
  type NewsWatchInput,
} from '../../workflows/contract';
import type { newsWatch, strategy } from '../../workflows';
import { DEPLOYMENT, STRATEGY } from '../activities/bench';
import { Harness, VENUE, type World } from './harness';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('the watch of the news', () => {
  let harness: Harness;
  let world: World;
  beforeAll(async () => {
    harness = await Harness.start();
  });
  afterAll(() => harness.shutdown());
  beforeEach(async () => {
    world = await harness.newWorld();
  });

  const input = (change: Partial<NewsWatchInput> = {}): NewsWatchInput => ({
    ...{ deployment: DEPLOYMENT, account: world.account, venue: VENUE, assets: ['BTC'] },
    mood: { halfLifeMs: 6 * HOUR_MS, maxAgeMs: 48 * HOUR_MS },
    breaking: null,
    ...change,
  });
  let rounds = 0;
  const round = async (change: Partial<NewsWatchInput> = {}) => {
    const id = `${workflowIds.newsWatch(world.account)}/${(rounds += 1)}`;
    return (await harness.start<typeof newsWatch>('newsWatch', id, input(change))).result();
  };

  it('goes on with the sources that answer, and tells which did not', async () => {
    const [first, second] = world.news.sources;
    first.titles = ['Bitcoin has good news'];
    second.failure = 'away';
    expect(await round()).toMatchObject({
      ...{ newStories: 1, missingSources: ['second'], scored: 1, paused: [], failed: [] },
      moods: [{ asset: 'BTC', score: 0.5, missing: 0.25 }],
    });
  });

  it('leaves a step that fails to the next round, and does the others', async () => {
    world.news.sources[0].titles = ['Bitcoin has good news'];
    world.script.scoreNews = () => Promise.reject(new Error('The scorer is away.'));
    expect(await round()).toMatchObject({ newStories: 1, scored: 0, moods: [], failed: ['scoring'] });
    delete world.script.scoreNews;
    expect(await round()).toMatchObject({ newStories: 0, scored: 1, moods: [{ asset: 'BTC' }], failed: [] });
  });

  it('pauses the entries of a strategy for a breaking story about what it trades, for a time', async () => {
    const id = workflowIds.strategy(world.account, STRATEGY);
    interface Told {
      readonly strategy: string;
      readonly barCloseMs: number;
      readonly entriesPaused: boolean;
    }
    const cycles = (of: string = STRATEGY) =>
      world.calls
        .flatMap(({ name, input: told }) => (name === 'evaluateStrategy' ? [told as Told] : []))
        .filter(({ strategy: name }) => name === of);
    const handle = await harness.start<typeof strategy>('strategy', id, { settings: harness.settings() });
    // One that is not concerned, though it trades all the same.
    const otherId = workflowIds.strategy(world.account, 'other');
    const settings = harness.settings({ name: 'other' });
    const other = await harness.start<typeof strategy>('strategy', otherId, { settings });
    await harness.until(() => cycles('other').length > 0 && cycles().length > 0, {
      ...{ stepMs: MINUTE_MS, limitMs: 20 * MINUTE_MS },
    });
    const breaking = {
      pauseMs: 10 * MINUTE_MS,
      strategies: [
        { name: STRATEGY, assets: ['BTC'] },
        { name: 'other', assets: ['ETH'] },
        { name: 'gone', assets: ['BTC'] },
      ],
    };
    world.news.sources[0].titles = ['Bitcoin exchange hacked'];
    expect(await round({ breaking })).toMatchObject({ paused: [STRATEGY] });
    // It is told once.
    expect(await round({ breaking })).toMatchObject({ paused: [] });
    const { mode, newsPause } = await handle.query(strategyProgressQuery);
    expect({ mode, reason: newsPause?.reason }).toEqual({
      ...{ mode: 'running', reason: 'breaking: Bitcoin exchange hacked' },
    });
    const untilMs = newsPause?.untilMs ?? 0;
    const isOver = () => cycles().some(({ barCloseMs }) => barCloseMs > untilMs);
    await harness.until(isOver, { stepMs: MINUTE_MS, limitMs: 40 * MINUTE_MS });
    const since = cycles().filter(({ barCloseMs }) => barCloseMs > untilMs - 10 * MINUTE_MS);
    expect(since.length).toBeGreaterThanOrEqual(3);
    expect(since.map(({ entriesPaused }) => entriesPaused)).toEqual(
      since.map(({ barCloseMs }) => barCloseMs < untilMs),
    );
    // Nothing has ended it, and the other one has never heard of it.
    expect((await handle.query(strategyProgressQuery)).newsPause).toEqual(newsPause);
    expect((await other.query(strategyProgressQuery)).newsPause).toBeUndefined();
    expect(cycles('other').some(({ entriesPaused }) => entriesPaused)).toBe(false);
    await other.signal(stopSignal, { by: 'test', reason: 'it is over', flatten: false });
  });
});
