import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../domain/errors';
import type { StrategyCatalogue } from '../domain/strategies/catalogue';
import type { BallastConfig } from './config';
import { inconsistencies, strategyIssues } from './consistency';
import { ensureDeploymentId } from './deployment';
import { withEmbeddedModel } from './embedded-model';
import { environmentLayers, type Environment } from './environment-layer';
import { ConfigError, issueAt, issuesFrom, type ConfigIssue } from './issues';
import {
  mergeLayers,
  profileLayers,
  readYamlLayer,
  settingAt,
  type Layer,
  type MergedLayers,
  type RawSettings,
} from './layers';
import { ModelProvider } from './models-schema';
import { readRuntime } from './runtime';
import { configSchema, Mode, type Settings } from './schema';
import { Secret } from './secret';
import { SECRETS } from './secret-paths';

export interface LoadOptions {
  readonly env: Environment;
  readonly cwd: string;
  /** `dev` when neither this nor BALLAST_PROFILE is given. */
  readonly profile?: string;
  /** Path of the user's file; else BALLAST_CONFIG, else ./ballast.yaml when it is there. */
  readonly file?: string;
  /** Settings from the command line; they win over everything. */
  readonly flags?: RawSettings;
  /** Recorded data to use when nobody names any and the mode is open. */
  readonly fallbackDataDir?: string;
  /**
   * Loads the strategies of a folder, for the configured ones to be checked against; absent, they are not checked. Whoever only
   * looks, or goes on with what was started, must not depend on files that may have been broken since.
   */
  readonly strategies?: (folders: {
    readonly strategiesDir: string;
    readonly stateDir: string;
  }) => StrategyCatalogue;
  /** For a process that shall be able to send nothing: keys of the exchange are neither read nor missed. */
  readonly withoutExchangeKeys?: boolean;
  /** Where the deployment id comes from when it is not configured; by default it is made once in the state folder. */
  readonly deploymentId?: (stateDir: string) => string;
}

export interface LoadedConfig {
  readonly config: BallastConfig;
  readonly layers: MergedLayers;
}

/**
 * The configuration: profile `default`, then the chosen profile, the user's file, the environment and the command line.
 * In a child process of `ballast up` (BALLAST_RUNTIME names its record) it is exactly what `up` runs with.
 * @throws ConfigError naming every fault; UserError when a file cannot be read.
 */
export const loadConfig = (options: LoadOptions): BallastConfig => loadLayeredConfig(options).config;

/** The same, together with what each layer said. @throws as {@link loadConfig}. */
export function loadLayeredConfig(options: LoadOptions): LoadedConfig {
  const runtime = given(options.env.BALLAST_RUNTIME);
  if (runtime !== undefined) return loadRunningConfig(runtime, options.env, options);
  const file = userFile(options);
  const fileLayers = file === undefined ? [] : [readYamlLayer(file)];
  const misplaced = misplacedSecrets(fileLayers);
  const layers = mergeLayers([
    ...profileLayers(options.profile ?? given(options.env.BALLAST_PROFILE) ?? 'dev'),
    ...fileLayers,
    ...environmentLayers(options.env),
    { origin: 'the command line', settings: options.flags ?? {} },
  ]);
  return settle(layers, options, misplaced);
}

/** The configuration that a running `ballast up` recorded. @throws UserError when there is no such record. */
export function loadRunningConfig(
  runtimeFile: string,
  env: Environment,
  { withoutExchangeKeys = false }: Pick<LoadOptions, 'withoutExchangeKeys'> = {},
): LoadedConfig {
  const record = readRuntime(runtimeFile);
  if (record === undefined) {
    throw new UserError(
      `There is no readable record of a running Ballast at ${runtimeFile}.`,
      'Start it with: ballast up',
    );
  }
  const variables = SECRETS.filter(({ path }) => record.environmentSecrets.includes(path)).map(
    ({ variable }) => variable,
  );
  const secrets = Object.fromEntries(variables.map((variable) => [variable, env[variable]]));
  const layers = mergeLayers([
    { origin: runtimeFile, settings: record.settings },
    ...environmentLayers(secrets),
  ]);
  return settle(layers, { env, cwd: record.cwd, withoutExchangeKeys }, []);
}

/** An empty variable counts as not set. */
const given = (variable: string | undefined): string | undefined => (variable === '' ? undefined : variable);

function userFile({ file, env, cwd }: LoadOptions): string | undefined {
  const named = file ?? given(env.BALLAST_CONFIG);
  if (named !== undefined) return resolve(cwd, named);
  const usual = join(cwd, 'ballast.yaml');
  return existsSync(usual) ? usual : undefined;
}

function misplacedSecrets(fileLayers: readonly Layer[]): ConfigIssue[] {
  return fileLayers.flatMap((layer) => {
    const merged = mergeLayers([layer]);
    return SECRETS.flatMap(({ path, variable }) => {
      const keys = path.split('.');
      if (settingAt(layer.settings, keys) === undefined) return [];
      return [
        issueAt(
          merged,
          keys,
          `secrets do not belong in this file: set ${variable}, or ${path}File to a file that holds it`,
        ),
      ];
    });
  });
}

