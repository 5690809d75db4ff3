import type { Argv } from 'yargs';
import { dataDownloadCommand } from './data-download';
import { dataExportCommand } from './data-export';
import { dataImportCommand } from './data-import';
import { dataListCommand } from './data-list';
import { dataVerifyCommand } from './data-verify';

export const dataCommand = {
  command: 'data <action>',
  describe: 'Market history: import, list, verify, export, download',
  builder: (yargs: Argv) =>
    yargs
      .command([
        dataImportCommand,
        dataListCommand,
        dataVerifyCommand,
        dataExportCommand,
        dataDownloadCommand,
      ])
      .demandCommand(1, 'Which of them? See: ballast data --help'),
  handler: () => undefined,
};
