import { NEWS_ORIGIN } from '../../adapters/history/origins';
import { modelEntries } from '../../adapters/llm/open-models';
import { headlineScorerName } from '../../adapters/news/headline-scorer';
import type { NewsStore, SourceHealth, StoredStory } from '../../adapters/store/stories';
import { tradedSymbols } from '../../config/config';
import { HEADLINES_ROLE } from '../../config/embedded-model';
import { assetOf } from '../../domain/observations';
import { defineCommand } from '../command';
import { withContext, type Context } from '../context';
import { clip, percent, utcTime } from '../format';
import { columns } from '../output';

interface NewsOptions {
  readonly limit: number;
  readonly hours: number;
  readonly asset?: string;
}

const HOUR_MS = 3_600_000;

export const newsCommand = defineCommand<NewsOptions>({
  command: 'news',
  describe: 'Stories with their scores, the moods made of them, and how the sources do',
  builder: (yargs) =>
    yargs
      .option('limit', { type: 'number', default: 20, describe: 'At most so many stories, the newest first' })
      .option('hours', { type: 'number', default: 48, describe: 'Only stories known in the last hours' })
      .option('asset', { type: 'string', describe: 'Only stories about it, e.g. BTC; CRYPTO: the market' }),
  run: (options) =>
    withContext(options, async (context) => {
      const store = await context.news();
      const range = { sinceMs: Date.now() - options.hours * HOUR_MS, limit: options.limit };
      const asset = options.asset?.toUpperCase();
      const { models } = context.config;
      const judges = { role: HEADLINES_ROLE, roles: models.roles };
      const scorer = await headlineScorerName({ ...judges, models: modelEntries(models.available, models) });
      const result = {
        enabled: context.config.news.enabled,
        scorer,
        sources: await store.sources(NEWS_ORIGIN),
        moods: await moodsOf(store, context),
        stories: await store.stories(NEWS_ORIGIN, scorer, {
          ...range,
          ...(asset !== undefined && { asset }),
        }),
      };
      context.output.result(result, () => {
        if (!result.enabled) context.output.say('No news are asked for: set news.enabled (docs/news.md).\n');
        printSources(result.sources, context);
        printMoods(result.moods, context);
        printStories(result.stories, context);
      });
    }),
});

async function moodsOf(store: NewsStore, { config }: Context) {
  const assets = [...new Set(tradedSymbols(config).map(assetOf))];
  return (await Promise.all(assets.map((asset) => store.moods(NEWS_ORIGIN, asset, 1)))).flat();
}

const signed = (value: number | null): string =>
  value === null ? '–' : `${value < 0 ? '' : '+'}${value.toFixed(2)}`;

function printSources(sources: readonly SourceHealth[], { output }: Context): void {
  const rows = sources.map(({ source, failures, answeredMs, error }) => [
    source,
    failures === 0 ? 'answers' : `missing, ${failures} ${failures === 1 ? 'try' : 'tries'}`,
    answeredMs === null ? 'never' : utcTime(answeredMs),
    clip(error ?? '', 70),
  ]);
  output.table(columns('source', 'state', 'answered (utc)', 'why'), rows, 'No source has been asked yet.');
  output.say('');
}

function printMoods(moods: Awaited<ReturnType<typeof moodsOf>>, { output }: Context): void {
  const rows = moods.map(({ asset, score, trend, stories, missing, breaking, knownMs, scorer }) => [
    ...[asset, signed(score), signed(trend), String(stories), percent(missing), breaking ? 'yes' : ''],
    ...[utcTime(knownMs), scorer],
  ]);
  const heads = columns(
    'asset',
    '>mood',
    '>trend',
    '>stories',
    '>missing',
    'breaking',
    'known (utc)',
    'scorer',
  );
  output.table(heads, rows, 'There is no mood: nobody has an opinion.');
  output.say('');
}

function printStories(stories: readonly StoredStory[], { output }: Context): void {
  const width = Math.max(40, (process.stdout.columns || 160) - 76);
  const rows = stories.map(({ knownMs, assets, topics, sentiment, breaking, sources, title }) => [
    ...[utcTime(knownMs, 'minutes'), assets.join(' '), signed(sentiment), clip(topics.join(' '), 18)],
    ...[String(sources.length), clip(`${breaking ? '! ' : ''}${title}`, width)],
  ]);
  const heads = columns('known (utc)', 'about', '>score', 'topics', '>told by', 'story');
  output.table(heads, rows, 'There are no stories.');
}