function settle(layers: MergedLayers, options: LoadOptions, misplaced: readonly ConfigIssue[]): LoadedConfig {
  const parsed = configSchema.safeParse(layers.settings);
  if (!parsed.success) throw new ConfigError([...misplaced, ...issuesFrom(layers, parsed.error)]);
  const told = options.withoutExchangeKeys === true ? withoutKeys(parsed.data) : parsed.data;
  const settings = { ...told, models: withEmbeddedModel(told.models) };
  const dataDir = settings.market.dataDir ?? options.fallbackDataDir;
  const mode = settings.mode ?? (dataDir === undefined ? Mode.Simulated : Mode.Replay);
  const absolute = <T extends string | undefined>(path: T): T =>
    path === undefined ? path : (resolve(options.cwd, path) as T);
  const strategiesDir = absolute(settings.strategiesDir);
  const stateDir = absolute(settings.stateDir);
  const issues = [
    ...misplaced,
    ...inconsistencies(layers, settings, { keysAreNeeded: options.withoutExchangeKeys !== true }),
    ...strategyIssues(layers, settings, options.strategies?.({ strategiesDir, stateDir })),
  ];
  if (mode === Mode.Replay && dataDir === undefined) {
    issues.push(
      issueAt(
        layers,
        ['market', 'dataDir'],
        'mode replay needs recorded data: give --data DIR or set BALLAST_DATA',
      ),
    );
  }
  if (issues.length > 0 || mode === Mode.Shadow) throw new ConfigError(issues);

  const secrets = readSecrets(layers, settings, absolute);
  const config: BallastConfig = {
    ...settings,
    mode,
    stateDir,
    strategiesDir,
    exchange: {
      ...settings.exchange,
      ...secrets.exchange,
      sandbox: mode === Mode.Testnet,
      clock: clockOf(mode),
    },
    market: { ...settings.market, dataDir: mode === Mode.Replay ? absolute(dataDir) : undefined },
    temporal: {
      ...settings.temporal,
      ...secrets.temporal,
      tls: absoluteFiles(settings.temporal.tls, absolute),
    },
    postgres: { ...settings.postgres, ...secrets.postgres },
    models: { ...settings.models, ...secrets.models, available: localModels(settings, absolute) },
    news: { ...settings.news, ...secrets.news },
    // Last, because it may write: only a configuration without faults gets this far.
    deployment: settings.deployment ?? (options.deploymentId ?? ensureDeploymentId)(stateDir),
  };
  return { config, layers };
}

const withoutKeys = (settings: Settings): Settings => ({
  ...settings,
  exchange: {
    ...settings.exchange,
    ...{ apiKey: undefined, secret: undefined, apiKeyFile: undefined, secretFile: undefined },
  },
});

const EMULATED: ReadonlySet<Mode> = new Set([Mode.Simulated, Mode.Replay, Mode.Paper]);

const clockOf = (mode: Mode): 'wall' | 'emulator' => (EMULATED.has(mode) ? 'emulator' : 'wall');

type ToAbsolute = <T extends string | undefined>(path: T) => T;

const absoluteFiles = (
  tls: Settings['temporal']['tls'],
  absolute: ToAbsolute,
): Settings['temporal']['tls'] => ({
  ...tls,
  serverCaFile: absolute(tls.serverCaFile),
  clientCertFile: absolute(tls.clientCertFile),
  clientKeyFile: absolute(tls.clientKeyFile),
});

/** The model of `local` is a file. */
const localModels = ({ models }: Settings, absolute: ToAbsolute): Settings['models']['available'] =>
  models.available.map((entry) =>
    entry.provider === ModelProvider.Local ? { ...entry, model: absolute(entry.model) } : entry,
  );

/** What the environment gives wins over what a file holds. */
function readSecrets(
  layers: MergedLayers,
  { exchange, temporal, postgres, models, news }: Settings,
  absolute: ToAbsolute,
) {
  const issues: ConfigIssue[] = [];
  const pick = (
    given: Secret | undefined,
    file: string | undefined,
    path: readonly string[],
  ): Secret | undefined => {
    if (given !== undefined || file === undefined) return given;
    try {
      const text = readFileSync(absolute(file), 'utf8').trim();
      if (text !== '') return new Secret(text);
      issues.push(issueAt(layers, path, 'the file is empty; it must hold nothing but the secret'));
    } catch (error) {
      issues.push(issueAt(layers, path, `cannot be read: ${(error as Error).message}`));
    }
    return undefined;
  };
  const secrets = {
    exchange: {
      apiKey: pick(exchange.apiKey, exchange.apiKeyFile, ['exchange', 'apiKeyFile']),
      secret: pick(exchange.secret, exchange.secretFile, ['exchange', 'secretFile']),
    },
    temporal: { apiKey: pick(temporal.apiKey, temporal.apiKeyFile, ['temporal', 'apiKeyFile']) },
    postgres: { url: pick(postgres.url, postgres.urlFile, ['postgres', 'urlFile']) },
    models: {
      openaiApiKey: pick(models.openaiApiKey, models.openaiApiKeyFile, ['models', 'openaiApiKeyFile']),
      anthropicApiKey: pick(models.anthropicApiKey, models.anthropicApiKeyFile, [
        'models',
        'anthropicApiKeyFile',
      ]),
      compatibleApiKey: pick(models.compatibleApiKey, models.compatibleApiKeyFile, [
        'models',
        'compatibleApiKeyFile',
      ]),
    },
    news: {
      redditClientId: pick(news.redditClientId, news.redditClientIdFile, ['news', 'redditClientIdFile']),
      redditClientSecret: pick(news.redditClientSecret, news.redditClientSecretFile, [
        'news',
        'redditClientSecretFile',
      ]),
      xBearerToken: pick(news.xBearerToken, news.xBearerTokenFile, ['news', 'xBearerTokenFile']),
    },
  };
  if (issues.length > 0) throw new ConfigError(issues);
  return secrets;
}
