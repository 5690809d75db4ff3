import { defineCommand } from '../command';
import { withContext } from '../context';
import { plain, utcTime, price } from '../format';
import { filterOf, listBuilder, type ListOptions } from '../list-options';
import { columns } from '../output';

export const tradesCommand = defineCommand<ListOptions>({
  command: 'trades',
  describe: 'Fills, newest first',
  builder: (yargs) => listBuilder(yargs),
  run: (options) =>
    withContext(options, async (context) => {
      const views = await context.views();
      const list = await views.trades(filterOf(context, options));
      context.output.result(list, () => {
        const rows = list.map((fill) => [
          utcTime(fill.marketTimeMs),
          fill.symbol,
          fill.strategy,
          fill.leg,
          fill.side,
          plain(fill.quantity),
          price(fill.price),
          `${plain(fill.fee)} ${fill.feeAsset}`,
          fill.liquidity,
          fill.source,
        ]);
        const heads = columns(
          'market time (utc)',
          'pair',
          'strategy',
          'leg',
          'side',
          '>quantity',
          '>price',
          '>fee',
          'as',
          'learnt from',
        );
        context.output.table(heads, rows, 'Nothing has been traded yet.');
      });
    }),
});
