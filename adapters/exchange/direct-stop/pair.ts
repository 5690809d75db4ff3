import {
  add,
  isPositive,
  lessThan,
  maximum,
  minimum,
  subtract,
  ZERO,
  type DecimalString,
} from '../../../domain/decimal';
import { ExchangeFailure, FailureKind } from '../../../domain/errors';
import { roundQuantity, untradable, type Instrument } from '../../../domain/instrument';
import { REDUCING } from '../../../domain/order-timing';
import { Side } from '../../../domain/order';
import type { Balance, OrderReport } from '../port';
import { isUnlisted } from '../try-each';
import { OwnRecord } from './own-record';
import { offeredBy, restOf, Seller } from './seller';
import { all, type StopRun } from './stop-run';

/** What is ours still, and why it was not sold. */
export interface Left {
  readonly symbol: string;
  readonly quantity: DecimalString;
  readonly why: string;
}

/**
 * How a pass leaves a pair: `clean` has nothing of ours that could be sold, `stuck` has something that this command will not
 * sell, and `busy` needs another pass.
 */
export type Standing = 'clean' | 'stuck' | 'busy';

/** What an account shows at the start of a pass. */
export interface AccountView {
  readonly open: readonly OrderReport[];
  readonly balances: readonly Balance[];
  /** In market time: what happened before it cannot show any later. */
  readonly settledMs: number;
}

interface Rules {
  readonly instrument: Instrument;
  readonly bid: DecimalString;
}

/**
 * One pair of a direct stop. Ours is what our orders have bought and not sold by the exchange's record, and at least what
 * our resting sells offer: whoever placed them knew it for ours. What this run has sold is deducted from its own books, for
 * the record may be late.
 */
export class Pair {
  standing: Standing = 'busy';
  left: readonly Left[] = [];
  /** Until then nothing can be done for a pair that is busy. */
  notBeforeMs = 0;
  private isGone = false;
  private readonly record: OwnRecord;
  private readonly seller: Seller;
  /** Our sells that rest, or that this run has ended. */
  private readonly offers = new Map<string, OrderReport>();
  private readonly ended = new Set<string>();
  /** By a record that was read to its end; until then only what rests is known for ours. */
  private net: DecimalString | undefined;

  constructor(
    private readonly run: StopRun,
    readonly symbol: string,
  ) {
    this.seller = new Seller(run, symbol);
    const counts = (order: OrderReport): boolean =>
      run.isOurs(order) && !this.seller.isOwn(order.clientOrderId);
    this.record = new OwnRecord(run.options.exchange, symbol, counts);
  }

  /** Does what can be done at once. One that is gone from the exchange does not keep the others from being sold. */
  async pass(view: AccountView): Promise<void> {
    this.notBeforeMs = 0;
    try {
      this.standing = (await this.step(view)) ?? 'busy';
    } catch (error) {
      if (!isUnlisted(error)) throw error;
      this.giveUp(view);
    }
  }

  /** The exchange tells nothing of a pair that it no longer lists, but what the account holds. */
  private giveUp(view: AccountView): void {
    const { symbol } = this;
    if (!this.isGone) this.run.say(`${symbol} is not listed any more: nothing of it can be sold`);
    const [base = ''] = symbol.split('/');
    const { free = ZERO, locked = ZERO } = balanceOf(view, base);
    const quantity = add(free, locked);
    const why = 'in the account; its pair is not listed any more, and whose it is the exchange does not tell';
    this.left = isPositive(quantity) ? [{ symbol, quantity, why }] : [];
    this.standing = 'clean';
    this.isGone = true;
  }

  private async step(view: AccountView): Promise<Standing | undefined> {
    if (!(await this.seller.settle())) {
      this.left = this.seller.pending.map(({ symbol, quantity }) => ({
        symbol,
        quantity,
        why: 'it is not known whether the last sell arrived',
      }));
      return undefined;
    }
    const resting = await this.learnResting(view.open);
    const rules = await this.readRules();
    if (resting === undefined || rules === undefined) return undefined;
    const buys = view.open.filter(({ side }) => side === Side.Buy);
    const { kept, acted } = await this.leaveOrders(buys, resting, rules);
    if (acted) {
      this.left = [];
      return undefined;
    }
    return this.leaveBare(view, kept, rules);
  }

  /** Our sells that rest now. Undefined when it cannot be told what became of one. */
  private async learnResting(open: readonly OrderReport[]): Promise<readonly OrderReport[] | undefined> {
    for (const order of open) {
      this.record.learn(order);
      if (this.seller.isOwn(order.clientOrderId)) this.seller.learn(order);
      else if (order.side === Side.Sell) this.offers.set(order.clientOrderId, order);
    }
    const shown = new Set(open.map(({ clientOrderId }) => clientOrderId));
    const thought = [...this.offers.values(), ...this.seller.stops].filter(({ status }) => status === 'open');
    for (const { clientOrderId } of thought.filter((order) => !shown.has(order.clientOrderId))) {
      const found = await this.run.attempt(`look ${clientOrderId} up`, () =>
        this.run.options.exchange.lookUp(this.symbol, clientOrderId),
      );
      if (found?.value === undefined) return undefined;
      this.learnEnd(found.value);
    }
    return [...this.offers.values(), ...this.seller.stops].filter(({ status }) => status === 'open');
  }

