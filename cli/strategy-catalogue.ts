import { openStrategies } from '../adapters/strategies/load';
import type { StrategyFolders } from '../backtest/optimise/trial-messages';
import type { BallastConfig } from '../config/config';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import { locateConfig, type GlobalOptions } from './locate-config';

type ConfigOptions = Pick<GlobalOptions, 'config' | 'profile'>;

/**
 * The folder of the user's strategies, by the configuration that holds here; looking at it leaves no trace on the disk.
 * @throws UserError for a configuration that has errors
 */
export const strategiesFolder = (options: ConfigOptions): string => configOf(options).strategiesDir;

/** Where strategies of the user's own and models are. @throws as {@link strategiesFolder} */
export function strategyFolders(options: ConfigOptions): StrategyFolders {
  const { strategiesDir, stateDir } = configOf(options);
  return { strategiesDir, stateDir };
}

/** The configuration that holds here; looking at it leaves no trace on the disk. @throws UserError for one that has errors */
export const configOf = (options: ConfigOptions): BallastConfig =>
  locateConfig(options, { deploymentId: () => 'unused' }).config;

/** The strategies that a command can name. @throws as {@link strategiesFolder} */
export const openCatalogue = (options: ConfigOptions): StrategyCatalogue => openStrategies(configOf(options));
