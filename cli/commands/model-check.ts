import { deadlineIn, until } from '../../adapters/llm/deadline';
import { parseAnswer } from '../../adapters/llm/form';
import { openModel } from '../../adapters/llm/open-models';
import {
  HEADLINE_TOKENS,
  headlineForm as form,
  headlinePrompt,
  headlineValues,
} from '../../adapters/news/headline-question';
import type { BallastConfig } from '../../config/config';
import { createScrubber } from '../../config/secret-values';
import { UserError } from '../../domain/errors';
import { defineCommand } from '../command';
import { messageOf, RefusedError } from '../failure';
import { locateConfig } from '../locate-config';
import { columns, createOutput } from '../output';

export const modelCheckCommand = defineCommand<{ readonly name: string | undefined }>({
  command: 'check [name]',
  describe: 'Ask each configured model, or one, a short question (vendors charge for it)',
  builder: (yargs) => yargs.positional('name', { type: 'string', describe: 'A configured model' }),
  run: async (options) => {
    const { config } = locateConfig(options);
    const output = createOutput(options.json, (text) => process.stdout.write(text));
    const chosen = choose(config, options.name);
    const checks: Awaited<ReturnType<typeof check>>[] = [];
    for (const model of chosen) checks.push(await check(config, model));
    output.result(checks, () => {
      output.table(
        columns('name', 'works', '>ms', 'answer'),
        checks.map(({ name, ok, latencyMs, text }) => [name, ok ? 'yes' : 'NO', String(latencyMs), text]),
        'No language model is configured. Add one with: ballast model add FILE|URL',
      );
    });
    const broken = checks.filter(({ ok }) => !ok);
    if (broken.length > 0)
      throw new RefusedError(
        `${broken.map(({ name }) => name).join(', ')} did not answer as asked.`,
        'What is wrong is told above; docs/models.md says what models need.',
      );
  },
});

type Model = BallastConfig['models']['available'][number];

function choose({ models }: BallastConfig, name: string | undefined): readonly Model[] {
  if (name === undefined) return models.available;
  const chosen = models.available.filter((model) => model.name === name);
  if (chosen.length > 0) return chosen;
  const known = models.available.map((model) => model.name).join(', ') || 'none';
  throw new UserError(`There is no model "${name}".`, `Configured are: ${known}.`);
}

/** Opens a model, asks once, within its own time. Loading is not part of the latency. */
async function check(config: BallastConfig, settings: Model) {
  const scrub = createScrubber(config);
  const { name, timeoutMs } = settings;
  let startedMs = Date.now();
  const result = (ok: boolean, text: string) => ({
    ...{ name, ok, latencyMs: Date.now() - startedMs, text: scrub(text) },
  });
  try {
    const model = await openModel(settings, config.models);
    const deadline = deadlineIn(timeoutMs);
    try {
      startedMs = Date.now();
      const messages = headlinePrompt().render(headlineValues('Regulator approves the first spot fund'));
      const request = { messages, form, maxTokens: HEADLINE_TOKENS, temperature: 0, seed: 0 };
      const answer = await until(deadline.signal, model.complete(request, deadline));
      return result(true, JSON.stringify(parseAnswer(form, answer)));
    } finally {
      deadline.clear();
      await model.close();
    }
  } catch (error) {
    return result(false, messageOf(error));
  }
}
