import { z } from 'zod';
import { amount, milliseconds, name, path, secret, url } from './fields';

/** Where a model runs. */
export const ModelProvider = {
  /** A GGUF file in a process of Ballast. */
  Local: 'local',
  OpenAi: 'openai',
  Anthropic: 'anthropic',
  /** A server that speaks OpenAI's protocol: Ollama, vLLM, llama.cpp's own. */
  Compatible: 'compatible',
} as const;
export type ModelProvider = (typeof ModelProvider)[keyof typeof ModelProvider];

const modelSchema = z
  .strictObject({
    /** Unique; what roles name. */
    name,
    provider: z.enum(ModelProvider),
    /** The vendor's name of the model; for `local` the GGUF file. */
    model: z.string().min(1),
    /** Base URL of a server; for `openai` and `anthropic` instead of the vendor's own. */
    baseUrl: url(['http:', 'https:']).optional(),
    /** False for models that take neither temperature nor seed. */
    sampling: z.boolean().default(true),
    /** The last day that its training covers; published ones are known. */
    cutOff: z.iso.date('must be a day like 2025-03-31').optional(),
    /** Dollars per million tokens. Vendors' models must have one: without it the budget could not be kept. */
    price: z.strictObject({ inputPerMillionUsd: amount, outputPerMillionUsd: amount }).optional(),
    /** Calls at once. */
    concurrency: z.int().min(1).max(256).default(4),
    /** Wall milliseconds of one attempt. */
    timeoutMs: milliseconds(10, 600_000).default(10_000),
    /** Attempts after the first, while the server is away or asks for patience. */
    retries: z.int().min(0).max(10).default(2),
    /** Of `local` only. */
    local: z
      .strictObject({
        /** Answers that are computed in one batch. */
        sequences: z.int().min(1).max(64).default(4),
        /** Tokens of a question and its answer. */
        contextTokens: z.int().min(128).max(1_000_000).default(2048),
        /** Measure before raising it: more threads than free cores are slower by orders of magnitude. */
        maxThreads: z.int().min(1).max(256).default(1),
        gpu: z.union([z.literal('auto'), z.literal(false)], 'must be auto or false').default(false),
      })
      .prefault({}),
  })
  .superRefine(({ provider, baseUrl, price }, context) => {
    const issue = (key: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [key], message });
    };
    if (provider === ModelProvider.Compatible && baseUrl === undefined)
      issue('baseUrl', 'a compatible server has to be named, like http://localhost:11434/v1');
    if (provider === ModelProvider.Local && baseUrl !== undefined)
      issue('baseUrl', 'a local model has no server: leave it out, or set provider to compatible');
    const isVendor = provider === ModelProvider.OpenAi || provider === ModelProvider.Anthropic;
    if (isVendor && price === undefined)
      issue('price', 'needed to keep the budget: write what the vendor asks per million tokens');
  });
export type ModelConfig = Readonly<z.infer<typeof modelSchema>>;

/** Language models, besides the one that comes with Ballast. None is needed: without one, what would ask them stays off. */
export const modelsSchema = z.strictObject({
  available: z.array(modelSchema).default([]),
  /** Names of models by role, in the order in which they are asked; `scorer` judges headlines, by the embedded model unless named. */
  roles: z
    .record(z.string().regex(/^[a-z][a-z-]{0,39}$/, 'must be small letters and "-"'), z.array(name))
    .default({}),
  /** Wall milliseconds for an answer, everything included; then Ballast goes on without. */
  deadlineMs: milliseconds(10, 600_000).default(10_000),
  /** Dollars per calendar month (UTC), over all models. */
  monthlyBudgetUsd: amount.prefault('100'),
  /** How long an answer is given again to the same question; 0 for never. */
  cacheTtlMs: milliseconds(0, 86_400_000).default(300_000),
  /** off: ask and record. refuse, skip: ask nobody, and refuse or go without what was not recorded. */
  replay: z.enum(['off', 'refuse', 'skip']).default('off'),
  openaiApiKey: secret.optional(),
  openaiApiKeyFile: path.optional(),
  anthropicApiKey: secret.optional(),
  anthropicApiKeyFile: path.optional(),
  compatibleApiKey: secret.optional(),
  compatibleApiKeyFile: path.optional(),
});
