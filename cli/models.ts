import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createModelRegistry, modelFolder, type ModelRegistry } from '../adapters/models/registry';
import { projectRoot } from '../config/project-root';
import { locateConfig, type GlobalOptions } from './locate-config';

/** The models of the state folder that the configuration names. @throws UserError for a configuration that has errors */
export const openModels = (options: Pick<GlobalOptions, 'config' | 'profile'>): ModelRegistry =>
  createModelRegistry(modelFolder(locateConfig(options, { deploymentId: () => 'unused' }).config.stateDir));

/** What trains: the version of the package and, in a clone, the commit, with a mark when files differ from it. */
export function codeVersion(): string {
  const { version } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  try {
    const described = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], {
      ...{ cwd: projectRoot(), encoding: 'utf8', timeout: 5_000, stdio: ['ignore', 'pipe', 'ignore'] },
    });
    return `${version}+${described.trim()}`;
  } catch {
    // No clone, or no git: the version alone must do.
    return version;
  }
}
