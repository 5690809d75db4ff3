import type { Argv } from 'yargs';
import { evaluateAgentCommand } from './evaluate-agent';
import { evaluateSentimentCommand } from './evaluate-sentiment';

export const evaluateCommand = {
  command: 'evaluate <what>',
  describe: 'What models are worth: agent, sentiment',
  builder: (yargs: Argv) =>
    yargs
      .command([evaluateAgentCommand, evaluateSentimentCommand])
      .demandCommand(1, 'Which of them? See: ballast evaluate --help'),
  handler: () => undefined,
};
