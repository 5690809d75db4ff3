import {
  ActivityFailure,
  log,
  patched,
  rootCause,
  setCurrentDetails,
  TimeoutFailure,
} from '@temporalio/workflow';
import { MARKET_SUBJECT } from '../domain/observations';
import { tell } from './children';
import { pauseForNewsSignal, workflowIds, type NewsWatchInput, type NewsWatchReport } from './contract';
import { intelligenceActivities, newsActivities } from './proxies';

/**
 * One round of the news: asks the sources, tells the strategies that are to pause their entries for breaking stories, which waits for no
 * model, has new stories judged, and writes the moods. A step that fails is left to the next round; nobody who trades waits for any of them.
 */
export async function newsWatch(input: NewsWatchInput): Promise<NewsWatchReport> {
  const { assets, mood: settings } = input;
  const { maxAgeMs } = settings;
  const failed: { what: string; why: string }[] = [];
  const tried = async <T>(what: string, work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      log.warn(`${what} failed; left to the next round`, { error });
      failed.push({ what, why: reasonOf(error) });
      return null;
    }
  };
  const collected = await tried('collecting', () => newsActivities('ask the sources').collectNews());
  const announce = () => tried('breaking news', () => pauseFor(input));
  const isFirst = patched('breaking-before-judging');
  let paused = isFirst ? await announce() : null;
  const observed =
    input.gauges === true
      ? await tried('the gauges', () => newsActivities('read the gauges').observeGauges({ assets }))
      : null;
  const scored = await tried('scoring', () =>
    intelligenceActivities('judge new stories', input.scoringMs).scoreNews({ maxAgeMs }),
  );
  const moods = await tried('the moods', () =>
    newsActivities('combine and write the moods').writeMoods({ assets, settings }),
  );
  if (!isFirst) paused = await announce();
  const report = {
    newStories: collected?.newStories ?? 0,
    missingSources: [...(collected?.sources ?? []), ...(observed?.sources ?? [])].flatMap(
      ({ name, error }) => (error === null ? [] : [name]),
    ),
    scored: scored ?? 0,
    moods: moods ?? [],
    paused: paused ?? [],
    failed,
  };
  setCurrentDetails(describe(report));
  return report;
}

/** Tells each strategy of the breaking stories about what it trades. @returns the names of those that were told */
async function pauseFor({ account, breaking }: NewsWatchInput): Promise<readonly string[]> {
  if (breaking === null) return [];
  const { pauseMs, strategies } = breaking;
  const stories = await newsActivities('breaking stories').findBreaking({ withinMs: pauseMs });
  if (stories.length === 0) return [];
  const told: string[] = [];
  for (const { name, assets } of strategies) {
    const concerned = stories.filter((story) =>
      story.assets.some((asset) => asset === MARKET_SUBJECT || assets.includes(asset)),
    );
    const newest = concerned.at(-1);
    if (newest === undefined) continue;
    const untilMs = newest.knownMs + pauseMs;
    const pause = { untilMs, reason: `breaking: ${newest.title}` };
    if (await tell(workflowIds.strategy(account, name), pauseForNewsSignal, pause)) told.push(name);
  }
  // Only now: whoever dies before tells them once more, which changes nothing.
  await newsActivities('they have been told').markAnnounced({
    storyIds: stories.map(({ storyId }) => storyId),
  });
  return told;
}

const reasonOf = (error: unknown): string =>
  error instanceof ActivityFailure && error.cause instanceof TimeoutFailure
    ? 'nobody has done it in time'
    : (rootCause(error) ?? 'for no reason that was told');

function describe({ newStories, missingSources, scored, moods, paused, failed }: NewsWatchReport): string {
  const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(2)}`;
  return [
    `${newStories} new stories, ${scored} judged.`,
    ...moods.map(
      ({ asset, score, missing }) =>
        `- ${asset} ${signed(score)}, ${Math.round(missing * 100)} % of the sources' weight missing`,
    ),
    ...(missingSources.length === 0 ? [] : [`Missing: ${missingSources.join(', ')}.`]),
    ...(paused.length === 0 ? [] : [`Entries paused: ${paused.join(', ')}.`]),
    ...failed.map(({ what, why }) => `Left to the next round: ${what} (${why})`),
  ].join('\n');
}
