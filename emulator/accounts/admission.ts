import { isTriggered } from '../engine/book';
import { costOf } from '../engine/instrument';
import type { Matcher } from '../engine/matching';
import { isContingent, isOpen, OrderType, Refusal, Side } from '../engine/types';
import { maxUnits } from '../engine/units';
import { MAX_OPEN_ORDERS, MAX_RESIDENT_STOPS, type ParsedOrder } from './filters';
import { lockFor } from './locks';
import type { ExchangeState } from './state';

/** An order that will be accepted: its quantity, and the money it holds from the start. */
export interface Prepared {
  readonly parsed: ParsedOrder;
  readonly quantityLots: number;
  readonly locked: bigint;
}

/** Decides whether an order that has passed the filters is accepted, given the account and the book as they are. */
export class Admission {
  constructor(
    private readonly state: ExchangeState,
    private readonly matcher: (symbol: string) => Matcher,
  ) {}

  /** Everything that depends on the account and the book; what it returns is accepted without further question. */
  prepare(account: string, parsed: ParsedOrder, otherStops = 0): Prepared {
    const { instrument, book } = this.matcher(parsed.symbol);
    this.checkCounts(account, parsed, otherStops);
    if (isContingent(parsed.type) && isTriggered(parsed, book.lastTicks)) {
      throw new Refusal(-2010, 'Stop price would trigger immediately.');
    }
    if (parsed.type === OrderType.LimitMaker && book.best(parsed.side, parsed.priceTicks) !== undefined) {
      throw new Refusal(-2010, 'Order would immediately match and take.');
    }
    const prepared =
      parsed.type === OrderType.Market ? this.planMarket(account, parsed) : this.planResting(parsed);
    const paying = parsed.side === Side.Buy ? instrument.quote : instrument.base;
    // A budget must be there in full, even when the book cannot take it all.
    const needed = parsed.side === Side.Buy ? maxUnits(prepared.locked, parsed.quoteBudget) : prepared.locked;
    if (this.state.balance(account, paying).free < needed) {
      throw new Refusal(-2010, 'Account has insufficient balance for requested action.');
    }
    return prepared;
  }

  private checkCounts(account: string, parsed: ParsedOrder, otherStops: number): void {
    const open = [...this.state.openOrders(account)].filter((order) => order.symbol === parsed.symbol);
    if (open.length >= MAX_OPEN_ORDERS) throw new Refusal(-1013, 'Filter failure: MAX_NUM_ORDERS');
    const stops = open.filter((order) => isContingent(order.type) && !order.working);
    if (isContingent(parsed.type) && stops.length + otherStops >= MAX_RESIDENT_STOPS) {
      throw new Refusal(-1013, 'Filter failure: MAX_NUM_ALGO_ORDERS');
    }
    if (parsed.clientOrderId === undefined) return;
    const twin = this.state.orderByClientId(account, parsed.symbol, parsed.clientOrderId);
    if (twin !== undefined && isOpen(twin.status)) throw new Refusal(-2010, 'Duplicate order sent.');
  }

  private planResting(parsed: ParsedOrder): Prepared {
    const { instrument } = this.matcher(parsed.symbol);
    const atStop = costOf(instrument, parsed.stopTicks, parsed.quantityLots);
    return {
      parsed,
      quantityLots: parsed.quantityLots,
      locked: lockFor(instrument, parsed, parsed.quantityLots, atStop),
    };
  }

  /** Walks the book: how many lots a market order gets, and what they cost. */
  private planMarket(account: string, parsed: ParsedOrder): Prepared {
    const { instrument, book } = this.matcher(parsed.symbol);
    const { lotStep, minLots } = this.state.rulesOf(parsed.symbol);
    const byBudget = parsed.quoteBudget > 0n;
    let lots = 0;
    let cost = 0n;
    for (const level of book.liquidity(parsed.side, undefined, account)) {
      const wanted = byBudget
        ? Number((parsed.quoteBudget - cost) / costOf(instrument, level.priceTicks, 1))
        : parsed.quantityLots - lots;
      const part = Math.min(wanted, level.quantityLots);
      if (part === 0) break;
      lots += part;
      cost += costOf(instrument, level.priceTicks, part);
    }
    const wholeLots = lots - (lots % lotStep);
    if (byBudget && wholeLots < minLots) {
      throw book.best(parsed.side, undefined) === undefined
        ? new Refusal(-1112, 'No orders on book for symbol.')
        : new Refusal(-1013, 'Filter failure: LOT_SIZE');
    }
    const quantityLots = byBudget ? wholeLots : parsed.quantityLots;
    return { parsed, quantityLots, locked: lockFor(instrument, parsed, quantityLots, cost) };
  }
}
