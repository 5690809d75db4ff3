import type { BallastConfig } from './config';
import { HEADLINES_ROLE } from './embedded-model';

/** Made-up and past markets hear nothing of the world's news. */
const REAL_MARKETS: readonly string[] = ['testnet', 'live', 'paper'];

/** Whether the configured market is one that news are about, and news are wanted. */
export const watchesNews = ({ mode, news }: Pick<BallastConfig, 'mode' | 'news'>): boolean =>
  news.enabled && news.sources.length > 0 && REAL_MARKETS.includes(mode);

/** What asks for opinions, for people. While it is empty the inference process has nothing to do, and is not started. */
export const inferenceNeeds = (
  config: Pick<BallastConfig, 'mode' | 'news' | 'models'>,
): readonly string[] => [
  ...(watchesNews(config) ? ['headlines'] : []),
  ...Object.entries(config.models.roles).flatMap(([role, chain]) =>
    // Whoever judges headlines has nothing to do without any.
    chain.length === 0 || role === HEADLINES_ROLE ? [] : [`the role ${role}`],
  ),
];
