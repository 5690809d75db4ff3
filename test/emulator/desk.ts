import { ExchangeState } from '../../emulator/accounts/state';
import type { OrderRequest } from '../../emulator/accounts/filters';
import { createInstrument, type Instrument } from '../../emulator/engine/instrument';
import {
  Refusal,
  type ExchangeEvent,
  type Order,
  type OrderType,
  type Side,
} from '../../emulator/engine/types';
import { formatUnits, requireUnits } from '../../emulator/engine/units';
import { Exchange } from '../../emulator/exchange';
import type { SymbolSpec } from '../../emulator/market/source';
import { BTC, scriptedMarket, START_MS, type ScriptedStep } from './scripted-market';

export interface DeskOptions {
  readonly accounts?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly symbols?: readonly SymbolSpec[];
  readonly makerPpm?: bigint;
  readonly takerPpm?: bigint;
  /** The five-minute average price, in quote. */
  readonly averagePrice?: number;
}

/** The exchange's state machine with a hand on everything that drives it: no clock, no disk, no network. */
export class Desk {
  readonly exchange: Exchange;
  readonly state: ExchangeState;
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** Everything that has happened. */
  readonly events: ExchangeEvent[] = [];
  nowMs = START_MS;
  private readonly symbols: readonly SymbolSpec[];

  constructor(options: DeskOptions = {}) {
    this.symbols = options.symbols ?? [BTC];
    this.instruments = new Map(this.symbols.map((spec) => [spec.symbol, createInstrument(spec)]));
    this.state = new ExchangeState(this.instruments);
    const { makerPpm = 1000n, takerPpm = 1000n, averagePrice = 100 } = options;
    this.exchange = new Exchange(this.state, this.instruments, { makerPpm, takerPpm }, () =>
      Math.round(averagePrice * 100),
    );
    const accounts = options.accounts ?? {
      alice: { USDT: '10000', BTC: '10' },
      bob: { USDT: '10000', BTC: '10' },
    };
    for (const [name, balances] of Object.entries(accounts)) {
      const units = Object.entries(balances).map(
        ([asset, text]) => [asset, requireUnits(text, asset)] as const,
      );
      this.exchange.openAccount(name, Object.fromEntries(units));
    }
    this.collect();
  }

  /** Puts the next market step in place, one second after the last. */
  market(step: Omit<ScriptedStep, 'atMs'>): ExchangeEvent[] {
    this.nowMs += 1000;
    const source = scriptedMarket([{ ...step, atMs: this.nowMs - START_MS }], { symbols: this.symbols });
    for (const each of source.steps(0, this.nowMs)) this.exchange.step(each);
    return this.collect();
  }

  place(
    account: string,
    side: Side,
    type: OrderType,
    rest: Omit<OrderRequest, 'symbol' | 'side' | 'type'>,
  ): Order {
    const order = this.exchange.place(account, { symbol: 'BTCUSDT', side, type, ...rest }, this.nowMs);
    this.collect();
    return order;
  }

  /** The refusal that `act` ends in, as `code message`; fails when it is not refused or has changed something. */
  refusal(act: () => unknown): string {
    try {
      act();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (this.collect().length > 0)
        throw new Error('a refused command has changed something', { cause: error });
      return `${error.code} ${error.message}`;
    }
    throw new Error('the command was accepted');
  }

  /** `[free, locked]` as decimals. */
  balance(account: string, asset: string): [string, string] {
    const { free, locked } = this.state.balance(account, asset);
    return [trim(formatUnits(free)), trim(formatUnits(locked))];
  }

  /** Fills of an order as `[price, quantity, isMaker]` in quote and base. */
  fills(order: Order): [number, number, boolean][] {
    const lots = Number(this.symbols.find(({ symbol }) => symbol === order.symbol)?.stepSize);
    return this.state.trades
      .filter((trade) => trade.orderId === order.orderId)
      .map((trade) => [trade.priceTicks / 100, Number((trade.lots * lots).toFixed(8)), trade.isMaker]);
  }

  collect(): ExchangeEvent[] {
    const events = this.exchange.drain();
    this.events.push(...events);
    return events;
  }
}

function trim(text: string): string {
  return text.replace(/\.?0+$/, '');
}

/** A small book around 100. */
export const ladder = {
  bids: [
    [99, 1],
    [98, 2],
    [97, 5],
  ],
  asks: [
    [101, 1],
    [102, 2],
    [103, 5],
  ],
} as const;

/** A desk whose market stands at 100 with the ladder in place. */
export function openDesk(): Desk {
  const desk = new Desk();
  desk.market({ ...ladder, prints: [['buy', 100, 0.1]] });
  return desk;
}