  /** What another ended is not ours because it once rested: the record tells. */
  private learnEnd(report: OrderReport): void {
    const { clientOrderId } = report;
    this.record.learn(report);
    if (this.seller.isOwn(clientOrderId)) this.seller.learn(report);
    else if (report.status === 'open' || this.ended.has(clientOrderId))
      this.offers.set(clientOrderId, report);
    else this.offers.delete(clientOrderId);
  }

  private async readRules(): Promise<Rules | undefined> {
    const { exchange } = this.run.options;
    const read = await this.run.attempt(`read the rules of ${this.symbol}`, async () => {
      const [[instrument], [quote]] = await Promise.all([
        exchange.instruments([this.symbol]),
        exchange.quotes([this.symbol]),
      ]);
      if (instrument !== undefined && quote !== undefined) return { instrument, bid: quote.bid };
      const message = `${this.symbol} was not described`;
      throw new ExchangeFailure(FailureKind.NotExecuted, message, { errorClass: 'NotDescribed' });
    });
    return read?.value;
  }

  /** Buys are cancelled; each resting sell is swapped for a sale, but for what is worth too little to be sold. */
  private async leaveOrders(
    buys: readonly OrderReport[],
    resting: readonly OrderReport[],
    rules: Rules,
  ): Promise<{ readonly kept: readonly OrderReport[]; readonly acted: boolean }> {
    let ours = this.ours();
    const kept: OrderReport[] = [];
    const work = buys.map((buy) => this.end(buy));
    for (const order of resting) {
      const rest = restOf(order);
      const isOurs = !lessThan(ours, rest);
      if (isOurs) ours = subtract(ours, rest);
      if (!isOurs) work.push(this.withdraw(order));
      else if (untradable(rules.instrument, rest, rules.bid) === undefined) work.push(this.swap(order));
      else kept.push(order);
    }
    await all(work);
    return { kept, acted: work.length > 0 };
  }

  private async end(order: OrderReport): Promise<void> {
    const cancelled = await this.seller.cancel(order);
    if (cancelled !== undefined) this.record.learn(cancelled);
  }

  /** It offers what this run has sold already. */
  private async withdraw(order: OrderReport): Promise<void> {
    this.run.say(`${this.symbol}: what a resting sell offers has been sold already`);
    await this.end(order);
    this.offers.delete(order.clientOrderId);
  }

  private async swap(order: OrderReport): Promise<void> {
    this.ended.add(order.clientOrderId);
    const ended = await this.seller.swap(order);
    if (ended !== undefined) this.learnEnd(ended);
  }

  /** What is ours and not sold, resting or not. */
  private ours(): DecimalString {
    const claimed = offeredBy([...this.offers.values()]);
    return subtract(maximum(this.net ?? claimed, claimed), this.seller.sold);
  }

  /**
   * Sells what no order offers. Whoever was here before may have sold it a moment ago, so that only what this run itself has
   * freed is sold before such a sale would show.
   */
  private async leaveBare(
    view: AccountView,
    kept: readonly OrderReport[],
    { instrument, bid }: Rules,
  ): Promise<Standing | undefined> {
    const read = await this.run.attempt(`read the record of ${this.symbol}`, () =>
      this.record.read(view.settledMs),
    );
    if (read === undefined) return undefined;
    if (read.value) this.net = this.record.net(instrument);
    const offered = offeredBy(kept);
    const bare = subtract(this.ours(), offered);
    const freed = subtract(subtract(offeredBy([...this.offers.values()]), this.seller.sold), offered);
    const mine = Date.now() >= this.provenAtMs ? bare : minimum(bare, freed);
    const { free = ZERO, locked = ZERO } = balanceOf(view, instrument.base);
    /** What an order for so much would be, if so much were there, and why there can be none. */
    const order = (quantity: DecimalString, there: DecimalString) => {
      const lots = roundQuantity(instrument, maximum(ZERO, minimum(quantity, there)));
      return { lots, why: untradable(instrument, lots, bid) };
    };
    const held = subtract(add(free, locked), offered);
    const inAll = order(bare, held);
    const isLocked = inAll.why === undefined && order(bare, free).why !== undefined;
    const why = isLocked
      ? 'locked by an order that is not ours'
      : (order(bare, bare).why ?? (lessThan(held, bare) ? 'not in the account' : 'not sold yet'));
    this.left = [
      ...kept.map((stop) => this.describeKept(stop)),
      ...(isPositive(bare) ? [{ symbol: this.symbol, quantity: bare, why }] : []),
      ...(read.value ? [] : [{ symbol: this.symbol, quantity: ZERO, why: TOO_LONG }]),
    ];
    const sale = order(mine, free);
    if (sale.why === undefined) {
      await this.seller.sell(sale.lots);
      return undefined;
    }
    if (order(bare, free).why !== undefined)
      return isLocked || kept.length > 0 || !read.value ? 'stuck' : 'clean';
    this.notBeforeMs = this.provenAtMs;
    return undefined;
  }

  /** From then on a sale shows that was under way when this run began. */
  private get provenAtMs(): number {
    const { recvWindowMs, visibilityLagMs } = this.run.options;
    return this.run.startedAtMs + Math.min(recvWindowMs, REDUCING.receiveWindowMs) + visibilityLagMs;
  }

  private describeKept(stop: OrderReport): Left {
    const why = `worth too little to be sold; its stop ${stop.clientOrderId} still rests`;
    return { symbol: this.symbol, quantity: restOf(stop), why };
  }
}

const TOO_LONG =
  'its record is too long to be read: whether there is more than its stops offered is not known';

const balanceOf = ({ balances }: AccountView, asset: string): Partial<Balance> =>
  balances.find((balance) => balance.asset === asset) ?? {};
