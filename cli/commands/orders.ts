import { isTerminal, OrderState } from '../../domain/order';
import { defineCommand } from '../command';
import { withContext } from '../context';
import { averagePrice, plain, price } from '../format';
import { filterOf, listBuilder, type ListOptions } from '../list-options';
import { columns } from '../output';

export const ordersCommand = defineCommand<ListOptions & { readonly open: boolean; readonly ids: boolean }>({
  command: 'orders',
  describe: 'Orders, newest first; --open for those not yet settled',
  builder: (yargs) =>
    listBuilder(yargs)
      .option('open', { type: 'boolean', default: false, describe: 'Only orders not yet settled' })
      .option('ids', { type: 'boolean', default: false, describe: 'With client order ids' }),
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
          price(order.stopPrice ?? order.limitPrice),
          order.state,
          plain(order.filledQuantity),
          price(averagePrice(order.filledQuote, order.filledQuantity)),
          order.reason ?? '',
          ...(options.ids ? [order.clientOrderId] : []),
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
          ...(options.ids ? ['client order id'] : []),
        );
        context.output.table(heads, rows, options.open ? 'No order is open.' : 'No order has been made yet.');
      });
    }),
});
