import type { Config } from '@jest/types';
import { startSharedPostgres } from './shared-postgres';

/** Jest runs this once, before the first suite. */
async function setUp(globalConfig: Config.GlobalConfig, projectConfig: Config.ProjectConfig): Promise<void> {
  const { testPathPatterns } = globalConfig;
  await startSharedPostgres(projectConfig.rootDir, (path) =>
    testPathPatterns.toExecutor({ rootDir: projectConfig.rootDir }).isMatch(path),
  );
}

export = setUp;
