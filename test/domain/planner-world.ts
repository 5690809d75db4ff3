import { createOrderActivities } from '../../activities/orders';
import type { ActivityDeps } from '../../activities/deps';
import { isTerminal, Leg, mayBeLive, OrderState, type OrderView } from '../../domain/order';
import { nextStep, sellable, type PositionStep } from '../../domain/planner';
import { PositionState, type PositionView } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import { compare, decimal, isPositive, multiply, subtract } from '../../domain/decimal';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, type Bench } from '../activities/bench';
import type { Fault } from '../activities/fake-exchange';

/** What the world may do between two steps of a position. */
export type Happening =
  | { readonly kind: 'fault'; readonly fault: Fault }
  /** The process dies at the `after`-th call of a port from here, before or after the call had its effect. */
  | { readonly kind: 'crash'; readonly after: number; readonly effect: boolean }
  | { readonly kind: 'fill-entry'; readonly percent: number }
  | { readonly kind: 'wick' }
  | { readonly kind: 'price'; readonly price: number }
  /** The exchange triggers stops from here on and does not execute them, or does so again. */
  | { readonly kind: 'stops-held'; readonly held: boolean }
  | { readonly kind: 'liquidity'; readonly percent: number }
  | { readonly kind: 'cancelled'; readonly leg: Leg }
  | { readonly kind: 'wish-exit' }
  | { readonly kind: 'wish-stop'; readonly price: number }
  | { readonly kind: 'wait'; readonly ms: number };

class Crash extends Error {
  override readonly name = 'Crash';
}

/**
 * One position on a small exchange: the planner decides, the order desk acts, and whatever runs it may die at any call of a
 * port. Only the journal and the exchange outlive that.
 */
export class PlannerWorld {
  readonly bench: Bench;
  readonly id = grantOf().positionId;
  private crash: { calls: number; readonly effect: boolean } | null = null;
  private readonly deps: ActivityDeps;
  /** What went wrong, by the exchange's own record; empty in a sound world. */
  readonly violations: string[] = [];

  constructor() {
    this.bench = createBench(undefined, (port) => this.mortal(port));
    this.deps = this.bench.deps;
  }

  async begin(): Promise<void> {
    await this.bench.store.openAccount(ACCOUNT, 's1');
    this.bench.store.orders.open(grantOf());
  }

  view(): PositionView {
    return this.bench.store.orders.known(this.id);
  }

  happen(happening: Happening): void {
    const { exchange, store, time } = this.bench;
    switch (happening.kind) {
      case 'fault':
        exchange.faults.push(happening.fault);
        break;
      case 'crash':
        this.crash = { calls: happening.after, effect: happening.effect };
        break;
      case 'fill-entry':
        for (const { clientOrderId, quantity } of this.sent(Leg.Entry))
          exchange.fillResting(clientOrderId, part(quantity, happening.percent));
        break;
      case 'wick':
        for (const { clientOrderId } of this.sent(Leg.Stop)) exchange.trigger(clientOrderId);
        break;
      case 'price':
        exchange.moveTo(decimal(String(happening.price)));
        break;
      case 'stops-held':
        exchange.holdsStops = happening.held;
        break;
      case 'liquidity':
        exchange.liquidity = part('1', happening.percent);
        break;
      case 'cancelled':
        for (const { clientOrderId } of this.sent(happening.leg)) exchange.end(clientOrderId, 'cancelled');
        break;
      case 'wish-exit':
        void store.wishExit(this.id, 'strategy');
        break;
      case 'wish-stop':
        void store.wishStop(this.id, decimal(String(happening.price)));
        break;
      case 'wait':
        time.nowMs += happening.ms;
    }
    this.inspect();
  }

  /** The orders of a leg that the exchange has ever seen. */
  private sent(leg: Leg): readonly OrderView[] {
    const { orders } = this.bench.exchange;
    return this.view().orders.filter((order) => order.leg === leg && orders.has(order.clientOrderId));
  }

  /** One turn of the position's owner; what a crash leaves behind is for the next turn. */
  async turn(): Promise<PositionStep | null> {
    const position = this.view();
    if (position.state === PositionState.Closed) return null;
    const { nowMs } = this.bench.time;
    const step = nextStep(position, TradingMode.Active, { marketTimeMs: nowMs, wallTimeMs: nowMs });
    this.bench.time.nowMs += 100;
    try {
      if (step.do === 'wait') this.judgeIdleness(position);
      await this.take(step);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.crash = null;
    }
    this.inspect();
    return step;
  }

  /** The exchange answers, the market is deep, nobody dies any more, and the position is to be left: it ends flat. */
  async leave(): Promise<void> {
    const { exchange, store, time } = this.bench;
    this.crash = null;
    exchange.faults.length = 0;
    exchange.liquidity = decimal('1000000');
    exchange.holdsStops = false;
    await store.wishExit(this.id, 'flatten');
    for (let turns = 0; turns < 120 && this.view().state === PositionState.Live; turns += 1) {
      await this.turn();
      time.nowMs += 500;
    }
  }

  private async take(step: PositionStep): Promise<void> {
    const { desk, store } = this.deps;
    switch (step.do) {
      case 'order':
        await desk.submit({ deployment: DEPLOYMENT, positionId: this.id, ...step });
        break;
      case 'cancel':
        await desk.cancel(step.order.clientOrderId);
        break;
      case 'give-up':
        await store.wishExit(this.id, step.reason);
        break;
      case 'settle':
        this.bench.time.nowMs += 10_000; // the owner waits for late fills
        await createOrderActivities(this.deps).settlePosition(this.id);
        break;
      case 'wait':
        for (const order of this.view().orders.filter(({ state }) => mayBeLive(state)))
          await desk.resolve(order.clientOrderId);
    }
  }

  /** Nothing sellable may be held with no stop, no exit and nothing on its way, by an owner who waits. */
  private judgeIdleness(position: PositionView): void {
    if (sellable(position).dust !== undefined) return;
    const guards = (order: OrderView): boolean =>
      mayBeLive(order.state) && (order.leg !== Leg.Entry || order.state !== OrderState.Open);
    if (!position.orders.some(guards))
      this.violations.push('waits with something held and nothing guarding it');
  }

  /** By the exchange's record: never more on offer than is held, and no foreign coin sold. */
  private inspect(): void {
    const { exchange } = this.bench;
    const held = exchange.held();
    if (!isPositive(subtract(held, decimal('-0.0000001'))))
      this.violations.push(`sold more than bought: ${held}`);
    if (compare(exchange.offered(), held) > 0)
      this.violations.push(`offers ${exchange.offered()} and holds ${held}`);
  }

  /** Everything is over at the exchange, as far as the journal's orders go. */
  isOver(): boolean {
    const { exchange } = this.bench;
    const noOrder = [...exchange.orders.values()].every(({ report }) => report.status !== 'open');
    return noOrder && this.view().orders.every(({ state }) => isTerminal(state));
  }

  private mortal<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          const crash = this.crash;
          const dies = crash !== null && crash.calls-- === 0;
          if (dies && !crash.effect) throw new Crash(String(name));
          const result: unknown = await Reflect.apply(value, target, args);
          if (dies) throw new Crash(String(name));
          return result;
        };
      },
    });
  }
}

const part = (quantity: string, percent: number) =>
  multiply(decimal(quantity), decimal(String(percent / 100)));
