import type { BarSource } from '../adapters/exchange/bar-source';
import type { ExchangePort } from '../adapters/exchange/port';
import type { HistoryStore } from '../adapters/history/port';
import type { DeliberationStore } from '../adapters/store/deliberations';
import type { AgentJournal } from '../adapters/store/agent';
import type { TradeMemories } from '../adapters/store/memories';
import type { Journal, OrderStore } from '../adapters/store/port';
import type { OrderView } from '../domain/order';
import type { ExchangeHealth } from './exchange-health';
import type { Finding } from '../domain/findings';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import type { MarketClock } from './market-clock';
import type { NewsDesk } from './news';
import type { Sweeps } from './optimisation';
import type { OrderDesk } from './order-desk';
import type { Reference } from './reference';
import type { Trainings } from './training';

/** Tells workflows that the journal has news for them. */
export interface Owners {
  /** The order's own workflow, or its position when there is none. False when nobody owns it. */
  notifyOrder(order: OrderView): Promise<boolean>;
  /**
   * Gives a granted position its workflow, unless it has one. The workflow waits for a word, or a few seconds: whoever starts it is
   * about to send the entry, and tells it afterwards.
   */
  startPosition(granted: GrantedPosition): Promise<void>;
  /** False when the position has no running workflow. */
  notifyPosition(positionId: string): Promise<boolean>;
  /**
   * Asks for a reconciliation that begins after this call, with what gave rise to it and, when that is a finding already,
   * the finding, to be told with its own.
   */
  wakeReconciliation(account: string, trigger: string, finding?: Finding): Promise<void>;
}

/** A position as its owner is started for it. */
export interface GrantedPosition {
  readonly deployment: string;
  readonly account: string;
  readonly venue: string;
  readonly positionId: string;
  readonly strategy: string;
  readonly symbol: string;
  /** What was granted, in few words, and why: for people. */
  readonly summary: string;
  readonly details: string;
}

/** A line for the log; workflows and the journal carry what matters. */
export interface Log {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What the activities of one account work with. */
export interface ActivityDeps {
  readonly deployment: string;
  readonly exchange: ExchangePort;
  readonly store: OrderStore & Journal;
  readonly deliberations: Pick<DeliberationStore, 'conclude'>;
  readonly memories: TradeMemories;
  readonly desk: OrderDesk;
  /** A desk whose requests are never throttled, for the emergency stop. */
  readonly emergencyDesk: OrderDesk;
  readonly emergencyExchange: ExchangePort;
  /** The same journal over connections that nothing else can use up. */
  readonly emergencyStore: OrderStore & Journal;
  /** Counts the requests of both exchanges that fail. */
  readonly exchangeHealth: ExchangeHealth;
  readonly clock: MarketClock;
  readonly owners: Owners;
  readonly wallTimeMs: () => number;
  /** Lets so many wall milliseconds pass, and rather a few more than one less. */
  readonly pause: (ms: number) => Promise<void>;
  readonly log: Log;
  /** The strategies that can be run, as they were when the process began. */
  readonly strategies: StrategyCatalogue;
  /** Market history, which belongs to no account. */
  readonly history: Pick<HistoryStore, 'write' | 'observations'>;
  /** Whether what is observed in the real world says anything about the market that is traded: not about one that is made up. */
  readonly market: 'real' | 'made-up';
  /** Where past candles come from, opened once. @throws UserError when there is no source of this name */
  readonly barSource: (name: string) => Promise<BarSource>;
  /** The venue whose candles those of live cycles are held against; absent: none. */
  readonly reference?: Reference;
  /** Optimisations, whose backtests run beside everything else. */
  readonly sweeps: Sweeps;
  /** Trainings of models, whose steps are made beside everything else. */
  readonly trainings: Trainings;
  readonly news: NewsDesk;
  /** What the agent said and did. */
  readonly agent: AgentJournal;
}
