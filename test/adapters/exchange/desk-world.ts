import { setTimeout as sleep } from 'node:timers/promises';
import type { ActivityDeps } from '../../../activities/deps';
import type { Attempt, OrderTiming } from '../../../activities/order-attempt';
import { createOrderActivities, type OrderActivities } from '../../../activities/orders';
import type { ExchangePort } from '../../../adapters/exchange/port';
import { decimal } from '../../../domain/decimal';
import { ExchangeFailure } from '../../../domain/errors';
import { positionId as idOf } from '../../../domain/ids';
import { mayBeLive, OrderState, type OrderView } from '../../../domain/order';
import { backoffMs } from '../../../domain/back-off';
import { nextStep, type PositionStep } from '../../../domain/planner';
import { ExitReason, PositionState, type PositionView } from '../../../domain/position';
import { TradingMode } from '../../../domain/risk';
import { ACCOUNT, createDeps, DEPLOYMENT, grantOf, noOwners, STRATEGY } from '../../activities/bench';
import type { Grant } from '../../activities/memory-orders';
import { MemoryStore } from '../../activities/memory-store';
import type { ExchangeRecord } from '../../../emulator/journal/record';
import { BTC, EmulatorWorld } from './emulator-world';
import { SESSION_START_MS } from './still-market';

/** Windows that no machine is too slow for. Nobody waits for them to pass: the desk's clock is put forward. */
export const WIDE = { sendWindowMs: 5_000, receiveWindowMs: 5_000, visibilityLagMs: 1_000 } as const;
/** Windows that really pass. A machine too slow for them makes more failures, which the desk must stand. */
export const NARROW = { sendWindowMs: 500, receiveWindowMs: 800, visibilityLagMs: 500 } as const;
const REQUEST_TIMEOUT_MS = 250;
/** The longest for which tests hide an order; only after it the clock may be put forward. */
export const MAX_HIDDEN_MS = 250;
/** Bounds every loop: far more moves than any test needs. */
const MAX_MOVES = 2_000;

/** The order desk on the real adapter, ccxt and emulator; only the journal is in memory. */
export class DeskWorld {
  readonly store = new MemoryStore();
  readonly deps: ActivityDeps;
  private readonly activities: OrderActivities;
  private positions = 0;
  /** How far the desk's clock has been put forward. */
  private leapMs = 0;
  /** Wall time at which each order of unknown fate was first met. */
  private readonly unknownSinceMs = new Map<string, number>();

  private constructor(
    readonly world: EmulatorWorld,
    readonly exchange: ExchangePort,
    private readonly timing: OrderTiming,
  ) {
    this.deps = createDeps({
      store: this.store,
      exchange,
      timing,
      wallTimeMs: () => Date.now() + this.leapMs,
      owners: noOwners,
    });
    this.activities = createOrderActivities(this.deps);
  }

  static async start(timing: OrderTiming = WIDE): Promise<DeskWorld> {
    const world = await EmulatorWorld.start();
    const exchange = await world.open({
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      recvWindowMs: timing.receiveWindowMs,
      stream: { auditEveryMs: 100, auditGraceMs: 50, minBackoffMs: 10, maxBackoffMs: 50 },
    });
    const desk = new DeskWorld(world, exchange, timing);
    await desk.store.openAccount(ACCOUNT, 's1');
    return desk;
  }

  /** Grants a position of 0.2 BTC, to be bought above the market and protected below it. */
  grant(change: Partial<Grant> = {}): string {
    this.positions += 1;
    const barCloseMs = SESSION_START_MS - (SESSION_START_MS % 60_000) + this.positions;
    const identity = { account: ACCOUNT, session: 's1', strategy: STRATEGY, symbol: BTC };
    const positionId = idOf({ ...identity, barCloseMs });
    this.store.orders.open(
      grantOf({
        positionId,
        barCloseMs,
        expiresAtMs: barCloseMs + 86_400_000,
        quantity: decimal('0.2'),
        limitPrice: decimal('60010'),
        stopPrice: decimal('58000'),
        reservedQuote: decimal('12002'),
        ...change,
      }),
    );
    return positionId;
  }

  position(positionId: string): PositionView {
    return this.store.orders.known(positionId);
  }

  orderOf(positionId: string, leg: OrderView['leg']): OrderView {
    const order = this.position(positionId).orders.findLast((candidate) => candidate.leg === leg);
    if (order === undefined) throw new Error(`no ${leg}`);
    return order;
  }

