import { NEWS_ORIGIN } from '../../adapters/history/origins';
import { createNewsStore } from '../../adapters/store/stories';
import { marketTimeAt } from '../../domain/clock';
import {
  startOptions,
  workflowIds,
  type NewsWatchInput,
  type NewsWatchReport,
} from '../../workflows/contract';
import { Instant } from './harness/moments';
import { startServers, type Servers } from './harness/servers';
import { openPosition } from './harness/trading';
import { INFERENCE, type WorkerProcess } from './harness/worker-process';
import { World } from './harness/world';

/** Three parts of the scorer. */
const STORIES = 50;
const HOUR_MS = 3_600_000;

describe('the inference process dies', () => {
  let servers: Servers;
  let world: World;
  let inference: WorkerProcess;
  let rounds = 0;

  beforeAll(async () => {
    servers = await startServers();
    // The stories are written by the test, and judged by a lexicon, which knows no deadline however busy the machine is.
    const settings = { BALLAST__models: JSON.stringify({ roles: { scorer: [] } }) };
    world = await World.open(servers, { name: 'inference', settings });
    inference = await world.startWorker('inference', INFERENCE);
  });
  afterAll(async () => {
    await world.close();
    await servers.close();
  });

  /** Stories of which no two are told in the same words. */
  async function tellStories(name: string): Promise<void> {
    const reading = await world.port.clock();
    const nowMs = Math.floor(marketTimeAt(reading, Date.now()));
    const headlines = Array.from({ length: STORIES }, (_, index) => {
      const words = [1, 2, 3, 4, 5].map((word) => `${name}${index}x${word}`).join(' ');
      return { key: words, title: `Bitcoin ${words} good`, url: null, publishedMs: null };
    });
    const store = createNewsStore(world.pool);
    await store.addHeadlines(NEWS_ORIGIN, 'the test', nowMs, headlines);
  }

  async function startRound(): Promise<() => Promise<NewsWatchReport>> {
    const input: NewsWatchInput = {
      ...world.account,
      assets: ['BTC'],
      mood: { halfLifeMs: 6 * HOUR_MS, maxAgeMs: 48 * HOUR_MS },
      breaking: null,
    };
    const workflowId = `${workflowIds.newsWatch(world.account.account)}/${(rounds += 1)}`;
    const handle = await world.client.workflow.start('newsWatch', {
      ...{ ...startOptions, workflowId, args: [input] },
    });
    return async () => (await handle.result()) as NewsWatchReport;
  }

  const scores = async (): Promise<{ readonly rows: number; readonly stories: number }> => {
    const { rows } = await world.pool.query<{ rows: number; stories: number }>(
      'SELECT count(*)::int AS rows, count(DISTINCT story_id)::int AS stories FROM news_scores',
    );
    return rows[0] ?? { rows: 0, stories: 0 };
  };

  it.each(['SIGKILL', 'SIGABRT'] as const)(
    'of %s in the middle of a batch: the round resumes, each story is judged once, the worker hears nothing of it',
    async (signal) => {
      const position = await openPosition(world, `meanwhile-${signal.toLowerCase()}`);
      const { orders } = await position.untilProtected();
      const [before, starts] = [await scores(), inference.starts];
      await tellStories(signal.toLowerCase());
      const judged = ['INSERT INTO news_scores'];
      let isStruck = false;
      // The first part is written; the second is not any more.
      void world.when(Instant.Written, judged, () => {
        void world.when(Instant.Write, judged, (process) => {
          isStruck = true;
          if (signal === 'SIGKILL') process.kill();
          else process.crash(signal);
          return 'drop';
        });
        return 'pass';
      });
      const result = await startRound();
      expect(await result()).toMatchObject({ failed: [] });
      expect(isStruck).toBe(true);
      expect(await scores()).toEqual({ rows: before.rows + STORIES, stories: before.stories + STORIES });
      expect([world.worker.starts, inference.starts]).toEqual([1, starts + 1]);
      expect((await position.view()).orders).toEqual(orders);
      await world.agreement();
    },
  );

  it('of SIGTERM, in order', async () => {
    expect(await inference.drain()).toMatch(/"draining".*"inference stopped"/s);
  });
});
