import { join } from 'node:path';
import { modelsSchema, ModelProvider, type ModelConfig } from './models-schema';
import { projectRoot } from './project-root';
import type { Settings } from './schema';

/** The name of the model that comes with Ballast. */
export const EMBEDDED_MODEL = 'embedded';
/** The role whose models judge headlines. */
export const HEADLINES_ROLE = 'scorer';

/** A batch of headlines, half of them computed at once: more sequences cost more memory than they save time. */
const AT_ONCE = 20;
const SEQUENCES = 10;

/**
 * The models that are configured, and the one that comes with Ballast: it is there unless another has its name, and it judges headlines
 * unless the role names others, or none.
 */
export function withEmbeddedModel(models: Settings['models']): Settings['models'] {
  const { available, roles } = models;
  const isNamed = available.some(({ name }) => name === EMBEDDED_MODEL);
  return {
    ...models,
    available: isNamed ? available : [...available, embeddedModel()],
    roles: { [HEADLINES_ROLE]: [EMBEDDED_MODEL], ...roles },
  };
}

const embeddedFile = (): string => join(projectRoot(), 'adapters/llm/embedded/headlines.gguf');

/** The model that comes with Ballast judges headlines, and can do nothing else. */
export const isHeadlineScorer = ({ provider, model }: Pick<ModelConfig, 'provider' | 'model'>): boolean =>
  provider === ModelProvider.Local && /(?:^|[\\/])llm[\\/]embedded[\\/]/.test(model);

/** The models of each role that may be able to do more than to judge a headline: all but the one that comes with Ballast. */
export function conversingModels({
  available,
  roles,
}: {
  readonly available: readonly Pick<ModelConfig, 'name' | 'provider' | 'model'>[];
  readonly roles: Readonly<Record<string, readonly string[]>>;
}): Readonly<Record<string, readonly string[]>> {
  const names = available.filter((model) => !isHeadlineScorer(model)).map(({ name }) => name);
  return Object.fromEntries(
    Object.entries(roles).map(([role, chain]) => [role, chain.filter((name) => names.includes(name))]),
  );
}

function embeddedModel(): Settings['models']['available'][number] {
  const entry = {
    name: EMBEDDED_MODEL,
    provider: ModelProvider.Local,
    model: embeddedFile(),
    concurrency: AT_ONCE,
    local: { sequences: SEQUENCES, contextTokens: 512 },
  };
  const [model] = modelsSchema.parse({ available: [entry] }).available;
  if (model === undefined) throw new Error('The embedded model is not configured.');
  return model;
}
