import type { SourceHealth, StoredMood, StoredStory } from '../../adapters/store/stories';
import { newsPlan } from '../../config/news-plan';
import { defineCommand } from '../command';
import { withContext, type Context } from '../context';
import { clip, percent, utcTime } from '../format';
import { readMarket } from '../market-now';
import { readNewsFacts, signedScore } from '../news-facts';
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
      const { config, account, output } = context;
      const [store, views, market] = await Promise.all([
        context.news(),
        context.views(),
        readMarket(context, []),
      ]);
      const state = await views.account(account.account);
      // While nobody tells the market's time, nothing is too old to be shown.
      const nowMs = market?.marketTimeMs ?? (newsPlan(config).of === 'demonstration' ? 0 : Date.now());
      const asset = options.asset?.toUpperCase();
      const facts = await readNewsFacts(store, config, {
        session: state?.session ?? null,
        sinceMs: Math.max(0, nowMs - options.hours * HOUR_MS),
        limit: options.limit,
        ...(asset !== undefined && { asset }),
      });
      output.result({ ...facts, enabled: facts.of !== 'nothing' }, () => {
        output.say(facts.of === 'nothing' ? `${facts.label}\n` : `News of: ${facts.label}.\n`);
        printSources(facts.sources, context);
        printMoods(facts.moods, context);
        printStories(facts.stories, context);
      });
    }),
});

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

function printMoods(moods: readonly StoredMood[], { output }: Context): void {
  const rows = moods.map(({ asset, score, trend, stories, missing, breaking, knownMs, scorer }) => [
    ...[
      asset,
      signedScore(score),
      signedScore(trend),
      String(stories),
      percent(missing),
      breaking ? 'yes' : '',
    ],
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
    ...[utcTime(knownMs, 'minutes'), assets.join(' '), signedScore(sentiment), clip(topics.join(' '), 18)],
    ...[String(sources.length), clip(`${breaking ? '! ' : ''}${title}`, width)],
  ]);
  const heads = columns('known (utc)', 'about', '>score', 'topics', '>told by', 'story');
  output.table(heads, rows, 'There are no stories.');
}
