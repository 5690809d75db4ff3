import { defineCommand } from '../command';
import { withContext } from '../context';
import { saidReason } from '../reason';
import { resumeTrading } from '../resume-client';

export const resumeTradingCommand = defineCommand<{ readonly reason?: string }>({
  command: 'resume-trading',
  describe: 'Trade again after a halt or a loss limit; needs a reason',
  builder: (yargs) =>
    yargs.option('reason', {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'Why it is safe now',
    }),
  run: (options) =>
    withContext(options, async ({ account, by, output, temporal }) => {
      const reason = saidReason(options.reason ?? '', 'ballast resume-trading --reason "the feed is back"');
      const mode = await resumeTrading(await temporal(), account.account, { by, reason });
      output.result({ mode }, () => {
        output.say(`Account ${account.account} is ${mode}.`);
      });
    }),
});
