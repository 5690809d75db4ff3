import { join } from 'node:path';
import { modelsSchema, ModelProvider } from './models-schema';
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

function embeddedModel(): Settings['models']['available'][number] {
  const entry = {
    name: EMBEDDED_MODEL,
    provider: ModelProvider.Local,
    model: join(projectRoot(), 'adapters/llm/embedded/headlines.gguf'),
    concurrency: AT_ONCE,
    local: { sequences: SEQUENCES, contextTokens: 512 },
  };
  const [model] = modelsSchema.parse({ available: [entry] }).available;
  if (model === undefined) throw new Error('The embedded model is not configured.');
  return model;
}
