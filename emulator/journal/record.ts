import { ExchangeState } from '../accounts/state';
import { createInstrument, priceText, quantityText, type Instrument } from '../engine/instrument';
import type { Order, Trade } from '../engine/types';
import { formatUnits } from '../engine/units';
import { generations, readClock, readJournal, type JournalContents } from './files';

/** One order as the exchange remembers it. Prices, quantities and money are decimal strings; times are market time. */
export interface RecordedOrder {
  readonly orderId: number;
  readonly account: string;
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly side: string;
  readonly type: string;
  readonly timeInForce: string;
  readonly status: string;
  readonly working: boolean;
  readonly price: string;
  readonly stopPrice: string;
  readonly quantity: string;
  readonly executedQuantity: string;
  readonly executedQuote: string;
  readonly listId: number;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** One order's side of one trade. `fee` is in `feeAsset`. */
export interface RecordedTrade {
  readonly tradeId: number;
  readonly orderId: number;
  readonly account: string;
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly side: string;
  readonly price: string;
  readonly quantity: string;
  readonly quote: string;
  readonly fee: string;
  readonly feeAsset: string;
  readonly isMaker: boolean;
  readonly timeMs: number;
}

export interface RecordedBalance {
  readonly account: string;
  readonly asset: string;
  readonly free: string;
  readonly locked: string;
}

export interface ExchangeRecord {
  readonly sessionId: string;
  readonly clockMs: number;
  readonly orders: readonly RecordedOrder[];
  readonly trades: readonly RecordedTrade[];
  readonly balances: readonly RecordedBalance[];
}

/**
 * The exchange's own truth, read from its journal folder: of an emulator that is running or of one that was killed. It
 * takes no lock and changes nothing.
 * @throws when the folder has no journal or the journal is damaged.
 */
export function readExchangeRecord(dir: string): ExchangeRecord {
  const contents = readSteadily(dir);
  const instruments = new Map(
    contents.head.session.symbols.map((spec) => [spec.symbol, createInstrument(spec)]),
  );
  const state = rebuild(contents, instruments);
  const recorded = contents.records.at(-1)?.clockMs ?? contents.head.clockMs;
  return {
    sessionId: contents.head.session.sessionId,
    clockMs: Math.max(recorded, readClock(dir) ?? 0),
    ...describe(state, instruments),
  };
}

/** The state that a journal's snapshot and records add up to. */
export function rebuild(
  contents: JournalContents,
  instruments: ReadonlyMap<string, Instrument>,
): ExchangeState {
  const state = new ExchangeState(instruments);
  state.restore(contents.head.snapshot);
  for (const record of contents.records) for (const event of record.events) state.apply(event);
  return state;
}

/** A living emulator may replace the file between listing and reading; then the newer one is read. */
export function readSteadily(dir: string): JournalContents {
  for (;;) {
    const before = generations(dir)[0];
    try {
      const contents = readJournal(dir);
      if (contents === undefined) throw new Error(`${dir} has no exchange journal`);
      return contents;
    } catch (error) {
      if (generations(dir)[0] === before) throw error;
    }
  }
}

export function describeTrade(trade: Trade, state: ExchangeState, instrument: Instrument): RecordedTrade {
  return {
    tradeId: trade.tradeId,
    orderId: trade.orderId,
    account: trade.account,
    symbol: trade.symbol,
    clientOrderId: state.requireOrder(trade.orderId).clientOrderId,
    side: trade.side,
    price: priceText(instrument, trade.priceTicks),
    quantity: quantityText(instrument, trade.lots),
    quote: formatUnits(trade.quote),
    fee: formatUnits(trade.fee),
    feeAsset: trade.feeAsset,
    isMaker: trade.isMaker,
    timeMs: trade.timeMs,
  };
}

export function describeOrder(order: Order, instrument: Instrument): RecordedOrder {
  return {
    orderId: order.orderId,
    account: order.account,
    symbol: order.symbol,
    clientOrderId: order.clientOrderId,
    side: order.side,
    type: order.type,
    timeInForce: order.timeInForce,
    status: order.status,
    working: order.working,
    price: priceText(instrument, order.priceTicks),
    stopPrice: priceText(instrument, order.stopTicks),
    quantity: quantityText(instrument, order.quantityLots),
    executedQuantity: quantityText(instrument, order.filledLots),
    executedQuote: formatUnits(order.filledQuote),
    listId: order.listId,
    createdMs: order.createdMs,
    updatedMs: order.updatedMs,
  };
}

function describe(
  state: ExchangeState,
  instruments: ReadonlyMap<string, Instrument>,
): Pick<ExchangeRecord, 'orders' | 'trades' | 'balances'> {
  const of = (symbol: string): Instrument => {
    const instrument = instruments.get(symbol);
    if (instrument === undefined) throw new Error(`the journal has orders on ${symbol} but not its rules`);
    return instrument;
  };
  return {
    orders: [...state.orders.values()].map((order) => describeOrder(order, of(order.symbol))),
    trades: state.trades.map((trade) => describeTrade(trade, state, of(trade.symbol))),
    balances: [...state.balances].flatMap(([account, assets]) =>
      [...assets].map(([asset, { free, locked }]) => ({
        account,
        asset,
        free: formatUnits(free),
        locked: formatUnits(locked),
      })),
    ),
  };
}
