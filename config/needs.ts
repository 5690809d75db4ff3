import type { BallastConfig } from './config';
import { HEADLINES_ROLE } from './embedded-model';
import { newsPlan } from './news-plan';

/** What asks for opinions, for people. While it is empty the inference process has nothing to do, and is not started. */
export const inferenceNeeds = (
  config: Pick<BallastConfig, 'mode' | 'market' | 'exchange' | 'news' | 'models'>,
): readonly string[] => [
  ...(newsPlan(config).intervalMs !== null ? ['headlines'] : []),
  ...Object.entries(config.models.roles).flatMap(([role, chain]) =>
    // Whoever judges headlines has nothing to do without any.
    chain.length === 0 || role === HEADLINES_ROLE ? [] : [`the role ${role}`],
  ),
];
