/**
 * The feeds that the emulator serves beside a market that is not the world's: made-up headlines of this project. They are told about
 * that market's session only, and every view that shows them, or what comes of them, says whose they are.
 */
export const DemonstrationFeed = { Wire: 'wire', Gazette: 'gazette' } as const;
export type DemonstrationFeed = (typeof DemonstrationFeed)[keyof typeof DemonstrationFeed];

export const DEMONSTRATION_FEEDS: readonly DemonstrationFeed[] = Object.values(DemonstrationFeed);

/** What is said wherever their headlines or moods are shown. */
export const DEMONSTRATION_LABEL = 'local demonstration feed of the emulator';

/** What the paths of the feeds begin with. */
export const DEMONSTRATION_PREFIX = '/news/';

/** Where the emulator serves a feed. */
export const demonstrationPath = (feed: DemonstrationFeed): string => `${DEMONSTRATION_PREFIX}${feed}.rss`;
