import { decimal, type DecimalString } from '../../domain/decimal';
import { sha256OfFile, requireGguf } from './local/gguf-file';
import { createLocalModel, type LocalModelOptions } from './local/local-model';
import type { ModelEntry } from './managed-model';
import type { LanguageModel } from './port';
import { createAnthropicModel } from './remote/anthropic-model';
import { createOpenAiModel } from './remote/openai-model';
import type { Revealable } from './remote/remote-failure';

/** A model as the configuration describes it. */
export interface ModelSettings {
  readonly name: string;
  readonly provider: 'local' | 'openai' | 'anthropic' | 'compatible';
  readonly model: string;
  readonly baseUrl?: string | undefined;
  readonly sampling: boolean;
  readonly price?:
    { readonly inputPerMillionUsd: DecimalString; readonly outputPerMillionUsd: DecimalString } | undefined;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly local: Omit<LocalModelOptions, 'path'>;
}

export interface ModelKeys {
  readonly openaiApiKey?: Revealable | undefined;
  readonly anthropicApiKey?: Revealable | undefined;
  readonly compatibleApiKey?: Revealable | undefined;
}

/** Calls that may wait for each one that runs. */
const WAITING_PER_CALL = 32;
const BREAKER = { failures: 5, coolMs: 30_000 } as const;
const FREE = { inputPerMillionUsd: decimal('0'), outputPerMillionUsd: decimal('0') } as const;

/** Loads or connects one model. @throws UserError when a local file is none */
export function openModel(settings: ModelSettings, keys: ModelKeys): Promise<LanguageModel> {
  const { provider, model, sampling, baseUrl, local } = settings;
  const remote = (apiKey: Revealable | undefined) => ({
    ...{ model, sampling },
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  switch (provider) {
    case 'local':
      return createLocalModel({ ...local, path: model });
    case 'openai':
      return createOpenAiModel({ ...remote(keys.openaiApiKey), dialect: 'openai' });
    case 'compatible':
      return createOpenAiModel({ ...remote(keys.compatibleApiKey), dialect: 'compatible' });
    case 'anthropic':
      return createAnthropicModel(remote(keys.anthropicApiKey));
  }
}

/** What exactly would answer, without loading it. */
async function identityOf({ provider, model }: ModelSettings): Promise<string> {
  if (provider !== 'local') return `${provider}:${model}`;
  await requireGguf(model);
  return `gguf:${await sha256OfFile(model)}`;
}

/** The configured models, for the manager. Nothing is opened before it is asked. */
export const modelEntries = (available: readonly ModelSettings[], keys: ModelKeys): readonly ModelEntry[] =>
  available.map((settings) => {
    let identity: Promise<string> | undefined;
    return {
      name: settings.name,
      identity: () => {
        const known = (identity ??= identityOf(settings));
        known.catch(() => (identity = undefined));
        return known;
      },
      open: () => openModel(settings, keys),
      price: settings.price ?? FREE,
      concurrency: settings.concurrency,
      queue: settings.concurrency * WAITING_PER_CALL,
      timeoutMs: settings.timeoutMs,
      retries: settings.retries,
      breaker: BREAKER,
    };
  });
