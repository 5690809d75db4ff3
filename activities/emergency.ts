import { clientOrderIdPrefix } from '../domain/ids';
import { Side, type OrderView } from '../domain/order';
import { emergencyStep, type PositionStep } from '../domain/planner';
import { ExitReason, type PositionView } from '../domain/position';
import type { ActivityDeps } from './deps';

export interface SweepInput {
  readonly account: string;
  readonly symbols: readonly string[];
  readonly epoch: number;
}

/** What one pass of the emergency stop did, and what is left. */
export interface SweepResult {
  readonly cancelledOrders: number;
  readonly exitOrders: number;
  /** Positions that still hold something or have an order that may be live. */
  readonly unsettled: readonly string[];
  /** Orders of ours that the exchange still shows open. */
  readonly openOrders: number;
  readonly flat: boolean;
}

/** The emergency stop's own hands: every activity may be repeated after any crash, at any point. */
export function createEmergencyActivities(deps: ActivityDeps) {
  const { store, emergencyDesk: desk, emergencyExchange: exchange, owners, log } = deps;

  /** Our resting buys are cancelled by what the exchange shows, whether the journal knows them or not. */
  async function cancelEntries(symbols: readonly string[]): Promise<number> {
    const mine = await ourOpenOrders(symbols);
    const buys = mine.filter(({ side }) => side === Side.Buy);
    await Promise.all(
      buys.map(async ({ symbol, clientOrderId }) => {
        const known = await store.order(clientOrderId);
        if (known === undefined) await exchange.cancel(symbol, clientOrderId);
        else await tell(await desk.cancel(clientOrderId).then(({ order }) => order));
      }),
    );
    return buys.length;
  }

  async function ourOpenOrders(symbols: readonly string[]) {
    const prefix = clientOrderIdPrefix(deps.deployment);
    const open = await exchange.openOrders();
    return open.filter((order) => symbols.includes(order.symbol) && order.clientOrderId.startsWith(prefix));
  }

  async function tell(order: OrderView): Promise<void> {
    await owners.notifyOrder(order);
  }

  /** One step of one position; true when it sent an order. */
  async function act(position: PositionView, step: PositionStep, epoch: number): Promise<boolean> {
    const { positionId } = position;
    if (step.do === 'order') {
      const attempt = await desk.submit({ deployment: deps.deployment, positionId, ...step }, epoch);
      for (const order of [attempt.order, ...attempt.alsoChanged]) await tell(order);
      return true;
    }
    if (step.do === 'cancel') await tell((await desk.cancel(step.order.clientOrderId)).order);
    if (step.do === 'wait') for (const order of position.orders) await desk.resolve(order.clientOrderId);
    return false;
  }

  /** Steps of one position in this pass: cancelling its entry and selling what it holds are two of them. */
  async function leave(positionId: string, epoch: number): Promise<number> {
    let sent = 0;
    for (let steps = 0; steps < 3; steps += 1) {
      const position = await store.position(positionId);
      if (position === undefined) break;
      const step = emergencyStep(position);
      if (step.do === 'settle') break;
      if (await act(position, step, epoch)) sent += 1;
      if (step.do === 'wait') break;
    }
    return sent;
  }

  return {
    /** The first thing that happens, in one row: from here on only the emergency stop may send. Returns the halt epoch. */
    async raiseHalt(input: {
      readonly account: string;
      readonly haltKey: string;
      readonly reason: string;
      readonly by: string;
    }): Promise<number> {
      const { account, haltKey, reason, by } = input;
      return store.raiseHalt(account, { key: haltKey, reason, by });
    },

    /**
     * One pass: cancels every entry, sells what every live position holds in the place of its stop, and looks at the
     * exchange. A position whose exit fails does not keep the others waiting.
     */
    async sweepAccount(input: SweepInput): Promise<SweepResult> {
      const { account, symbols, epoch } = input;
      const cancelledOrders = await cancelEntries(symbols);
      const live = await store.livePositions(account);
      const exits = await Promise.allSettled(
        live.map(async ({ positionId }) => {
          await store.wishExit(positionId, ExitReason.Emergency);
          return leave(positionId, epoch);
        }),
      );
      for (const exit of exits) {
        if (exit.status === 'rejected')
          log.warn(
            { account, error: exit.reason as unknown },
            'an emergency exit failed; the next pass tries again',
          );
      }
      const left = await store.livePositions(account);
      const unsettled = left
        .filter((position) => emergencyStep(position).do !== 'settle')
        .map(({ positionId }) => positionId);
      const openOrders = (await ourOpenOrders(symbols)).length;
      const exitOrders = exits.reduce(
        (count, exit) => count + (exit.status === 'fulfilled' ? exit.value : 0),
        0,
      );
      return {
        cancelledOrders,
        exitOrders,
        unsettled,
        openOrders,
        flat: unsettled.length === 0 && openOrders === 0,
      };
    },

    /**
     * The second look, with the exchange's own record: every order of every live position once more, and no coin that a
     * position of ours still holds. Positions that prove flat are woken, so that their workflows close them.
     */
    async verifyFlat(input: SweepInput): Promise<boolean> {
      const live = await store.livePositions(input.account);
      for (const { orders } of live) for (const order of orders) await desk.resolve(order.clientOrderId);
      const after = await store.livePositions(input.account);
      const flat =
        after.every((position) => emergencyStep(position).do === 'settle') &&
        (await ourOpenOrders(input.symbols)).length === 0;
      if (flat) for (const { positionId } of after) await owners.notifyPosition(positionId);
      return flat;
    },

    /** Journals how the stop went. */
    async reportEmergency(input: {
      readonly account: string;
      readonly epoch: number;
      readonly message: string;
    }): Promise<void> {
      const { account, epoch, message } = input;
      log.warn({ account, epoch }, message);
      await store.recordRiskEvent({
        account,
        code: 'emergency-stop',
        message,
        marketTimeMs: null,
        key: `emergency/${account}/${epoch}/report`,
      });
    },
  };
}

export type EmergencyActivities = ReturnType<typeof createEmergencyActivities>;
