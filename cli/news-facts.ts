import { NEWS_ORIGIN, sessionOrigin } from '../adapters/history/origins';
import { modelEntries } from '../adapters/llm/open-models';
import { headlineScorerName } from '../adapters/news/headline-scorer';
import type { NewsStore, SourceHealth, StoredMood, StoredStory } from '../adapters/store/stories';
import { tradedSymbols, type BallastConfig } from '../config/config';
import { HEADLINES_ROLE } from '../config/embedded-model';
import { newsPlan } from '../config/news-plan';
import { assetOf } from '../domain/observations';

/** What is known of news and moods, and whose they are. */
export interface NewsFacts {
  /** One line that says whose: the world's, or the emulator's own. */
  readonly label: string;
  readonly of: 'world' | 'demonstration' | 'nothing';
  /** Whose judgements of headlines are shown; null where there are no news. */
  readonly scorer: string | null;
  readonly sources: readonly SourceHealth[];
  /** The newest of each traded asset that has one. */
  readonly moods: readonly StoredMood[];
  readonly stories: readonly StoredStory[];
}

/** Reads what is kept about the configured market: a session's own news, or the world's. Never both. */
export async function readNewsFacts(
  store: NewsStore,
  config: BallastConfig,
  {
    session,
    ...range
  }: {
    /** Of the account; null while it has none. */
    readonly session: string | null;
    readonly sinceMs: number;
    readonly limit: number;
    readonly asset?: string;
  },
): Promise<NewsFacts> {
  const { label, of } = newsPlan(config);
  const origin = of !== 'demonstration' ? NEWS_ORIGIN : session === null ? null : sessionOrigin(session);
  if (origin === null) return { label, of, scorer: null, sources: [], moods: [], stories: [] };
  const assets = [...new Set(tradedSymbols(config).map(assetOf))];
  const scorer = await scorerNameOf(config);
  const [sources, moods, stories] = await Promise.all([
    store.sources(origin),
    Promise.all(assets.map((asset) => store.moods(origin, asset, 1))),
    store.stories(origin, scorer, range),
  ]);
  return { label, of, scorer, sources, moods: moods.flat(), stories };
}

/** Whose judgements moods are made of, by the configuration. */
const scorerNameOf = ({ models }: Pick<BallastConfig, 'models'>): Promise<string> =>
  headlineScorerName({
    ...{ role: HEADLINES_ROLE, roles: models.roles },
    models: modelEntries(models.available, models),
  });

/** Of a mood, a trend or a score: with its sign; a dash where there is none. */
export const signedScore = (value: number | null): string =>
  value === null ? '–' : `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
