import { ModelFailure, ModelFailureKind } from '../llm/failure';
import type { ModelEntry } from '../llm/managed-model';
import type { ModelManager } from '../llm/manager';
import { HEADLINE_TOKENS, headlineForm, headlinePrompt, headlineValues } from './headline-question';
import type { HeadlineScore, HeadlineScorer } from './port';

export interface ModelScorerOptions {
  readonly manager: Pick<ModelManager, 'ask'>;
  /** Whose models are asked. */
  readonly role: string;
  /** Those models, in the order in which they are asked; at least one. */
  readonly chain: readonly Pick<ModelEntry, 'name' | 'identity' | 'concurrency'>[];
}

/** The model, or the text, is at fault; asking again would be answered alike. */
const LASTING: ReadonlySet<ModelFailureKind> = new Set([
  ModelFailureKind.Malformed,
  ModelFailureKind.Refused,
  ModelFailureKind.Rejected,
]);

/**
 * What the scores of a chain of models are kept under: who they are, to the hash of a local file, and the version of the prompt. A
 * model whose file cannot be read is told as such.
 */
export async function modelScorerName(chain: ModelScorerOptions['chain']): Promise<string> {
  const { name, version } = headlinePrompt();
  const judges = chain.map(async (model) => {
    const identity = await model.identity().catch(() => 'unreadable');
    // Twelve digits of a hash tell files apart.
    return `${model.name} (${identity.replace(/^(gguf:[0-9a-f]{12})[0-9a-f]*$/, '$1')})`;
  });
  return `${(await Promise.all(judges)).join(', ')}, ${name} v${version}`;
}

/**
 * Has headlines judged by language models. As many are asked at once as the narrowest model of the chain answers at once, so that none
 * waits in line while its time runs. An empty headline has no answer, and neither has one to which no model gives a valid one.
 */
export async function createModelScorer({
  manager,
  role,
  chain,
}: ModelScorerOptions): Promise<HeadlineScorer> {
  const prompt = headlinePrompt();
  const atOnce = Math.min(...chain.map(({ concurrency }) => concurrency));
  return {
    name: await modelScorerName(chain),
    async score(headlines, signal) {
      const scores: (HeadlineScore | null | undefined)[] = headlines.map(() => null);
      const waiting = headlines.map((text, index) => ({ index, values: headlineValues(text) }));
      const queue = waiting.filter(({ values }) => values.headline !== '').values();
      const failures: ModelFailure[] = [];
      const work = async (): Promise<void> => {
        for (const { index, values } of queue) {
          signal.throwIfAborted();
          const question = { role, prompt, values, form: headlineForm, maxTokens: HEADLINE_TOKENS };
          const reply = await manager.ask(question, { signal });
          if (reply.answered) scores[index] = reply.value;
          else if (!LASTING.has(reply.kind)) {
            scores[index] = undefined;
            failures.push(new ModelFailure(reply.kind, reply.message));
          }
        }
      };
      await Promise.all(Array.from({ length: Math.min(atOnce, headlines.length) }, work));
      signal.throwIfAborted();
      // Somebody who could not be asked has not been silent.
      const [first] = failures;
      if (first !== undefined && !scores.some(Boolean)) throw first;
      return scores;
    },
  };
}
