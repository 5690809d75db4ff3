import type { Argv } from 'yargs';
import { dataImportCommand } from './data-import';
import { dataListCommand } from './data-list';

export const dataCommand = {
  command: 'data <action>',
  describe: 'Market history: import, list, verify, export, download',
  builder: (yargs: Argv) =>
    yargs
      .command([dataImportCommand, dataListCommand])
      .demandCommand(1, 'Which of them? See: ballast data --help'),
  handler: () => undefined,
};
