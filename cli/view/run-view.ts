import { setTimeout as sleep } from 'node:timers/promises';
import { createExchange } from '../../adapters/exchange/exchange';
import type { ExchangePort } from '../../adapters/exchange/port';
import { createPool } from '../../adapters/store/pool';
import { createNewsStore, type NewsStore } from '../../adapters/store/stories';
import { createViews, type Views } from '../../adapters/store/views';
import { tradedSymbols, type BallastConfig } from '../../config/config';
import { newsPlan } from '../../config/news-plan';
import { processEnvironment } from '../../config/environment';
import { exchangeOptions } from '../context';
import { messageOf } from '../failure';
import { readNewsFacts, type NewsFacts } from '../news-facts';
import { plainLines } from './plain';
import { renderView } from './render';
import { Screen } from './screen';
import {
  EMPTY_JOURNAL,
  EMPTY_MARKET,
  readJournal,
  readMarketPart,
  type JournalPart,
  type MarketPart,
  type ServiceState,
  type Snapshot,
} from './snapshot';

/** The system that is watched. */
export interface Watched {
  readonly config: BallastConfig;
  /** One line: where prices come from. */
  readonly market: string;
  readonly emulatorUrl: string | null;
  readonly states: () => readonly ServiceState[];
  readonly ended: Promise<unknown>;
}

const FRAME_MS = 500;
const PLAIN_MS = 10_000;
/** Reading the journal may take as long as it takes; a new read begins so long after the last one has ended. */
const READ_PAUSE_MS = 500;
const STORIES = 4;
/** News change with their rounds, which are half a minute apart at least. */
const NEWS_EVERY_MS = 5_000;

/** Shows the live view until the system has ended. Without a terminal, or with `plain`, lines are printed instead. */
export async function runView(watched: Watched, { plain }: { readonly plain: boolean }): Promise<void> {
  const reader = await SnapshotReader.open(watched);
  const reading = reader.keepReading();
  let ended = false;
  const end = watched.ended.then(() => {
    ended = true;
  });
  try {
    await (plain ? printLines(reader, () => ended, end) : paintScreen(reader, () => ended, end));
  } finally {
    reader.stop();
    await reading;
    await reader.close();
  }
}

async function paintScreen(
  reader: SnapshotReader,
  hasEnded: () => boolean,
  end: Promise<void>,
): Promise<void> {
  const screen = new Screen(process.stdout);
  const noColour = processEnvironment().env.NO_COLOR;
  const colour = noColour === undefined || noColour === '';
  const repaint = (): void => {
    screen.show(
      renderView(reader.snapshot(), { columns: process.stdout.columns, rows: process.stdout.rows, colour }),
    );
  };
  screen.open();
  process.stdout.on('resize', repaint);
  try {
    while (!hasEnded()) {
      repaint();
      await Promise.race([sleep(FRAME_MS), end]);
    }
  } finally {
    process.stdout.off('resize', repaint);
    screen.close();
  }
}

async function printLines(
  reader: SnapshotReader,
  hasEnded: () => boolean,
  end: Promise<void>,
): Promise<void> {
  const told = new Set<string>();
  while (!hasEnded()) {
    for (const line of plainLines(reader.snapshot(), told)) process.stdout.write(`${line}\n`);
    await Promise.race([sleep(PLAIN_MS), end]);
  }
}

/** Reads the journal and the market side by side, over and over; whatever does not answer keeps its last picture. */
class SnapshotReader {
  private journal: JournalPart = EMPTY_JOURNAL;
  private market: MarketPart = EMPTY_MARKET;
  private readonly problems = new Map<string, string>();
  private stopped = false;
  private newsReadMs = 0;

  private constructor(
    private readonly watched: Watched,
    private readonly views: Views,
    private readonly exchange: ExchangePort,
    private readonly news: NewsStore,
    readonly close: () => Promise<void>,
  ) {}

  static async open(watched: Watched): Promise<SnapshotReader> {
    const { config } = watched;
    const url = config.postgres.url?.reveal() ?? '';
    const pool = createPool({
      url,
      applicationName: 'ballast-view',
      maxConnections: 3,
      onConnectionError: () => undefined,
    });
    const exchange = await createExchange(exchangeOptions(config));
    return new SnapshotReader(watched, createViews(pool), exchange, createNewsStore(pool), async () => {
      await Promise.allSettled([exchange.close(), pool.end()]);
    });
  }

  async keepReading(): Promise<void> {
    const { config } = this.watched;
    const symbols = tradedSymbols(config);
    await Promise.all([
      this.repeat('The journal does not answer', async () => {
        this.journal = await readJournal(this.views, config.account.name, (session) =>
          this.readNews(session),
        );
      }),
      this.repeat('The exchange does not answer', async () => {
        this.market = await readMarketPart(this.exchange, symbols);
      }),
    ]);
  }

  private async readNews(session: string | null): Promise<NewsFacts | null> {
    const { config } = this.watched;
    if (newsPlan(config).of === 'nothing') return null;
    const nowMs = performance.now();
    if (this.journal.news === null || nowMs - this.newsReadMs > NEWS_EVERY_MS) {
      this.newsReadMs = nowMs;
      return await readNewsFacts(this.news, config, { session, sinceMs: 0, limit: STORIES });
    }
    return this.journal.news;
  }

  stop(): void {
    this.stopped = true;
  }

  private async repeat(problem: string, read: () => Promise<void>): Promise<void> {
    while (!this.stopped) {
      try {
        await read();
        this.problems.delete(problem);
      } catch (error) {
        this.problems.set(problem, messageOf(error));
      }
      await sleep(READ_PAUSE_MS);
    }
  }

  snapshot(): Snapshot {
    const { config, market, emulatorUrl, states } = this.watched;
    const services = states();
    const [problem] = this.problems;
    const { uiUrl } = config.temporal;
    return {
      ...this.journal,
      ...this.market,
      wallTimeMs: Date.now(),
      mode: config.mode,
      market,
      services,
      links: [
        ...(uiUrl === undefined ? [] : [{ name: 'Web UI', url: uiUrl }]),
        ...(emulatorUrl === null ? [] : [{ name: 'exchange', url: emulatorUrl }]),
      ],
      problem: problemOf(services, problem),
    };
  }
}

/** While everything is being stopped, services that do not answer are no news. */
function problemOf(
  services: readonly ServiceState[],
  problem: readonly [string, string] | undefined,
): string | null {
  if (services.some(({ phase }) => phase === 'stopping' || phase === 'stopped')) {
    return 'Stopping in order; the next `ballast up` carries on from here.';
  }
  return problem === undefined ? null : problem.join(': ');
}
