import { defineCommand } from '../command';
import { withContext } from '../context';
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
    withContext(options, async ({ account, by, output, store, temporal }) => {
      const reason = options.reason ?? '';
      const client = await temporal();
      const journal = await store();
      await journal.audit({ account: account.account, command: 'resume-trading', arguments: {}, reason, by });
      const mode = await resumeTrading(client, account.account, { by, reason });
      output.result({ mode }, () => {
        output.say(`Account ${account.account} is ${mode}.`);
      });
    }),
});
