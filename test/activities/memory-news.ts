import type { NewsDesk } from '../../activities/news';
import {
  SentimentLabel,
  type FeedAnswer,
  type FeedValidators,
  type HeadlineScore,
  type HeadlineScorer,
  type NewsSource,
} from '../../adapters/news/port';
import type { NewsStore, SourceHealth, StoredMood, StoredStory } from '../../adapters/store/stories';
import { subjectsOf } from '../../domain/news/lexicon';
import { assignStories } from '../../domain/news/stories';

const NOTHING: FeedValidators = { etag: null, lastModified: null };

/** A source that tells what the test says, or fails. */
export class FakeSource implements NewsSource {
  titles: readonly string[] = [];
  failure: string | null = null;
  reads = 0;
  /** What it was asked with. */
  asked: FeedValidators[] = [];
  constructor(
    readonly name: string,
    readonly weight = 1,
  ) {}

  read(known: FeedValidators, nowMs: number): Promise<FeedAnswer> {
    this.reads += 1;
    this.asked.push(known);
    if (this.failure !== null) return Promise.reject(new Error(this.failure));
    const headlines = this.titles.map((title) => ({ key: title, title, url: null, publishedMs: nowMs }));
    return Promise.resolve({ kind: 'told', headlines, validators: { ...NOTHING, etag: `"${this.reads}"` } });
  }
}

/** Bullish what says so, bearish what says so, and no answer to anything else. */
export const scoreByWord = (headlines: readonly string[]): Promise<readonly (HeadlineScore | null)[]> =>
  Promise.resolve(
    headlines.map((title) => {
      if (title.includes('good')) return { label: SentimentLabel.Bullish, sentiment: 0.5 };
      return title.includes('bad') ? { label: SentimentLabel.Bearish, sentiment: -0.5 } : null;
    }),
  );

/** Stories in memory, of one origin at a time. */
export class MemoryNews implements NewsStore {
  readonly told = new Map<string, StoredStory & { origin: string; announced: boolean; scored: boolean }>();
  readonly health = new Map<string, SourceHealth>();
  readonly written: StoredMood[] = [];

  sources(): Promise<readonly SourceHealth[]> {
    return Promise.resolve([...this.health.values()]);
  }
  recordAnswer(...[, source, atMs, validators]: Parameters<NewsStore['recordAnswer']>): Promise<void> {
    const known = this.health.get(source) ?? NOTHING;
    const answered = { source, triedMs: atMs, answeredMs: atMs, failures: 0, error: null };
    this.health.set(source, { ...NOTHING, ...known, ...validators, ...answered });
    return Promise.resolve();
  }
  recordFailure(...[, source, atMs, error]: Parameters<NewsStore['recordFailure']>): Promise<void> {
    const known = this.health.get(source);
    const failures = (known?.failures ?? 0) + 1;
    this.health.set(source, {
      ...{ ...NOTHING, answeredMs: null, ...known, source, triedMs: atMs, failures, error },
    });
    return Promise.resolve();
  }
  addHeadlines(
    ...[origin, source, knownMs, headlines]: Parameters<NewsStore['addHeadlines']>
  ): Promise<number> {
    const fresh = headlines.map(({ title }) => ({ id: title, title, timeMs: knownMs }));
    const before = this.told.size;
    for (const [id, storyId] of assignStories(fresh, [...this.told.values()])) {
      const story = this.told.get(storyId) ?? {
        ...{ storyId, title: id, url: null, timeMs: knownMs, knownMs, ...subjectsOf(id), sources: [] },
        ...{ origin, label: null, sentiment: null, announced: false, scored: false },
      };
      this.told.set(storyId, { ...story, sources: [...new Set([...story.sources, source])] });
    }
    return Promise.resolve(this.told.size - before);
  }
  unscored(...[, , { limit }]: Parameters<NewsStore['unscored']>) {
    return Promise.resolve([...this.told.values()].filter(({ scored }) => !scored).slice(0, limit));
  }
  addScores(...[, , scores]: Parameters<NewsStore['addScores']>): Promise<void> {
    for (const { storyId, score } of scores) {
      const story = this.told.get(storyId);
      if (story !== undefined) this.told.set(storyId, { ...story, ...score, scored: true });
    }
    return Promise.resolve();
  }
  stories(...[, , { sinceMs }]: Parameters<NewsStore['stories']>): Promise<readonly StoredStory[]> {
    return Promise.resolve([...this.told.values()].filter(({ knownMs }) => knownMs >= sinceMs));
  }
  unannounced(...[, sinceMs]: Parameters<NewsStore['unannounced']>) {
    const wanted = [...this.told.values()].filter((one) => one.breaking && !one.announced);
    return Promise.resolve(wanted.filter(({ knownMs }) => knownMs >= sinceMs));
  }
  markAnnounced(storyIds: readonly string[]): Promise<void> {
    for (const storyId of storyIds) {
      const story = this.told.get(storyId);
      if (story !== undefined) this.told.set(storyId, { ...story, announced: true });
    }
    return Promise.resolve();
  }
  addMoods(_: string, moods: readonly StoredMood[]): Promise<void> {
    this.written.push(...moods);
    return Promise.resolve();
  }
  moods(...[, asset, limit]: Parameters<NewsStore['moods']>): Promise<readonly StoredMood[]> {
    return Promise.resolve(
      this.written
        .filter((mood) => mood.asset === asset)
        .reverse()
        .slice(0, limit),
    );
  }
}

export interface MemoryDesk extends NewsDesk {
  readonly sources: readonly [FakeSource, FakeSource];
  readonly scorer: HeadlineScorer;
  readonly store: MemoryNews;
}

export const memoryDesk = (): MemoryDesk => ({
  sources: [new FakeSource('first', 3), new FakeSource('second')],
  scorer: { name: 'by word', score: scoreByWord },
  store: new MemoryNews(),
  market: 'real',
  gauges: [],
});
