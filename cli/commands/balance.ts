import { defineCommand, noOptions } from '../command';
import { withContext } from '../context';
import { plain } from '../format';
import { columns } from '../output';

export const balanceCommand = defineCommand({
  command: 'balance',
  describe: 'What the exchange holds for the account',
  builder: noOptions,
  run: (options) =>
    withContext(options, async (context) => {
      const exchange = await context.exchange();
      const list = await exchange.balances();
      context.output.result(list, () => {
        const rows = list.map(({ asset, free, locked }) => [asset, plain(free), plain(locked)]);
        context.output.table(columns('asset', '>free', '>in orders'), rows, 'The account is empty.');
        context.output.say(
          `Account ${context.account.account} on ${context.account.venue}, mode ${context.config.mode}.`,
        );
      });
    }),
});
