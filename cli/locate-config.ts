import { resolve } from 'node:path';
import type { BallastConfig } from '../config/config';
import { processEnvironment } from '../config/environment';
import { loadConfig, loadRunningConfig, type LoadOptions } from '../config/load';
import { projectRoot } from '../config/project-root';
import { isAlive, readRuntime, runtimeFile, type RuntimeRecord } from '../config/runtime';
import { resolveDataDir } from '../emulator/market/data-dir';

/** Options which every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly profile?: string;
  readonly json: boolean;
  readonly verbose: boolean;
}

export interface LocatedConfig {
  readonly config: BallastConfig;
  readonly running: RuntimeRecord | undefined;
}

/**
 * The configuration to command with: that of the `ballast up` which runs in this folder (even if the files have been
 * broken since: an emergency stop must not depend on them), else what the files and the environment say.
 */
export function locateConfig(
  options: Pick<GlobalOptions, 'config' | 'profile'>,
  load: Pick<LoadOptions, 'deploymentId'> = {},
): LocatedConfig {
  const { env, cwd } = processEnvironment();
  if (options.config === undefined && options.profile === undefined) {
    const named = env.BALLAST_STATE_DIR;
    const running = findRunning(resolve(cwd, named === undefined || named === '' ? '.ballast' : named));
    if (running !== undefined) return running;
  }
  const config = loadConfig({ ...commandLoadOptions(options), ...load, env, cwd });
  return findRunning(config.stateDir) ?? { config, running: undefined };
}

function findRunning(stateDir: string): LocatedConfig | undefined {
  const file = runtimeFile(stateDir);
  const running = readRuntime(file);
  if (running === undefined || !isAlive(running)) return undefined;
  return { config: loadRunningConfig(file, processEnvironment().env).config, running };
}

/** Recorded data beside the project is used when nobody names any. */
export function commandLoadOptions(options: Pick<GlobalOptions, 'config' | 'profile'>): LoadOptions {
  const { dataDir } = resolveDataDir({ flag: undefined, env: undefined, projectRoot: projectRoot() });
  return {
    ...processEnvironment(),
    profile: options.profile,
    file: options.config,
    fallbackDataDir: dataDir,
  };
}
