import { NativeConnection, Worker } from '@temporalio/worker';
import { subjectsOf } from '../../domain/news/lexicon';
import type { DemonstrationFeed } from '../../domain/news/demonstration';
import { SIMULATION_START_MS } from '../../emulator/market/simulator';
import { simulatedWire } from '../../emulator/news/simulated-wire';
import type { WireItem } from '../../emulator/news/wire';
import {
  startOptions,
  taskQueues,
  workflowIds,
  type NewsWatchInput,
  type NewsWatchReport,
} from '../../workflows/contract';
import { Instant } from '../crash/harness/moments';
import { startServers, type Servers } from '../crash/harness/servers';
import { waitFor } from '../crash/harness/wait';
import { World } from '../crash/harness/world';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SEED = 1;
const FEEDS: readonly DemonstrationFeed[] = ['wire', 'gazette'];
const LISTENER = { name: 'listener', strategy: 'rsi', symbols: ['BTC/USDT'], timeframe: '1h' };
/** What the feeds tell, by the function that they are served from: the judge. */
const truth = simulatedWire(SEED, ['BTC', 'ETH', 'SOL', 'XRP', 'BNB'], SIMULATION_START_MS);

const ASK = ['GET /news/wire.rss'];
const STORE = ['INSERT INTO news_headlines'];
const NOTE = ['INSERT INTO news_sources'];
const ANNOUNCE = ['SET announced = true'];
const KILLS = [
  ['before a feed is asked', Instant.Ask, ASK],
  ['before its answer arrives', Instant.Asked, ASK],
  ['before headlines are stored', Instant.Write, STORE],
  ['after they are', Instant.Written, STORE],
  ['before a source is known to have answered', Instant.Write, NOTE],
  ['before a story is known to be announced', Instant.Write, ANNOUNCE],
  ['after it is', Instant.Written, ANNOUNCE],
] as const;

/** One alarm of the made-up world after the other, each in a round in which the worker is killed at another instant. */
describe('SIGKILL of the worker in a round of the news', () => {
  let servers: Servers;
  let world: World;
  let alarms: WireItem[];
  let rounds = 0;
  let announced = 0;
  let scoring: { readonly stop: () => Promise<void> };
  /** Everything that the feeds have told in the rounds so far, by feed and id. */
  const told = new Map<string, string>();

  beforeAll(async () => {
    servers = await startServers();
    world = await World.open(servers, {
      ...{ name: 'news', seed: SEED, exchange: { news: true }, strategies: [LISTENER] },
      // No round but those of the test.
      settings: { BALLAST__news__enabled: 'true', BALLAST__news__intervalMs: '86400000' },
    });
    scoring = await serveScoring(servers.temporalAddress);
    const { marketTimeMs } = await world.port.clock();
    alarms = alarmsAfter(marketTimeMs);
  });
  afterAll(async () => {
    await world.close();
    await scoring.stop();
    await servers.close();
  });

  async function round(): Promise<NewsWatchReport> {
    const input: NewsWatchInput = {
      ...{ ...world.account, assets: ['BTC'], mood: { halfLifeMs: 6 * HOUR_MS, maxAgeMs: 48 * HOUR_MS } },
      breaking: { pauseMs: HOUR_MS, strategies: [{ name: LISTENER.name, assets: ['BTC'] }] },
    };
    const handle = await world.client.workflow.start('newsWatch', {
      ...startOptions,
      workflowId: `${workflowIds.newsWatch(world.account.account)}/${(rounds += 1)}`,
      args: [input],
    });
    return (await handle.result()) as NewsWatchReport;
  }

  const kept = async (): Promise<readonly string[]> => {
    const { rows } = await world.pool.query<{ source: string; title: string }>(
      'SELECT source, title FROM news_headlines',
    );
    return rows.map(({ source, title }) => `${source}: ${title}`).sort();
  };

  async function pauses(): Promise<number> {
    const handle = world.client.workflow.getHandle(workflowIds.strategy('main', LISTENER.name));
    const { events } = await handle.fetchHistory();
    const signals = (events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes ?? []);
    return signals.filter(({ signalName }) => signalName === 'pauseForNews').length;
  }

  it.each(KILLS)('%s: nothing is lost, kept twice or announced twice', async (_, instant, words) => {
    const alarm = alarms.shift();
    if (alarm === undefined) throw new Error('The made-up world has run out of alarms.');
    const nowMs = alarm.publishedMs + 1_000;
    await world.exchange.clock({ action: 'advanceTo', toMs: nowMs });
    for (const feed of FEEDS)
      for (const { id, title } of truth.items(feed, nowMs - 48 * HOUR_MS, nowMs))
        told.set(id, `demo-${feed}: ${title}`);
    const killed = world.when(instant, words, (worker) => {
      worker.kill();
      return 'drop';
    });
    const [report] = await Promise.all([round(), killed]);
    expect(report).toMatchObject({ missingSources: [], failed: [], paused: [LISTENER.name] });
    announced += 1;
    expect(await kept()).toEqual([...told.values()].sort());
    expect(await round()).toMatchObject({ newStories: 0, missingSources: [], failed: [], paused: [] });
    expect(await kept()).toEqual([...told.values()].sort());
    // A signal that comes while a killed worker's task is open is written down when that has run out.
    await waitFor('the pause to be told', async () => ((await pauses()) >= announced ? true : undefined));
    expect(await pauses()).toBe(announced);
  });
});

/** Alarms about Bitcoin or the market, far enough apart that each is announced by itself. */
function alarmsAfter(startMs: number): WireItem[] {
  const alarms: WireItem[] = [];
  for (const item of truth.items('wire', startMs, startMs + 60 * DAY_MS)) {
    const { assets, breaking } = subjectsOf(item.title);
    const lastMs = alarms.at(-1)?.publishedMs ?? 0;
    const isOurs = assets.includes('BTC') || assets.includes('CRYPTO');
    if (breaking && isOurs && item.publishedMs - lastMs > 2 * DAY_MS) alarms.push(item);
  }
  return alarms.slice(0, KILLS.length);
}

/** Stands in for the inference process: nobody has an opinion. */
async function serveScoring(address: string): Promise<{ readonly stop: () => Promise<void> }> {
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue: taskQueues('').inference,
    activities: { scoreNews: () => Promise.resolve(0) },
  });
  const running = worker.run();
  return {
    stop: async () => {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
