import { randomUUID } from 'node:crypto';
import { MarketClock, type Speed } from './clock';
import type { Instrument } from './engine/instrument';
import type { FeeRates } from './engine/matching';
import { requireUnits } from './engine/units';
import { Exchange } from './exchange';
import type { JournalHead, SessionHeader } from './journal/files';
import { Journal } from './journal/journal';
import { rebuild } from './journal/record';
import { MarketData } from './market-data';
import type { MarketSource } from './market/source';
import { Venue } from './venue';

/** What an account owns when it is first opened: decimal strings by asset. */
export interface OpeningBalances {
  readonly name: string;
  readonly balances: Readonly<Record<string, string>>;
}

export interface OpenVenueOptions {
  readonly source: MarketSource;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly fees: FeeRates;
  readonly journalDir: string;
  readonly speed: Speed;
  readonly paused: boolean;
  readonly accounts: readonly OpeningBalances[];
  readonly keepHistory: boolean;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Continues the session in the journal folder, or begins one there, and opens the accounts it does not have yet.
 * @throws when the folder is in use or damaged, or its session belongs to another market.
 */
export async function openVenue(
  options: OpenVenueOptions,
): Promise<{ readonly venue: Venue; readonly journal: Journal }> {
  const { source, instruments, journalDir } = options;
  const begin = (): Pick<JournalHead, 'session' | 'clockMs'> => ({
    session: {
      sessionId: randomUUID(),
      mode: source.mode,
      symbols: source.symbols,
      ...(source.news?.movesPrices === true && { news: true }),
    },
    clockMs: source.sessionStartMs,
  });
  const { journal, contents, clockMs } = Journal.open(journalDir, begin, {
    wallMs: Date.now,
    keepHistory: options.keepHistory,
  });
  try {
    const recorded = contents.head.session;
    checkSession(recorded, source, clockMs, journalDir);
    const session: SessionHeader = { ...recorded, symbols: source.symbols };
    const state = rebuild(contents, instruments);
    const data = new MarketData(source, state);
    const exchange = new Exchange(state, instruments, options.fees, (symbol, timeMs) =>
      data.averageTicks(symbol, timeMs),
    );
    for (const { name, balances } of options.accounts) {
      if (state.balances.has(name)) continue;
      const units = Object.entries(balances).map(([asset, text]) => [
        asset,
        requireUnits(text, `${asset} balance of account ${name}`),
      ]);
      exchange.openAccount(name, Object.fromEntries(units) as Record<string, bigint>);
    }
    const events = exchange.drain();
    if (events.length > 0) await journal.append(clockMs, events);
    if (recorded.symbols.length !== source.symbols.length)
      await journal.compact(clockMs, session, state.snapshot());
    const clock =
      source.live?.begin(clockMs) ??
      new MarketClock({
        positionMs: clockMs,
        endMs: source.endMs,
        speed: options.speed,
        paused: options.paused,
        wallMs: () => performance.now(),
      });
    const venue = new Venue({
      source,
      exchange,
      data,
      journal,
      session,
      clock,
      onFailure: options.onFailure,
    });
    return { venue, journal };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** A session is one pass over one market: what it has recorded must still make sense there. */
function checkSession(session: SessionHeader, source: MarketSource, clockMs: number, dir: string): void {
  const advice = `use another --journal folder or start a new session`;
  if (session.mode !== source.mode) {
    throw new Error(
      `the session in ${dir} is of a ${session.mode} market and this one is ${source.mode}; ${advice}`,
    );
  }
  const [had, has] = [session.news === true, source.news?.movesPrices === true];
  if (had !== has) {
    const of = (news: boolean): string => (news ? 'moved by made-up news' : 'without news');
    throw new Error(
      `the session in ${dir} is of a market ${of(had)} and this one is ${of(has)}; continue it with ${had ? '--news' : '--no-news'}, or ${advice}`,
    );
  }
  if (clockMs < source.startMs || clockMs > source.endMs) {
    const at = new Date(clockMs).toISOString();
    throw new Error(`the session in ${dir} stands at ${at}, which this market does not cover; ${advice}`);
  }
  for (const spec of session.symbols) {
    const now = source.symbols.find(({ symbol }) => symbol === spec.symbol);
    if (now?.tickSize !== spec.tickSize || now.stepSize !== spec.stepSize) {
      throw new Error(
        `the session in ${dir} trades ${spec.symbol} at tick ${spec.tickSize}, step ${spec.stepSize}; this market does not; ${advice}`,
      );
    }
  }
}
