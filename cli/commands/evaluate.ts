import type { Argv } from 'yargs';
import { evaluateSentimentCommand } from './evaluate-sentiment';

export const evaluateCommand = {
  command: 'evaluate <what>',
  describe: 'What models are worth: sentiment',
  builder: (yargs: Argv) =>
    yargs.command([evaluateSentimentCommand]).demandCommand(1, 'Which of them? See: ballast evaluate --help'),
  handler: () => undefined,
};
