import { isCancellation, log, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { ClockReading } from '../domain/clock';
import { Lane } from '../domain/lane';
import { showMode } from './children';
import type { StrategyProgress, StrategySettings } from './contract';
import { marketActivities } from './proxies';

/** How often a market that stands still is looked at again. */
export const STANDSTILL_MS = 2_000;

/** What a run of `strategy` knows; its messages change it while its loop waits. */
export interface StrategyState {
  settings: StrategySettings;
  progress: StrategyProgress;
  /** Messages that the waiting loop should look at. */
  stirred: number;
  /** What the last of them was, for people. */
  stirredBy: string;
  flattens: number;
  /** The last reading of the exchange's clock, or null when it is to be asked again. */
  clock: ClockReading | null;
  /** The clock was asked again about a leap that it seemed to have made. */
  confirmed: boolean;
  /** Every cycle brings the clock along, so that a quiet bar needs no question of its own. */
  readonly clockComesAlong: boolean;
  /** For all that is known here, a fast lane may open positions. */
  laneIsOpen: boolean;
  /** Flattens of a fast lane that are being carried out; until they are, no other lane is opened. */
  flattening: number;
}

export const isFast = ({ lane }: StrategySettings): boolean => lane === Lane.Fast;

/** Asks until the market tells. Cancelled with the scope that it is called in. */
export async function readClock(settings: StrategySettings): Promise<ClockReading> {
  for (;;) {
    try {
      const { clock, wallTimeMs } = await marketActivities(settings.venue, 'what time it is').readClock();
      return { ...clock, wallTimeMs };
    } catch (error) {
      if (isCancellation(error)) throw error;
      log.warn('the market cannot be reached; trying again', { error });
      await sleep(STANDSTILL_MS, { summary: 'before the market is asked again' });
    }
  }
}

/** A new session is a new market: bars of the old one mean nothing in it. */
export const inSession = (progress: StrategyProgress, session: string): StrategyProgress =>
  progress.session === session
    ? progress
    : { ...progress, session, lastBarCloseMs: null, managedToMs: null, newsPause: undefined };

/** What people see of it in the Web UI. */
export function show(settings: StrategySettings, progress: StrategyProgress): void {
  const { mode, modeReason, newsPause } = progress;
  const { strategyId, symbols, timeframe } = settings;
  const path = isFast(settings) ? laneText(progress) : barsText(progress);
  const rest =
    newsPause === undefined
      ? ''
      : `\n\nNo entries before ${new Date(newsPause.untilMs).toISOString()}: ${newsPause.reason}`;
  setCurrentDetails(
    `**${mode}**: ${modeReason}\n\n${strategyId} on ${symbols.join(', ')} ${timeframe}. ${path}${rest}`,
  );
  showMode(mode);
}

function barsText({ lastBarCloseMs, cycles, skippedBars }: StrategyProgress): string {
  const last = lastBarCloseMs === null ? 'none yet' : new Date(lastBarCloseMs).toISOString();
  return `Last bar ${last}; ${cycles} cycles, ${skippedBars} bars skipped.`;
}

function laneText({ lane }: StrategyProgress): string {
  if (lane === undefined) return 'Its fast lane has not been opened yet.';
  const { generation, sinceMs, lastEnd } = lane;
  const before = lastEnd === null ? '' : ` The one before it ended: ${lastEnd}.`;
  return `Fast lane: generation ${generation} since ${new Date(sinceMs).toISOString()}.${before}`;
}