  private nextStep(position: PositionView): PositionStep {
    const now = { wallTimeMs: this.deps.wallTimeMs(), marketTimeMs: SESSION_START_MS };
    return nextStep(position, TradingMode.Active, now);
  }

  /** Sends the position's next order, once. */
  async sendNext(positionId: string): Promise<Attempt> {
    const step = this.nextStep(this.position(positionId));
    if (step.do !== 'order') throw new Error(`the next step is to ${step.do}`);
    return this.deps.desk.submit({ deployment: DEPLOYMENT, positionId, ...step });
  }

  /** Does what the position's workflow would until `isDone`. */
  async drive(positionId: string, isDone: (position: PositionView) => boolean): Promise<PositionView> {
    for (let moves = 0; moves < MAX_MOVES; moves += 1) {
      const position = this.position(positionId);
      if (isDone(position)) return position;
      const step = this.nextStep(position);
      const pauseMs = await this.move(position, step).catch((error: unknown) => {
        // Temporal tries a failed activity again.
        if (error instanceof ExchangeFailure) return 20;
        throw error;
      });
      await sleep(pauseMs);
    }
    throw new Error(
      `not done after ${MAX_MOVES} moves: ${JSON.stringify(this.position(positionId), null, 2)}`,
    );
  }

  /** Opens the position, waits until it is protected, leaves it and settles. */
  async trade(positionId: string): Promise<PositionView> {
    const held = await this.drive(
      positionId,
      (position) => position.state === PositionState.Closed || isCalm(position),
    );
    if (held.state === PositionState.Live) await this.store.wishExit(positionId, ExitReason.Flatten);
    return this.drive(positionId, ({ state }) => state === PositionState.Closed);
  }

  private async move(position: PositionView, step: PositionStep): Promise<number> {
    const { positionId } = position;
    switch (step.do) {
      case 'order': {
        await sleep(Math.min(50, backoffMs(position, step.leg)));
        const attempt = await this.activities.submitOrder({ positionId, ...step });
        this.passTime(attempt);
        return Math.min(attempt.retryAfterMs ?? 5, 50);
      }
      case 'cancel':
        await this.deps.desk.cancel(step.order.clientOrderId);
        return 5;
      case 'give-up':
        await this.activities.giveUpPosition({ positionId, reason: step.reason });
        return 0;
      case 'settle':
        await this.activities.settlePosition(positionId);
        return 5;
      case 'wait':
        for (const order of position.orders.filter(({ state }) => mayBeLive(state)))
          this.passTime(await this.activities.resolveOrder(order.clientOrderId));
        return 20;
    }
  }

  /** Lets the windows of an order of unknown fate pass, where they are too wide to be waited for. */
  private passTime({ order, retryAfterMs }: Attempt): void {
    if (this.timing !== WIDE || order.state !== OrderState.Unknown) return;
    const sinceMs = this.unknownSinceMs.get(order.clientOrderId) ?? Date.now();
    this.unknownSinceMs.set(order.clientOrderId, sinceMs);
    if (Date.now() - sinceMs > 2 * MAX_HIDDEN_MS) this.leapMs += retryAfterMs ?? 0;
  }

  close(): Promise<void> {
    return this.world.close();
  }
}

/** Bought, protected, and nothing under way. */
const isCalm = ({ orders }: PositionView): boolean =>
  orders.some(({ leg, state }) => leg === 'stop' && state === OrderState.Open) &&
  orders.every(({ state }) => state !== OrderState.Sending && state !== OrderState.Unknown);

/** No id twice, nothing left open, as much sold as can be of what was bought. */
export function expectClean({ orders, trades, balances }: ExchangeRecord): void {
  const ids = orders.map(({ clientOrderId }) => clientOrderId);
  expect(ids.length).toBe(new Set(ids).size);
  expect(orders.filter(({ status }) => status === 'NEW' || status === 'PARTIALLY_FILLED')).toEqual([]);
  const traded = (side: string): number =>
    trades
      .filter((trade) => trade.side === side)
      .reduce((total, { quantity }) => total + Number(quantity), 0);
  // A fee of a thousandth is taken in BTC, and a lot is 0.00001.
  expect(traded('SELL')).toBeLessThanOrEqual(traded('BUY') * 0.999 + 1e-9);
  const btc = balances.find(({ asset }) => asset === 'BTC');
  expect(Number(btc?.free ?? 0) + Number(btc?.locked ?? 0)).toBeLessThan(0.00009);
}
