import type { ActivityDeps } from '../../activities/deps';
import type { IntelligenceDeps } from '../../activities/intelligence/deps';
import type { DeliberationStore } from '../../adapters/store/deliberations';
import type { ModelManager } from '../../adapters/llm/manager';
import { UserError } from '../../domain/errors';
import type { MemoryAgent } from './memory-agent';
import type { MemoryDesk } from './memory-news';

const nobody = (): Promise<never> =>
  Promise.reject(new UserError('No model is configured here.', 'Give the test a manager of its own.'));

/** A manager without models. */
export const noModels: ModelManager = {
  ask: nobody,
  converse: nobody,
  embed: nobody,
  close: () => Promise.resolve(),
};

/** The inference process's world in memory, beside that of the worker. */
export const intelligenceDeps = (
  worker: Pick<ActivityDeps, 'clock' | 'market' | 'wallTimeMs' | 'log' | 'store' | 'exchange' | 'memories'>,
  news: MemoryDesk,
  deliberations: DeliberationStore,
  agent: MemoryAgent,
): IntelligenceDeps => ({
  ...{ deliberations, journal: worker.store, venue: worker.exchange.venue, memories: worker.memories },
  ...{ models: noModels, isConfigured: () => false },
  ...{ scorer: news.scorer, news: news.store, clock: worker.clock, market: worker.market },
  ...{ wallTimeMs: worker.wallTimeMs, log: worker.log },
  ...{ agent },
});
