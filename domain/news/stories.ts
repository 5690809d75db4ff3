import { fingerprint, isSameStory, type Fingerprint } from './headline';
import { subjectsOf } from './lexicon';

/** A headline that has been seen, of which it may not be known yet what story it tells. */
export interface SeenHeadline {
  readonly id: string;
  readonly title: string;
  /** When it was published, or was seen when that is not known; UTC milliseconds of the market's time. */
  readonly timeMs: number;
}

/** A story that is known already, by the headline that told it first. */
export interface KnownStory {
  readonly storyId: string;
  readonly title: string;
  readonly timeMs: number;
}

/** Headlines further apart are two stories, however alike. */
export const SAME_STORY_WITHIN_MS = 48 * 3_600_000;

/**
 * Which story each headline tells: the first known one it resembles, names the same assets as, and is close to in time; else one
 * of its own, whose id is its own. Headlines are taken in the order given, so the same ones in the same order come to the same.
 * @returns story ids by headline ids
 */
export function assignStories(
  headlines: readonly SeenHeadline[],
  known: readonly KnownStory[],
): ReadonlyMap<string, string> {
  const stories = known.map((story) => ({ ...story, ...comparable(story.title) }));
  const assigned = new Map<string, string>();
  for (const { id, title, timeMs } of headlines) {
    const mine = comparable(title);
    const found = stories.find(
      (story) =>
        Math.abs(story.timeMs - timeMs) <= SAME_STORY_WITHIN_MS &&
        story.assets === mine.assets &&
        isSameStory(story.print, mine.print),
    );
    if (found === undefined) stories.push({ storyId: id, title, timeMs, ...mine });
    assigned.set(id, found?.storyId ?? id);
  }
  return assigned;
}

const comparable = (title: string): { readonly print: Fingerprint; readonly assets: string } => ({
  print: fingerprint(title),
  assets: subjectsOf(title).assets.join(' '),
});
