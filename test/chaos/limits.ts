/** How long each part of a run may take, its minutes apart, in the order in which they come; wall milliseconds. */
export const LIMITS = {
  /** Servers are up; the exchange, the workers and the account are not. */
  open: 120_000,
  /** The steps of the end, each from the moment it begins. */
  up: 40_000,
  undo: 20_000,
  callOff: 10_000,
  rest: 30_000,
  stop: 20_000,
  flat: 40_000,
  agree: 40_000,
  judge: 45_000,
  /** Writing the folder. */
  explain: 30_000,
  /** Ending the processes. */
  close: 30_000,
} as const;

/** Of the time for judging: after so long the histories that are left are not read. */
export const HISTORIES_MS = 25_000;
/** What timers and the market's summary add. */
const SLACK_MS = 15_000;

/**
 * When the watchdog ends a run that has not come to a verdict by itself: only after every step of it has had its time, so that
 * the step that hangs is named.
 */
export const watchdogMs = (minutes: number): number =>
  minutes * 60_000 + longestMs() - LIMITS.explain - LIMITS.close;

/** The longest that a run may last beyond its minutes, from the moment its servers are up. */
export const longestMs = (): number => Object.values(LIMITS).reduce((sum, each) => sum + each, SLACK_MS);
