import { setTimeout as wait } from 'node:timers/promises';
import type { BarSource } from '../adapters/exchange/bar-source';
import { timeframeMs, type Bar, type Timeframe } from '../domain/bar';
import { QUALITY_LIMITS } from '../domain/quality/limits';
import { isSound } from '../domain/quality/quality';
import type { Log } from './deps';

/** Wall time that a cycle waits for the other venue at most, counted from when it asks its own exchange. */
const PATIENCE_MS = 2_000;

interface Market {
  readonly symbol: string;
  readonly timeframe: Timeframe;
}

/** Another venue, whose candles those of live cycles are held against. */
export interface Reference {
  readonly venue: string;
  /** Closes of the same bar whose relative difference is greater contradict each other. */
  readonly maxDivergence: number;
  /**
   * The newest bars up to the one that closes at `closeMs`, oldest first, as far as the venue has told them after a short
   * while; as many as a doubt about them lasts. What it does not tell in time is missing: this never fails.
   */
  bars(market: Market, closeMs: number): Promise<readonly Bar[]>;
}

export interface ReferenceOptions {
  readonly source: Pick<BarSource, 'venue' | 'page'>;
  readonly maxDivergence: number;
  /** The venue's names of pairs that are called otherwise there. */
  readonly pairs: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly patienceMs?: number;
}

/** A request under way. */
interface Asked {
  readonly closeMs: number;
  /** Never rejects; why there is no answer, for people. */
  readonly answer: Promise<string | null>;
}

/**
 * One request a bar and market. An answer that comes too late for its bar is held against the next ones, and a venue that has
 * not answered yet is neither asked again nor waited for.
 */
export function createReference(options: ReferenceOptions): Reference {
  const { source, maxDivergence, pairs, log, patienceMs = PATIENCE_MS } = options;
  const { venue } = source;
  const told = new Map<string, readonly Bar[]>();
  const asked = new Map<string, Asked>();
  const silent = new Set<string>();

  async function ask(name: string, { symbol, timeframe }: Market, closeMs: number): Promise<string | null> {
    const fromMs = closeMs - QUALITY_LIMITS.suspectBars * timeframeMs(timeframe);
    try {
      const page = await source.page({ symbol: pairs[symbol] ?? symbol, timeframe, fromMs, toMs: closeMs });
      told.set(name, page.bars.filter(isTelling));
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Returns when the venue has been heard about this bar, or need not be waited for any longer; why it is missing then. */
  async function hear(name: string, market: Market, closeMs: number): Promise<string | null> {
    let running = asked.get(name);
    if (running === undefined) {
      const answer = ask(name, market, closeMs).finally(() => asked.delete(name));
      running = { closeMs, answer };
      asked.set(name, running);
    }
    if (running.closeMs !== closeMs) return 'it has not answered yet about an earlier bar';
    return within(patienceMs, running.answer, `no answer within ${patienceMs} ms`);
  }

  /** Says once that a market is not held against anything, and once that it is again. */
  function note(name: string, isThere: boolean, problem: string | null): void {
    if (isThere === !silent.has(name)) return;
    if (isThere) {
      silent.delete(name);
      log.info({ venue }, `${venue} tells ${name} again`);
      return;
    }
    silent.add(name);
    const why = problem ?? 'it told no such bar, or one without a trade';
    log.warn({ venue, problem: why }, `${name} is not held against ${venue} at the moment`);
  }

  return {
    venue,
    maxDivergence,
    async bars(market, closeMs) {
      const name = `${market.symbol} ${market.timeframe}`;
      const length = timeframeMs(market.timeframe);
      const known = (): readonly Bar[] => {
        const fromMs = closeMs - QUALITY_LIMITS.suspectBars * length;
        return (told.get(name) ?? []).filter(
          ({ openTimeMs }) => openTimeMs >= fromMs && openTimeMs < closeMs,
        );
      };
      const isThere = (): boolean => known().at(-1)?.openTimeMs === closeMs - length;
      if (isThere()) return known();
      const problem = await hear(name, market, closeMs);
      note(name, isThere(), problem);
      return known();
    },
  };
}

/** A bar that cannot be, or in which nothing traded there, contradicts nobody. */
const isTelling = (bar: Bar): boolean => isSound(bar) && bar.volume > 0;

/** What `event` gives, or `late` when that takes longer. */
async function within<T>(limitMs: number, event: Promise<T>, late: T): Promise<T> {
  const heard = new AbortController();
  const limit = wait(limitMs, late, { signal: heard.signal });
  limit.catch(() => undefined);
  try {
    return await Promise.race([event, limit]);
  } finally {
    heard.abort();
  }
}
