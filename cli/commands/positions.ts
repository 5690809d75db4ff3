import { describeStranded } from '../../domain/delisting';
import { isDelisted, PositionState, type PositionView } from '../../domain/position';
import { defineCommand } from '../command';
import { withContext, type Context } from '../context';
import { gain, money, plain, span, utcTime, price } from '../format';
import { filterOf, listBuilder, type ListOptions } from '../list-options';
import { readMarket, type MarketNow } from '../market-now';
import { columns } from '../output';
import { protectionOf, troubleOf, unrealisedPnl, worthOf } from '../position-facts';

export const positionsCommand = defineCommand<ListOptions & { readonly closed: boolean }>({
  command: 'positions',
  describe: 'Open positions with stop, target and result; --closed for past ones',
  builder: (yargs) =>
    listBuilder(yargs).option('closed', {
      type: 'boolean',
      default: false,
      describe: 'Closed positions instead',
    }),
  run: (options) =>
    withContext(options, async (context) => {
      const views = await context.views();
      const state = options.closed ? PositionState.Closed : PositionState.Live;
      const list = await views.positions({ ...filterOf(context, options), state });
      if (options.closed) {
        context.output.result(list, () => {
          printClosed(context, list);
        });
        return;
      }
      const market = await readMarket(context, [...new Set(list.map(({ symbol }) => symbol))]);
      const facts = list.map((position) => ({
        ...position,
        unrealisedPnl: unrealisedPnl(position, market?.bids),
      }));
      context.output.result(facts, () => {
        printOpen(context, list, market);
      });
    }),
});

function printOpen({ output }: Context, list: readonly PositionView[], market: MarketNow | undefined): void {
  const rows = list.map((position) => {
    const worth = worthOf(position, market?.bids);
    const result = unrealisedPnl(position, market?.bids);
    return [
      position.symbol,
      position.strategy,
      plain(position.ledger.heldQuantity),
      price(position.ledger.averageEntry),
      worth === undefined ? '–' : money(worth),
      protectionOf(position),
      price(position.targetPrice),
      result === undefined ? '–' : gain(result),
      position.openedAtMs === null || market === undefined
        ? '–'
        : span(market.marketTimeMs - position.openedAtMs),
      troubleOf(position),
    ];
  });
  const heads = columns(
    'pair',
    'strategy',
    '>held',
    '>entry',
    '>worth',
    '>stop',
    '>target',
    '>unrealised',
    '>age',
    'leaving',
  );
  output.table(heads, rows, 'No position is open.');
  for (const position of list.filter(isDelisted))
    output.say(
      `The exchange does not list ${position.symbol} any more, so ${describeStranded(position, null)} cannot be sold. Withdraw or convert it at the exchange, then run: ballast reconcile`,
    );
}

function printClosed({ output }: Context, list: readonly PositionView[]): void {
  const rows = list.map(({ symbol, strategy, ledger, openedAtMs, closedAtMs, exitReason, unprotectedMs }) => [
    closedAtMs === null ? '–' : utcTime(closedAtMs, 'minutes'),
    symbol,
    strategy,
    plain(ledger.boughtQuantity),
    price(ledger.averageEntry),
    gain(ledger.realisedPnl),
    exitReason ?? '–',
    openedAtMs === null || closedAtMs === null ? '–' : span(closedAtMs - openedAtMs),
    `${unprotectedMs} ms`,
  ]);
  const heads = columns(
    'closed (utc)',
    'pair',
    'strategy',
    '>bought',
    '>entry',
    '>result',
    'why',
    '>held for',
    '>unprotected',
  );
  output.table(heads, rows, 'No position has been closed yet.');
}
