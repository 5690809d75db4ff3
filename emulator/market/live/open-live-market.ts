import type { ClockReading } from '../../../domain/clock';
import { ExchangeFailure, FailureKind } from '../../../domain/errors';
import { MarketDataError, MarketDataErrorCode } from '../errors';
import { MarketMode, type MarketSource, type SymbolSpec } from '../source';
import type { LiveFeed } from './feed';
import { LiveMirror } from './live-mirror';
import { MirrorRecord, type RecordContents } from './record';
import { LIVE_TIMING, type LiveLog, type LiveTiming } from './timing';

export interface LiveMarketOptions {
  readonly feed: LiveFeed;
  /** Pairs like `BTC/USDT`; those of the session's record are mirrored too. */
  readonly pairs: readonly string[];
  /** The folder of the mirror's record, inside the exchange's own. */
  readonly recordDir: string;
  readonly timing?: Partial<LiveTiming>;
  readonly log?: LiveLog;
}

/**
 * Opens a mirrored market. It connects when the exchange starts; a session that has a record comes up without the
 * venue, stale, and goes on looking for it.
 * @throws MarketDataError when the venue cannot be reached and there is no record, or the record is damaged; the
 * feed's own error when the venue does not list a pair.
 */
export async function openLiveMarket(options: LiveMarketOptions): Promise<MarketSource> {
  const { feed, recordDir, log = () => undefined } = options;
  const contents = MirrorRecord.read(recordDir);
  const recorded = (contents?.specs ?? []).map(({ base, quote }) => `${base}/${quote}`);
  const pairs = [...new Set([...recorded, ...options.pairs])];
  const { specs, reading } = await ask(feed, pairs, contents, log);
  const timing = { ...LIVE_TIMING, ...options.timing };
  const mirror = new LiveMirror({ feed, specs, recordDir, contents, reading, timing, log });
  return {
    mode: MarketMode.Mirrored,
    description: `live data of ${feed.venue} mirrored (${pairs.join(', ')}), fills simulated`,
    symbols: specs,
    startMs: 0,
    endMs: Infinity,
    sessionStartMs: Math.floor(reading.marketTimeMs),
    bars: (symbol, fromMs, toMs) => mirror.bars.of(symbol).list(fromMs, toMs),
    steps: (fromMs, toMs) => mirror.timeline.between(fromMs, toMs),
    at: (symbol, timeMs) => mirror.timeline.at(symbol, timeMs),
    live: mirror,
  };
}

/** The venue's rules and time, or those of the record while the venue cannot be reached. */
async function ask(
  feed: LiveFeed,
  pairs: readonly string[],
  contents: RecordContents | undefined,
  log: LiveLog,
): Promise<{ readonly specs: readonly SymbolSpec[]; readonly reading: ClockReading }> {
  try {
    const [specs, reading] = await Promise.all([feed.rules(pairs), feed.clock()]);
    return { specs, reading };
  } catch (error) {
    if (error instanceof ExchangeFailure && error.kind === FailureKind.Rejected) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (contents?.clock !== undefined && contents.specs.length === pairs.length) {
      log('error', 'the venue cannot be reached; going on from the record', { reason });
      return { specs: contents.specs, reading: contents.clock };
    }
    throw new MarketDataError(
      MarketDataErrorCode.MissingData,
      `The live data of ${feed.venue} cannot be reached: ${reason}`,
      'Check the network and market.live, or trade a recorded or simulated market.',
    );
  }
}
