import { createScoringActivities } from '../../activities/intelligence/scoring';
import type { HeadlineScorer } from '../../adapters/news/port';
import {
  stopSignal,
  strategyProgressQuery,
  taskQueues,
  workflowIds,
  type NewsWatchInput,
} from '../../workflows/contract';
import type { newsWatch, strategy, tradingCycle } from '../../workflows';
import { DEPLOYMENT, STRATEGY } from '../activities/bench';
import { Harness, VENUE, type World } from './harness';
import { JudgedByModel, Mood, RESTED_MS } from './judged-by-models';

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
  const startRound = (change: Partial<NewsWatchInput> = {}) =>
    harness.start<typeof newsWatch>(
      'newsWatch',
      `${workflowIds.newsWatch(world.account)}/${(rounds += 1)}`,
      input(change),
    );
  const round = async (change: Partial<NewsWatchInput> = {}) => (await startRound(change)).result();

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
    expect(await round()).toMatchObject({
      newStories: 1,
      scored: 0,
      moods: [],
      failed: [{ what: 'scoring', why: 'The scorer is away.' }],
    });
    delete world.script.scoreNews;
    expect(await round()).toMatchObject({ newStories: 0, scored: 1, moods: [{ asset: 'BTC' }], failed: [] });
  });

  it('reads the gauges of the real world before anything is judged, and tells of one that is missing', async () => {
    world.news.sources[0].titles = ['Bitcoin has good news'];
    world.script.observeGauges = ({ assets }) =>
      Promise.resolve({ written: assets.length, sources: [{ name: 'fear-greed', error: 'away' }] });
    expect(await round({ gauges: true })).toMatchObject({
      ...{ newStories: 1, missingSources: ['fear-greed'], scored: 1, failed: [] },
    });
    const inOrder = world.calls.map(({ name }) => name).filter((name) => /^(observe|score|write)/.test(name));
    expect(inOrder).toEqual(['observeGauges', 'scoreNews', 'writeMoods']);
  });

  describe('when a model judges headlines', () => {
    const judgedBy = (scorer: HeadlineScorer): void => {
      world.script.scoreNews = createScoringActivities({ ...world.intelligence, scorer }).scoreNews;
    };
    const tell = (title: string): void => {
      const [first] = world.news.sources;
      first.titles = [...first.titles, title];
    };

    it('goes on without one that says nothing, when its time is over', async () => {
      const model = new JudgedByModel({ deadlineMs: 2_000 });
      judgedBy(await model.scorer());
      tell('Bitcoin has good news');
      expect(await round()).toMatchObject({ scored: 1, failed: [] });
      model.mood = Mood.Silent;
      tell('Miners agree on something else entirely');
      expect(await round()).toMatchObject({
        ...{ newStories: 1, scored: 0, moods: [{ asset: 'BTC', score: 0.5 }] },
        failed: [{ what: 'scoring', why: 'The time for the answer is over.' }],
      });
      model.mood = Mood.Answers;
      expect(await round()).toMatchObject({ newStories: 0, scored: 1, failed: [] });
    });

    it('asks nobody when the budget is used up, says so, and keeps what was judged', async () => {
      // Each call may cost a dollar: one of the two is paid for.
      const model = new JudgedByModel({ monthlyBudgetUsd: '1.5' });
      judgedBy(await model.scorer());
      tell('Bitcoin has good news');
      await round();
      tell('Miners agree on something else entirely');
      expect(await round()).toMatchObject({
        ...{ newStories: 1, scored: 0, moods: [{ asset: 'BTC', score: 0.5 }] },
        failed: [
          { what: 'scoring', why: expect.stringMatching(/may cost \$1; of the \$1\.5 of 2026-01/) as string },
        ],
      });
      expect(model.calls).toBe(1);
    });

    it('leaves one alone that has failed several times, until it has rested', async () => {
      const model = new JudgedByModel();
      const scorer = await model.scorer();
      /** A round at which the circuit breaker's library sees this time. */
      const roundAt = (atMs: number) => {
        judgedBy({
          ...scorer,
          score: async (...told) => {
            const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.UTC(2026, 0, 15) + atMs);
            try {
              return await scorer.score(...told);
            } finally {
              clock.mockRestore();
            }
          },
        });
        return round();
      };
      model.mood = Mood.Away;
      tell('Bitcoin has good news');
      const whys = [];
      for (const atMs of [0, 1, 2]) whys.push((await roundAt(atMs)).failed[0]?.why);
      expect(whys).toEqual([
        'The model is away.',
        'The model is away.',
        'scripted has failed several times, and rests.',
      ]);
      model.mood = Mood.Answers;
      expect((await roundAt(RESTED_MS)).failed).toHaveLength(1);
      expect(await roundAt(RESTED_MS + 1)).toMatchObject({ scored: 1, failed: [] });
      expect(model.calls).toBe(3);
    });

    it('writes what it can when there is no inference process, and a cycle decides meanwhile', async () => {
      tell('Bitcoin has good news');
      await round();
      tell('Miners agree on something else entirely');
      const report = await harness.without(taskQueues(VENUE).inference, async () => {
        // The server's clock does not skip while an activity waits for somebody to serve it.
        const handle = await startRound({ scoringMs: 2_000 });
        const { workflowId } = handle;
        const barCloseMs = Math.floor(world.time.nowMs / (5 * MINUTE_MS)) * 5 * MINUTE_MS;
        const cycle = await harness.start<typeof tradingCycle>('tradingCycle', 'cycle/of-the-test', {
          ...{ settings: harness.settings(), session: 's1', barCloseMs },
          ...{ previousBarCloseMs: null, entriesPaused: false },
        });
        expect((await cycle.result()).outcomes).toHaveLength(1);
        expect(await harness.statusOf(workflowId)).toBe('RUNNING');
        await harness.until(async () => (await harness.statusOf(workflowId)) !== 'RUNNING', {
          stepMs: 1_000,
        });
        return handle.result();
      });
      expect(report).toMatchObject({
        ...{ newStories: 1, scored: 0, moods: [{ asset: 'BTC', score: 0.5 }] },
        failed: [{ what: 'scoring', why: 'nobody has done it in time' }],
      });
      expect(await round()).toMatchObject({ newStories: 0, failed: [] });
    });
  });

  // Last: once cycles have run, the clock of the server may not skip any more.
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
    // No model is waited for before.
    const inOrder = world.calls.map(({ name }) => name).filter((name) => /^(find|score|write)/.test(name));
    expect(inOrder).toEqual(['findBreaking', 'scoreNews', 'writeMoods']);
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
