import type { ModelManager } from '../../adapters/llm/manager';
import type { HeadlineScorer } from '../../adapters/news/port';
import type { DeliberationStore } from '../../adapters/store/deliberations';
import type { TradeMemories } from '../../adapters/store/memories';
import type { Journal, OrderStore } from '../../adapters/store/port';
import type { AgentJournal } from '../../adapters/store/agent';
import type { NewsStore } from '../../adapters/store/stories';
import type { Log } from '../deps';
import type { MarketClock } from '../market-clock';

/**
 * What the activities of the inference process work with. It is no part of the order path: there is no exchange here and no key of one,
 * so whatever a model says, and whoever talks it into saying it, nothing can be sent from this process.
 */
export interface IntelligenceDeps {
  /** One per process: it holds the models, each loaded at the first question. */
  readonly models: ModelManager;
  /** Whether a model is configured for the role. Without one its feature is off, and says so. */
  readonly isConfigured: (role: string) => boolean;
  readonly scorer: HeadlineScorer;
  readonly news: Pick<NewsStore, 'unscored' | 'addScores' | 'moods' | 'stories'>;
  readonly deliberations: DeliberationStore;
  /** What is known of the account and its market; read only. */
  readonly journal: Pick<OrderStore & Journal, 'account' | 'candles' | 'livePositions'>;
  /** Whose candles. */
  readonly venue: string;
  /** What the agent has said and been told; what it does is done elsewhere. */
  readonly agent: Pick<AgentJournal, 'turns' | 'steps' | 'recordTurn'>;
  readonly memories: Omit<TradeMemories, 'owed' | 'remember'>;
  readonly clock: MarketClock;
  /** Whose news are judged: the real world's, or those of the session of a market that the world says nothing about. */
  readonly market: 'real' | 'made-up';
  /** UTC milliseconds. */
  readonly wallTimeMs: () => number;
  readonly log: Log;
}
