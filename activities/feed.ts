import { setTimeout as wait } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { OrderView } from '../domain/order';
import { TradingMode } from '../domain/risk';
import type { Finding } from '../domain/findings';
import { isMarked } from '../domain/ids';
import type { AccountEvent } from '../adapters/exchange/port';
import type { ActivityDeps } from './deps';
import { stopReportKey } from './emergency';
import { createProtection } from './protection';
import { noteStrangeCancel } from './reconciling/strange-cancel';
import { RestingAudit } from './resting-audit';
import { UntoldNews } from './untold-news';
import { tellFinding, tellOwner } from './wake';

/** How long the stream's news give way to an emergency stop, in wall time from when the first of them sees it. */
const GIVE_WAY_MS = 1_000;

/** The account's ear: everything the exchange says is journaled first, then its owner is told. */
export function createFeedActivities(deps: ActivityDeps) {
  const { exchange, store, desk, log } = deps;
  // Whatever is heard has its effect at the exchange, whether Temporal answers or not.
  const { owners } = new UntoldNews(deps.owners, { log });
  const { catchUp, protect } = createProtection({ ...deps, owners });
  let held: { readonly epoch: number; readonly untilMs: number } | undefined;

  /** The halt epoch whose emergency stop is under way: from the halt until its report. */
  async function stopUnderWay(account: string): Promise<number | undefined> {
    const state = await store.account(account);
    if (state?.mode !== TradingMode.Halted) return undefined;
    const reported = await store.hasRiskEvent(account, stopReportKey(account, state.haltEpoch));
    return reported ? undefined : state.haltEpoch;
  }

  /**
   * The emergency stop journals the answers to its own orders. What the stream says of them waits until it has sold: read at
   * the same time, it would only hold the sales up.
   */
  async function giveWay(account: string): Promise<void> {
    const epoch = await stopUnderWay(account);
    if (epoch === undefined) return;
    if (held?.epoch !== epoch) held = { epoch, untilMs: deps.wallTimeMs() + GIVE_WAY_MS };
    await deps.pause(Math.min(GIVE_WAY_MS, Math.max(0, held.untilMs - deps.wallTimeMs())));
  }

  const tell = async (order: OrderView): Promise<void> => {
    if ((await stopUnderWay(order.account)) === undefined) await tellOwner(owners, order);
  };

  /**
   * The news may have left the position bare; then its owners hear of everything. In a halt nobody has anything to do but
   * the emergency stop, and it tells all owners when it has ended.
   */
  async function pass(news: OrderView, strange?: Finding): Promise<void> {
    if ((await stopUnderWay(news.account)) === undefined)
      for (const order of [...(await protect(news.positionId)), news]) await tellOwner(owners, order);
    await tellFinding(owners, news.account, strange);
  }

  async function hear(account: string, event: AccountEvent): Promise<void> {
    // Whatever happened while nobody listened is not told again.
    if (event.kind === 'connected') {
      await catchUp(account, { tell });
      await owners.wakeReconciliation(account, 'connected to the exchange');
      return;
    }
    await giveWay(account);
    if (event.kind === 'fill') {
      const { fill } = event;
      const { order, ownerless } = await desk.news.learnFill(account, fill);
      if (order !== undefined) await pass(order);
      if (ownerless) {
        const whose = isMarked(fill.clientOrderId) ? 'has no owner' : 'is of an order that is not ours';
        await owners.wakeReconciliation(account, `trade ${fill.tradeId} ${whose}`);
      }
      return;
    }
    const { report } = event;
    const order = await store.order(report.clientOrderId);
    if (order === undefined) {
      // A stranger's order, or one of ours that the journal lost: reconciliation tells which.
      if (report.status === 'open')
        await owners.wakeReconciliation(account, `unknown order ${report.clientOrderId}`);
      return;
    }
    const strange = await noteStrangeCancel(deps, order, report);
    await pass(await desk.news.learn(report, 'stream'), strange);
  }

  /** Asks by itself, from time to time, what has become of the orders that rest; not while an emergency stop asks. */
  async function audit(account: string, over: AbortSignal): Promise<void> {
    const resting = new RestingAudit(deps);
    const paused = (): Promise<boolean> => wait(resting.pauseMs, true, { signal: over }).catch(() => false);
    while (await paused()) {
      try {
        if ((await stopUnderWay(account)) !== undefined) continue;
        await resting.look(account, pass);
      } catch (error) {
        log.warn({ account, error }, 'what rests could not be held against the exchange; trying again');
      }
    }
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
      const over = new AbortController();
      void audit(input.account, AbortSignal.any([stop, over.signal]));
      try {
        await exchange.watchAccount(onEvent, stop);
      } finally {
        over.abort();
      }
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
