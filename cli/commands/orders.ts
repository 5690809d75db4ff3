import { isTerminal, OrderState } from '../../domain/order';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { averagePrice, plain } from '../format';
import { filterOf, listBuilder, type ListOptions } from '../list-options';
import { columns } from '../output';

export const ordersCommand = defineCommand<ListOptions & { readonly open: boolean }>({
  command: 'orders',
  describe: 'Orders, newest first; --open for those not yet settled',
  builder: (yargs) =>
    listBuilder(yargs).option('open', {
      type: 'boolean',
      default: false,
      describe: 'Only orders not yet settled',
    }),
  run: (options) =>
    withContext(options, async (context) => {
      const views = await context.views();
      const states = options.open
        ? Object.values(OrderState).filter((state) => !isTerminal(state))
        : undefined;
      const list = await views.orders({ ...filterOf(context, options), states });
      context.output.result(list, () => {
        const rows = list.map((order) => [
          order.createdAt.slice(11, 19),
          order.symbol,
          order.strategy,
          order.leg,
          `${order.side} ${order.type}`,
          plain(order.quantity),
          plain(order.stopPrice ?? order.limitPrice, 2),
          order.state,
          plain(order.filledQuantity),
          plain(averagePrice(order.filledQuote, order.filledQuantity), 2),
          order.reason ?? '',
          order.clientOrderId,
        ]);
        const heads = columns(
          'wall utc',
          'pair',
          'strategy',
          'leg',
          'order',
          '>quantity',
          '>price',
          'state',
          '>filled',
          '>at',
          'reason',
          'client order id',
        );
        context.output.table(heads, rows, options.open ? 'No order is open.' : 'No order has been made yet.');
      });
    }),
});
