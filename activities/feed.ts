import { ApplicationFailure, Context } from '@temporalio/activity';
import { OrderState, type OrderView } from '../domain/order';
import { TradingMode } from '../domain/risk';
import { isMarked } from '../domain/ids';
import type { AccountEvent } from '../adapters/exchange/port';
import { tryEach } from '../adapters/exchange/try-each';
import type { ActivityDeps } from './deps';
import { stopReportKey } from './emergency';
import { tellOwner } from './wake';

/** The account's ear: everything the exchange says is journaled first, then its owner is told. */
export function createFeedActivities(deps: ActivityDeps) {
  const { exchange, store, desk, owners, log } = deps;

  /**
   * In a halt nobody has anything to do but the emergency stop, and it tells all owners when it has ended: their work on
   * every fill would only hold it up.
   */
  async function tell(order: OrderView): Promise<void> {
    const state = await store.account(order.account);
    const stopping =
      state?.mode === TradingMode.Halted &&
      !(await store.hasRiskEvent(order.account, stopReportKey(order.account, state.haltEpoch)));
    if (!stopping) await tellOwner(owners, order);
  }

  /** Whatever happened while nobody listened is not told again: ask about every order that is not settled. */
  async function catchUp(account: string): Promise<void> {
    const unsettled = await store.unsettledOrders(account);
    const sent = unsettled.filter(({ state }) => state !== OrderState.Created);
    const unlisted = await tryEach(sent, async (order) => {
      const { order: now, alsoChanged } = await desk.resolve(order.clientOrderId);
      if (now.version !== order.version) await tell(now);
      for (const other of alsoChanged) await tell(other);
    });
    for (const { message } of unlisted)
      log.warn({ account, reason: message }, 'an order cannot be asked about');
  }

  async function hear(account: string, event: AccountEvent): Promise<void> {
    if (event.kind === 'connected') return catchUp(account);
    if (event.kind === 'fill') {
      const { fill } = event;
      const { order, ownerless } = await desk.learnFill(account, fill);
      if (order !== undefined) await tell(order);
      if (ownerless && isMarked(fill.clientOrderId)) {
        await owners.wakeReconciliation(account, `fill ${fill.tradeId} has no owner`);
      }
      return;
    }
    const { report } = event;
    if ((await store.order(report.clientOrderId)) === undefined) {
      // A stranger's order, or one of ours that the journal lost: reconciliation tells which.
      if (report.status === 'open')
        await owners.wakeReconciliation(account, `unknown order ${report.clientOrderId}`);
      return;
    }
    await tell(await desk.learn(report, 'stream'));
  }

  return {
    /**
     * Listens to the account until cancelled. Events are taken one after the other, in the order told. One that cannot
     * be journaled fails the activity: its next attempt connects anew and catches up.
     */
    async watchAccount(input: { readonly account: string }): Promise<void> {
      const context = Context.current();
      const failed = new AbortController();
      const stop = AbortSignal.any([context.cancellationSignal, failed.signal]);
      const onEvent = async (event: AccountEvent): Promise<void> => {
        try {
          await hear(input.account, event);
        } catch (error) {
          log.warn({ account: input.account, event: event.kind, error }, 'an event could not be journaled');
          failed.abort(error);
        }
      };
      await exchange.watchAccount(onEvent, stop);
      context.cancellationSignal.throwIfAborted();
      if (failed.signal.aborted)
        throw ApplicationFailure.create({
          message: 'an event could not be journaled',
          cause: failed.signal.reason as Error,
        });
    },
  };
}

export type FeedActivities = ReturnType<typeof createFeedActivities>;
