import { setTimeout as sleep } from 'node:timers/promises';
import { add, isPositive, minimum, subtract, sum, ZERO, type DecimalString } from '../../domain/decimal';
import { ExchangeFailure, FailureKind } from '../../domain/errors';
import { clientOrderIdPrefix, directStopOrderId } from '../../domain/ids';
import { roundQuantity, untradable, type Instrument } from '../../domain/instrument';
import type { Balance, ExchangePort, OrderReport, OrderRequest } from './port';
import { isUnlisted } from './try-each';
import { OrderType, Side } from '../../domain/order';

/**
 * The emergency stop that needs nothing but the exchange: no journal, no workflows. What is ours is told by the prefix
 * of our client order ids; never more is sold than our own orders have bought, nor more than is free.
 */

export interface DirectStopOptions {
  readonly exchange: ExchangePort;
  readonly account: string;
  readonly deployment: string;
  /** Pairs to look at, besides those of our open orders. */
  readonly symbols: readonly string[];
  /** How far back, in market milliseconds, our orders are looked for. */
  readonly lookBackMs: number;
  readonly sendWindowMs: number;
  readonly recvWindowMs: number;
  /** Told each thing done, for people. */
  readonly report: (line: string) => void;
  /** Wall milliseconds between two passes. */
  readonly pauseMs?: number;
}

export interface DirectStopReport {
  readonly flat: boolean;
  readonly cancelledOrders: number;
  /** Market sells that the exchange accepted. */
  readonly sells: number;
  /** What is ours still, and why it was not sold. Dust does not count against flat. */
  readonly left: readonly {
    readonly symbol: string;
    readonly quantity: DecimalString;
    readonly why: string;
  }[];
  readonly passes: number;
  readonly tookMs: number;
}

const MAX_PASSES = 30;
const PAUSE_MS = 1000;
/** How long an accepted request may take to show in look-ups. */
const VISIBILITY_LAG_MS = 1000;

/** What one look at the exchange shows of one pair. */
interface Holding {
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly openBuys: readonly OrderReport[];
  readonly openSells: readonly OrderReport[];
  /** What our orders have bought and not sold, fees taken in the asset deducted. */
  readonly net: DecimalString;
  /** `net`, as far as the account can deliver it once our own sells are gone, rounded to the lot. */
  readonly sellable: DecimalString;
  /** Why `sellable` cannot be sold, or undefined when it can. */
  readonly untradable: string | undefined;
}

/**
 * Cancels our open orders and sells what our orders have bought, pass after pass until two looks in a row find nothing,
 * at most thirty. Failures of single requests are reported and tried again in the next pass.
 * @throws ExchangeFailure when the keys are refused.
 */
export async function directStop(options: DirectStopOptions): Promise<DirectStopReport> {
  const startedAtMs = Date.now();
  const stop = new DirectStop(options, startedAtMs);
  let flatLooks = 0;
  let passes = 0;
  let left: readonly Holding[] = [];
  while (flatLooks < 2 && passes < MAX_PASSES) {
    if (passes > 0) await sleep(Math.max(options.pauseMs ?? PAUSE_MS, stop.takeWishedPauseMs()));
    passes += 1;
    const looked = await stop.attempt('look at the account', () => stop.look());
    if (looked === undefined) continue;
    left = looked.filter(({ net }) => isPositive(net));
    const busy = looked.filter(({ openBuys, openSells, sellable, untradable: why }) => {
      return openBuys.length + openSells.length > 0 || (isPositive(sellable) && why === undefined);
    });
    flatLooks = busy.length === 0 ? flatLooks + 1 : 0;
    await Promise.all(busy.map((holding) => stop.leave(holding, passes)));
  }
  return {
    flat: flatLooks >= 2,
    cancelledOrders: stop.cancelledOrders,
    sells: stop.sells,
    left: left.map(({ symbol, net, untradable: why }) => ({
      symbol,
      quantity: net,
      why: why ?? 'not sold yet',
    })),
    passes,
    tookMs: Date.now() - startedAtMs,
  };
}

