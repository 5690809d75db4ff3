import type { Argv } from 'yargs';
import { modelAddCommand } from './model-add';
import { modelCheckCommand } from './model-check';
import { modelListCommand } from './model-list';

export const modelCommand = {
  command: 'model <action>',
  describe: 'Language models: list, add, check',
  builder: (yargs: Argv) =>
    yargs
      .command([modelListCommand, modelAddCommand, modelCheckCommand])
      .demandCommand(1, 'Which of them? See: ballast model --help'),
  handler: () => undefined,
};
