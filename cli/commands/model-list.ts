import { publishedCutOff } from '../../adapters/llm/cut-off';
import type { BallastConfig } from '../../config/config';
import { defineCommand, noOptions } from '../command';
import { locateConfig } from '../locate-config';
import { columns, createOutput } from '../output';

export const modelListCommand = defineCommand({
  command: 'list',
  describe: 'The configured models, what they do and what they cost',
  builder: noOptions,
  run: (options) => {
    const { models } = locateConfig(options).config;
    const output = createOutput(options.json, (text) => process.stdout.write(text));
    const list = models.available.map((model) => shown(model, models.roles));
    const { monthlyBudgetUsd, deadlineMs, replay } = models;
    output.result({ models: list, monthlyBudgetUsd, deadlineMs, replay }, () => {
      output.table(
        columns('name', 'provider', 'model', 'roles', 'cut-off', '>$ per million in', '>out'),
        list.map(({ name, provider, model, roles, cutOff, price }) => [
          ...[name, provider, model, roles.join(' ') || '(none)', cutOff ?? 'unknown'],
          ...[price?.inputPerMillionUsd ?? 'free', price?.outputPerMillionUsd ?? 'free'],
        ]),
        'No language model is configured; nothing that would ask one runs. Add one with: ballast model add FILE|URL',
      );
      if (list.length > 0) output.say(`\nat most $${monthlyBudgetUsd} a month, ${deadlineMs} ms an answer`);
    });
    return Promise.resolve();
  },
});

type Models = BallastConfig['models'];

const shown = (
  { name, provider, model, cutOff, price }: Models['available'][number],
  roles: Models['roles'],
) => ({
  ...{ name, provider, model },
  roles: Object.keys(roles).filter((role) => roles[role]?.includes(name) === true),
  cutOff: cutOff ?? publishedCutOff(model) ?? null,
  price: price ?? null,
});
