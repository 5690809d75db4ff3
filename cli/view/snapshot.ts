import type { ListedDecision, ListedOrder, ListedRiskEvent, Views } from '../../adapters/store/views';
import type { Totals } from '../../adapters/store/totals';
import { DecisionOutcome, type AccountState } from '../../adapters/store/port';
import type { ExchangePort, Quote } from '../../adapters/exchange/port';
import { listedQuotes } from '../../adapters/exchange/try-each';
import { marketTimeAt, type ClockReading } from '../../domain/clock';
import { marketState } from '../market-now';
import type { NewsFacts } from '../news-facts';
import type { DecimalString } from '../../domain/decimal';
import { PositionState, type PositionView } from '../../domain/position';

/** A supervised process, as the supervisor tells it. */
export interface ServiceState {
  readonly name: string;
  readonly phase: string;
  readonly pid?: number;
  readonly restarts: number;
  readonly reason?: string;
}

/** Everything that one picture of the live view shows. */
export interface Snapshot {
  readonly wallTimeMs: number;
  readonly mode: string;
  /** One line: where prices come from. */
  readonly market: string;
  /** Null while the exchange does not answer. */
  readonly clock: {
    readonly timeMs: number;
    readonly speed: number;
    /** `running`, `stale` when a mirrored market runs without its venue's data, `paused` or `ended`. */
    readonly state: string;
  } | null;
  readonly quotes: readonly Quote[];
  readonly services: readonly ServiceState[];
  readonly account: AccountState | null;
  readonly totals: Totals | null;
  readonly positions: readonly PositionView[];
  /** Newest first. The newest of each strategy and pair, and the latest that did something. */
  readonly decisions: readonly ListedDecision[];
  readonly orders: readonly ListedOrder[];
  readonly riskEvents: readonly ListedRiskEvent[];
  /** Null where no news are read, and until they have been. */
  readonly news: NewsFacts | null;
  readonly links: readonly { readonly name: string; readonly url: string }[];
  /** Why parts of the picture are old, or null. */
  readonly problem: string | null;
}

/** Best bids by pair. */
export const bidsOf = (snapshot: Pick<Snapshot, 'quotes'>): ReadonlyMap<string, DecimalString> =>
  new Map(snapshot.quotes.map(({ symbol, bid }) => [symbol, bid]));

/** What the journal says; a picture that is a moment old. */
export type JournalPart = Pick<
  Snapshot,
  'account' | 'totals' | 'positions' | 'decisions' | 'orders' | 'riskEvents' | 'news'
>;
/** What the exchange says. */
export type MarketPart = Pick<Snapshot, 'clock' | 'quotes'>;

export const EMPTY_JOURNAL: JournalPart = {
  account: null,
  totals: null,
  positions: [],
  decisions: [],
  orders: [],
  riskEvents: [],
  news: null,
};
export const EMPTY_MARKET: MarketPart = { clock: null, quotes: [] };

const ACTING = Object.values(DecisionOutcome).filter((outcome) => outcome !== DecisionOutcome.Hold);

/** Reads PostgreSQL, and nothing else: workflows are never asked. */
export async function readJournal(
  views: Views,
  account: string,
  readNews: (session: string | null) => Promise<NewsFacts | null> = () => Promise.resolve(null),
): Promise<JournalPart> {
  const [state, totals, positions, latest, acting, orders, riskEvents] = await Promise.all([
    views.account(account),
    views.totals({ account }),
    views.positions({ account, state: PositionState.Live }),
    views.decisions({ account, limit: 40 }),
    views.decisions({ account, limit: 12, outcomes: ACTING }),
    views.orders({ account, limit: 12 }),
    views.riskEvents({ account, limit: 3 }),
  ]);
  return {
    account: state ?? null,
    totals,
    positions,
    decisions: mergeDecisions(latest, acting),
    orders,
    riskEvents,
    news: await readNews(state?.session ?? null),
  };
}

/** The newest of each strategy and pair, whatever it was, and those that did something. */
function mergeDecisions(
  latest: readonly ListedDecision[],
  acting: readonly ListedDecision[],
): readonly ListedDecision[] {
  const newest = new Map<string, ListedDecision>();
  for (const decision of [...latest].reverse())
    newest.set(`${decision.strategy} ${decision.symbol}`, decision);
  const merged = new Map([...newest.values(), ...acting].map((decision) => [keyOf(decision), decision]));
  return [...merged.values()].sort((a, b) => b.barCloseMs - a.barCloseMs || keyOf(a).localeCompare(keyOf(b)));
}

export const keyOf = ({ strategy, symbol, barCloseMs }: ListedDecision): string =>
  `${strategy} ${symbol} ${barCloseMs}`;

export async function readMarketPart(
  exchange: ExchangePort,
  symbols: readonly string[],
): Promise<MarketPart> {
  const [reading, { answers }] = await Promise.all([exchange.clock(), listedQuotes(exchange, symbols)]);
  return { clock: clockAt(reading), quotes: answers };
}

const clockAt = (reading: ClockReading): Snapshot['clock'] => ({
  timeMs: marketTimeAt(reading, Date.now()),
  speed: reading.speed,
  state: marketState(reading),
});
