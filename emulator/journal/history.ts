import { ExchangeState } from '../accounts/state';
import { createInstrument } from '../engine/instrument';
import { describeOrder, describeTrade, readSteadily, type RecordedOrder, type RecordedTrade } from './record';

/** What changed about an order. The order is as the event left it. */
export type OrderChange =
  | { readonly kind: 'accepted' | 'triggered' | 'closed'; readonly order: RecordedOrder }
  | { readonly kind: 'traded'; readonly order: RecordedOrder; readonly trade: RecordedTrade };

/** One change, and when: wall and market time of the journal line it is in, in UTC milliseconds. */
export type HistoricalChange = OrderChange & {
  /** Null in lines that an earlier version wrote. */
  readonly wallMs: number | null;
  readonly clockMs: number;
};

/**
 * Every change of every order since the journal was begun or last compacted, in order. An emulator started with
 * `keepHistory` never compacts, so this is the whole session. Takes no lock and changes nothing.
 * @throws when the folder has no journal or the journal is damaged.
 */
export function readExchangeHistory(dir: string): readonly HistoricalChange[] {
  const { head, records } = readSteadily(dir);
  const instruments = new Map(head.session.symbols.map((spec) => [spec.symbol, createInstrument(spec)]));
  const state = new ExchangeState(instruments);
  state.restore(head.snapshot);
  const of = (orderId: number): RecordedOrder => {
    const order = state.requireOrder(orderId);
    return describeOrder(order, instrumentOf(order.symbol));
  };
  const instrumentOf = (symbol: string) => {
    const instrument = instruments.get(symbol);
    if (instrument === undefined) throw new Error(`the journal has orders on ${symbol} but not its rules`);
    return instrument;
  };
  const changes: HistoricalChange[] = [];
  for (const { clockMs, wallMs = null, events } of records) {
    for (const event of events) {
      state.apply(event);
      const at = { wallMs, clockMs };
      if (event.kind === 'orderAccepted')
        changes.push({ ...at, kind: 'accepted', order: of(event.order.orderId) });
      else if (event.kind === 'orderTriggered')
        changes.push({ ...at, kind: 'triggered', order: of(event.orderId) });
      else if (event.kind === 'orderClosed')
        changes.push({ ...at, kind: 'closed', order: of(event.orderId) });
      else if (event.kind === 'orderTraded') {
        const { trade } = event;
        const described = describeTrade(trade, state, instrumentOf(trade.symbol));
        changes.push({ ...at, kind: 'traded', order: of(trade.orderId), trade: described });
      }
    }
  }
  return changes;
}