class DirectStop {
  cancelledOrders = 0;
  sells = 0;
  private readonly prefix: string;
  private wishedPauseMs = 0;

  constructor(
    private readonly options: DirectStopOptions,
    private readonly startedAtMs: number,
  ) {
    this.prefix = clientOrderIdPrefix(options.deployment);
  }

  /** For how long the exchange has asked, since this was last called, to be left alone: passes in that time are wasted. */
  takeWishedPauseMs(): number {
    const { wishedPauseMs } = this;
    this.wishedPauseMs = 0;
    return wishedPauseMs;
  }

  /** Everything of ours at the exchange. */
  async look(): Promise<readonly Holding[]> {
    const { exchange, symbols, lookBackMs } = this.options;
    const [clock, open, balances] = await Promise.all([
      exchange.clock(),
      exchange.openOrders(),
      exchange.balances(),
    ]);
    const mine = open.filter((order) => this.isOurs(order));
    const watched = [...new Set([...symbols, ...mine.map(({ symbol }) => symbol)])];
    const sinceMs = clock.marketTimeMs - lookBackMs;
    const holdings = await Promise.all(
      watched.map((symbol) =>
        this.lookAt(symbol, mine, balances, sinceMs).catch((error: unknown) => {
          // One pair that is gone must not keep the others from being sold.
          if (!isUnlisted(error)) throw error;
          this.options.report(`${symbol} is not listed any more: nothing of it can be sold`);
          return undefined;
        }),
      ),
    );
    return holdings.filter((holding) => holding !== undefined);
  }

  private async lookAt(
    symbol: string,
    mine: readonly OrderReport[],
    balances: readonly Balance[],
    sinceMs: number,
  ): Promise<Holding> {
    const { exchange } = this.options;
    const [[instrument], [quote]] = await Promise.all([
      exchange.instruments([symbol]),
      exchange.quotes([symbol]),
    ]);
    if (instrument === undefined || quote === undefined) throw new Error(`${symbol} was not described`);
    const openSells = mine.filter((order) => order.symbol === symbol && order.side === Side.Sell);
    const net = await this.netBought(instrument, sinceMs);
    const free = balances.find(({ asset }) => asset === instrument.base)?.free ?? ZERO;
    const locked = sum(openSells.map((order) => subtract(order.quantity, order.filledQuantity)));
    const sellable = roundQuantity(instrument, minimum(isPositive(net) ? net : ZERO, add(free, locked)));
    return {
      symbol,
      instrument,
      openBuys: mine.filter((order) => order.symbol === symbol && order.side === Side.Buy),
      openSells,
      net,
      sellable,
      untradable: untradable(instrument, sellable, quote.bid),
    };
  }

  /** Bought minus sold over the fills of our orders; fees in the asset itself are gone as well. */
  private async netBought({ symbol, base }: Instrument, sinceMs: number): Promise<DecimalString> {
    const { exchange } = this.options;
    const [orders, fills] = await Promise.all([
      exchange.ordersSince(symbol, sinceMs),
      exchange.fillsSince(symbol, sinceMs),
    ]);
    const ours = new Set(
      orders.filter((order) => this.isOurs(order)).map(({ exchangeOrderId }) => exchangeOrderId),
    );
    return fills
      .filter(({ exchangeOrderId }) => ours.has(exchangeOrderId))
      .reduce((net, fill) => {
        const moved = fill.side === Side.Buy ? add(net, fill.quantity) : subtract(net, fill.quantity);
        return fill.feeAsset === base ? subtract(moved, fill.fee) : moved;
      }, ZERO);
  }

