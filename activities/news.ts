import { Context } from '@temporalio/activity';
import { moodKey, moodRows } from '../adapters/history/rows';
import type { Gauge, HeadlineScorer, NewsSource } from '../adapters/news/port';
import type { NewsStore, StoredMood, StoredStory } from '../adapters/store/stories';
import { combineMood, moodTrend, type MoodSettings, type MoodStory } from '../domain/news/mood';
import { MARKET_SUBJECT } from '../domain/observations';
import type { ActivityDeps } from './deps';
import { gaugeOpinions } from './gauges';
import { newsTime } from './news-time';

/** News as they are configured. */
export interface NewsDesk {
  readonly sources: readonly NewsSource[];
  /** Whose judgement moods rest on. Judging is done elsewhere, by a process of its own (`intelligence/scoring.ts`). */
  readonly scorer: Pick<HeadlineScorer, 'name'>;
  readonly store: NewsStore;
  /** Whose news these are: the real world's, or those of the session of a market that the world says nothing about. */
  readonly market: 'real' | 'made-up';
  /** Numbers that count in moods beside the headlines. */
  readonly gauges: readonly Gauge[];
}

export interface CollectedNews {
  readonly newStories: number;
  /** Why a source could not be read; null when it answered. */
  readonly sources: readonly { readonly name: string; readonly error: string | null }[];
}

export interface WriteMoodsInput {
  readonly assets: readonly string[];
  readonly settings: MoodSettings;
}

/** An asset without a mood is not among them: nobody has an opinion. */
export type ToldMood = Pick<StoredMood, 'asset' | 'score' | 'trend' | 'missing' | 'stories' | 'breaking'>;

export interface BreakingStory {
  readonly storyId: string;
  readonly title: string;
  readonly assets: readonly string[];
  readonly knownMs: number;
}

/** Stories that one mood may rest on. */
const MAX_STORIES = 1_000;
/** Moods that a trend is made of, the new one included. */
const TREND_OVER = 12;
/** How much a story about the market as a whole is about an asset. */
const MARKET_RELEVANCE = 0.5;

/** Nothing here is waited for by anybody who trades, and every write can be repeated. */
export function createNewsActivities({
  news,
  clock,
  history,
}: Pick<ActivityDeps, 'news' | 'clock' | 'history'>) {
  const { sources, scorer, store, market, gauges } = news;

  const now = () => newsTime(clock, market);

  async function collect(source: NewsSource, origin: string, nowMs: number) {
    const health = (await store.sources(origin)).find((one) => one.source === source.name);
    const known = { etag: health?.etag ?? null, lastModified: health?.lastModified ?? null };
    try {
      const answer = await source.read(known, nowMs, Context.current().cancellationSignal);
      if (answer.kind === 'unchanged') {
        await store.recordAnswer(origin, source.name, nowMs, null);
        return { name: source.name, error: null, stories: 0 };
      }
      // The validators last: with them the source would not tell again what was not written.
      const stories = await store.addHeadlines(origin, source.name, nowMs, answer.headlines);
      await store.recordAnswer(origin, source.name, nowMs, answer.validators);
      return { name: source.name, error: null, stories };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      await store.recordFailure(origin, source.name, nowMs, message);
      return { name: source.name, error: message, stories: 0 };
    }
  }

  return {
    /** Asks every source. One that fails is noted, and missing. */
    async collectNews(): Promise<CollectedNews> {
      const { origin, nowMs } = await now();
      const read = await Promise.all(sources.map((source) => collect(source, origin, nowMs)));
      return {
        newStories: read.reduce((sum, { stories }) => sum + stories, 0),
        sources: read.map(({ name, error }) => ({ name, error })),
      };
    },

    /** Combines what is known into a mood for each asset, and writes it where decisions read it. */
    async writeMoods({ assets, settings }: WriteMoodsInput): Promise<readonly ToldMood[]> {
      const { origin, nowMs } = await now();
      const range = { sinceMs: nowMs - settings.maxAgeMs, limit: MAX_STORIES };
      const [stories, health] = await Promise.all([
        store.stories(origin, scorer.name, range),
        store.sources(origin),
      ]);
      const answered = new Set(health.filter(({ failures }) => failures === 0).map(({ source }) => source));
      const asked = sources.map(({ name, weight }) => ({ name, weight, answered: answered.has(name) }));
      const moods: StoredMood[] = [];
      for (const asset of assets) {
        const about = stories.map((story) => relevantTo(asset, story));
        const numbers = await gaugeOpinions(gauges, history, asset, { nowMs, answered });
        const mood = combineMood(asked, about, settings, nowMs, numbers);
        if (mood === null) continue;
        const { score, timeMs, breaking, stories: count, missing, silent } = mood;
        const before = await store.moods(origin, asset, TREND_OVER - 1);
        const trend = moodTrend([...before.map((one) => one.score).reverse(), score]);
        const told = { score, timeMs, breaking, stories: count, missing, silent, trend };
        moods.push({ asset, knownMs: nowMs, scorer: scorer.name, ...told });
        await history.write(moodKey(asset, origin), moodRows([{ knownMs: nowMs, timeMs, score, breaking }]));
      }
      await store.addMoods(origin, moods);
      return moods.map(({ asset, score, trend, missing, stories: count, breaking }) => ({
        ...{ asset, score, trend, missing, stories: count, breaking },
      }));
    },

    /** Breaking stories, known and told of as at most `withinMs` old, of which nobody has been told. */
    async findBreaking({ withinMs }: { readonly withinMs: number }): Promise<readonly BreakingStory[]> {
      const { origin, nowMs } = await now();
      const stories = await store.unannounced(origin, nowMs - withinMs);
      // What has been known for a moment may have happened long ago: nobody pauses for yesterday's.
      const young = stories.filter(({ timeMs }) => timeMs >= nowMs - withinMs);
      return young.map(({ storyId, title, assets, knownMs }) => ({ storyId, title, assets, knownMs }));
    },

    async markAnnounced({ storyIds }: { readonly storyIds: readonly string[] }): Promise<void> {
      await store.markAnnounced(storyIds);
    },
  };
}

export type NewsActivities = ReturnType<typeof createNewsActivities>;

function relevantTo(asset: string, story: StoredStory): MoodStory {
  const { timeMs, sentiment, breaking, sources, assets } = story;
  const relevance = assets.includes(asset) ? 1 : assets.includes(MARKET_SUBJECT) ? MARKET_RELEVANCE : 0;
  return { timeMs, sentiment, breaking, sources, relevance };
}