  /** One pass over one pair: buys go first, then the stop is swapped for a sell, or the sell is placed plainly. */
  async leave(holding: Holding, pass: number): Promise<void> {
    const { openBuys, openSells, symbol, sellable } = holding;
    const [stop, ...others] = openSells;
    await Promise.all([...openBuys, ...others].map((order) => this.cancel(order)));
    const canSell = isPositive(sellable) && holding.untradable === undefined;
    if (stop !== undefined && !canSell) await this.cancel(stop);
    // An entry that was still open may have filled meanwhile: its coins are the next pass's.
    if (!canSell) return;
    const request = this.sellRequest(holding, pass);
    await this.attempt(`sell ${sellable} of ${symbol}`, async () => {
      await this.proveSent(request, () =>
        stop === undefined ? this.sell(request) : this.swap(stop, request),
      );
    });
  }

  private async sell(request: OrderRequest): Promise<void> {
    await this.options.exchange.submit(request);
    this.sold(request);
  }

  private async swap(stop: OrderReport, request: OrderRequest): Promise<void> {
    const outcome = await this.options.exchange.replace(stop.clientOrderId, request);
    if (outcome.outcome === 'not-cancelled') {
      this.options.report(
        `${request.symbol}: the stop could not be cancelled (${outcome.message}); looking again`,
      );
      return;
    }
    this.cancelledOrders += 1;
    if (outcome.outcome === 'replaced') this.sold(request);
    else
      this.options.report(
        `${request.symbol}: the stop is gone and the sell was refused (${outcome.message}); selling next`,
      );
  }

  private sold({ symbol, quantity }: OrderRequest): void {
    this.sells += 1;
    this.options.report(`${symbol}: selling ${quantity} at market`);
  }

  /**
   * After an ambiguous answer nothing else may be sold until it is known whether this was: the order is looked up until
   * it shows, or until it can no longer arrive.
   */
  private async proveSent(request: OrderRequest, send: () => Promise<void>): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (!(error instanceof ExchangeFailure) || error.kind !== FailureKind.Ambiguous) throw error;
      const provenAtMs = request.sendDeadlineMs + this.options.recvWindowMs + VISIBILITY_LAG_MS;
      while (Date.now() < provenAtMs) {
        const found = await this.attempt('look the sell up', () =>
          this.options.exchange.lookUp(request.symbol, request.clientOrderId),
        );
        if (found !== undefined) {
          this.sold(request);
          return;
        }
        await sleep(VISIBILITY_LAG_MS / 4);
      }
      throw error;
    }
  }

  private async cancel({ symbol, clientOrderId: id, side }: OrderReport): Promise<void> {
    await this.attempt(`cancel ${id}`, async () => {
      const cancelled = await this.options.exchange.cancel(symbol, id);
      if (cancelled === undefined) return;
      this.cancelledOrders += 1;
      this.options.report(`${symbol}: cancelled a ${side} order`);
    });
  }

  private sellRequest({ symbol, sellable }: Holding, pass: number): OrderRequest {
    const { deployment, account, sendWindowMs } = this.options;
    return {
      clientOrderId: directStopOrderId({ deployment, account, symbol, startedAtMs: this.startedAtMs, pass }),
      symbol,
      side: Side.Sell,
      type: OrderType.Market,
      quantity: sellable,
      limitPrice: null,
      stopPrice: null,
      sendDeadlineMs: Date.now() + sendWindowMs,
    };
  }

  /** The outcome, or undefined after a failure, which is reported: the next pass tries again. */
  async attempt<T>(what: string, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof ExchangeFailure) || isRefusedKey(error)) throw error;
      this.wishedPauseMs = Math.max(this.wishedPauseMs, error.detail.retryAfterMs ?? 0);
      this.options.report(`could not ${what}: ${error.message}`);
      return undefined;
    }
  }

  private isOurs({ clientOrderId: id }: Pick<OrderReport, 'clientOrderId'>): boolean {
    return id.startsWith(this.prefix);
  }
}

/** No number of passes cures these. */
const isRefusedKey = ({ detail }: ExchangeFailure): boolean =>
  ['AuthenticationError', 'PermissionDenied', 'AccountSuspended'].includes(detail.errorClass);
