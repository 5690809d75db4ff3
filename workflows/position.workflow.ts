import {
  CancellationScope,
  condition,
  continueAsNew,
  patched,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { marketTimeAt, wallDelayUntil, type ClockReading } from '../domain/clock';
import { toNumber } from '../domain/decimal';
import { Leg, mayBeLive, OrderState } from '../domain/order';
import { backoffMs, backoffMsWithoutTakenBack } from '../domain/back-off';
import { nextStep, sellable, type PositionStep } from '../domain/planner';
import { FIRST_GAP, isDelisted, PositionState, type PositionView } from '../domain/position';
import { TradingMode } from '../domain/trading-mode';
import type { LoadedPosition } from '../activities/protection';
import { startUnlessRunning, tell } from './children';
import {
  adoptSignal,
  advanceSignal,
  pokeSignal,
  SEARCH_ATTRIBUTES,
  tags,
  workflowIds,
  type LegOrder,
  type PositionInput,
  type PositionProgress,
  type PositionResult,
} from './contract';
import { orderLifecycle } from './order-lifecycle.workflow';
import { orderActivities } from './proxies';

/** Without news the journal is read again this often. */
const SAFETY_MS = 60_000;
/** The same while the account is halted, and while an order of ours is on its way. */
const WATCHFUL_MS = 5_000;
/** After a settlement that found something left: a late fill, or one that the exchange does not show yet. */
const UNSETTLED_MS = 500;
/** A leg that ends just when it is told something is started anew; more often than this it does not happen in one turn. */
const DISPATCH_TRIES = 3;

/**
 * Owns one position from its grant until it is flat. Each turn reads the journal, asks the planner for the next step and
 * takes it, so a restart, an adoption by a new run and an ordinary turn are the same thing. It cannot be cancelled:
 * a position ends by being flat.
 */
export async function position(input: PositionInput): Promise<PositionResult> {
  const wake: Wake = { pokes: 0, adopt: true };
  setHandler(pokeSignal, () => {
    wake.pokes += 1;
  });
  setHandler(adoptSignal, () => {
    wake.pokes += 1;
    wake.adopt = true;
  });
  return CancellationScope.nonCancellable(() => own(input, wake));
}

interface Wake {
  pokes: number;
  /** Orders that may be live are to be given their workflows: in the first turn of a run, and when one is missing. */
  adopt: boolean;
}

async function own(input: PositionInput, wake: Wake): Promise<PositionResult> {
  const journal = orderActivities(input.venue, 'read the journal');
  const protection = new ProtectionWatch(input);
  const legs = new Legs(input);
  const context = { backOff: new BackOff(), legs };
  for (;;) {
    const seen = wake.pokes;
    const poked = (): boolean => wake.pokes !== seen;
    const loaded = await journal.loadPosition(input.positionId);
    show(loaded);
    await protection.observe(loaded);
    if (loaded.position.state === PositionState.Closed) return resultOf(loaded.position);
    const { adopt } = wake;
    wake.adopt = false;
    await legs.adopt(loaded.position, adopt);
    const wallTimeMs = Date.now();
    const marketTimeMs = marketTimeAt(loaded.clock, wallTimeMs);
    const step = nextStep(loaded.position, loaded.mode, { marketTimeMs, wallTimeMs });
    const restMs = await take(input, loaded, step, { poked, ...context });
    // The next run begins with the journal, so it needs to hear of no poke; waiting for a quiet turn might take for ever.
    if (workflowInfo().continueAsNewSuggested && (!poked() || patched('continue-though-poked')))
      await continueAsNew<typeof position>({ ...input, carried: protection.progress() });
    if (restMs > 0) await condition(poked, restMs, { summary: 'until news, or the next look' });
  }
}

/** Takes a step. Returns how long to wait for news afterwards, in wall milliseconds. */
async function take(
  input: PositionInput,
  loaded: LoadedPosition,
  step: PositionStep,
  { poked, backOff, legs }: { readonly poked: () => boolean; readonly backOff: BackOff; readonly legs: Legs },
): Promise<number> {
  const { positionId, venue } = input;
  switch (step.do) {
    case 'order': {
      const restMs = backOff.restMs(loaded.position, step);
      const summary = `back off: the last ${step.leg} orders came to nothing`;
      // News in this time may ask for something else than what was planned before it.
      if (restMs > 0 && (await condition(poked, restMs, { summary }))) return 0;
      await legs.dispatch(step.leg, { ...step, cancel: false });
      return WATCHFUL_MS;
    }
    case 'cancel':
      await legs.dispatch(step.order.leg, { ...step.order, cancel: true });
      return WATCHFUL_MS;
    case 'give-up':
      await orderActivities(venue, `give up: ${step.reason}`).giveUpPosition({
        positionId,
        reason: step.reason,
      });
      return 0;
    case 'settle': {
      const delayMs = settleDelayMs(loaded.position);
      // News in this time may be the late fill that is waited for.
      if (delayMs > 0 && (await condition(poked, delayMs, { summary: 'until no late fill can come' })))
        return 0;
      const { closed } = await orderActivities(venue, 'verify that it is flat, and close').settlePosition(
        positionId,
      );
      return closed ? 0 : UNSETTLED_MS;
    }
    case 'wait':
      return restFor(step, loaded);
  }
}

/** How long to wait when there is nothing to do. */
function restFor(
  { untilMarketMs, untilWallMs }: Extract<PositionStep, { readonly do: 'wait' }>,
  { mode, clock }: LoadedPosition,
): number {
  if (mode === TradingMode.Halted) return WATCHFUL_MS;
  if (untilWallMs !== undefined) return Math.max(1, untilWallMs - Date.now());
  if (untilMarketMs === null) return SAFETY_MS;
  return Math.min(SAFETY_MS, Math.max(1, wallDelayUntil(clock, untilMarketMs, Date.now())));
}

/** The workflows of the position's legs, as far as this run knows them. */
class Legs {
  private readonly told = new Set<string>();

  constructor(private readonly input: PositionInput) {}

  /**
   * Orders which the exchange may hold have somebody who looks after them: all of them when their workflows may be gone, else
   * those that appear without having been asked for here, such as a stop that was sent in the instant of the fill.
   */
  async adopt({ orders }: PositionView, all: boolean): Promise<void> {
    const live = orders.filter(({ state }) => mayBeLive(state));
    const strange = live.filter((order) => order.leg !== Leg.Emergency && !this.told.has(nameOf(order)));
    if (!all && (strange.length === 0 || !patched('adopt-what-appears'))) return;
    for (const order of all ? live : strange) await this.dispatch(order.leg, { ...order, cancel: false });
  }

  /** Hands an order to its leg's own workflow, which is started when it is not there. */
  async dispatch(leg: Leg, order: LegOrder): Promise<void> {
    const { deployment, account, venue, positionId, symbol, strategy } = this.input;
    const { sequence, type, stopPrice, replaces, cancel } = order;
    const wanted: LegOrder = { sequence, type, stopPrice, replaces, cancel };
    this.told.add(nameOf({ leg, sequence }));
    const workflowId = workflowIds.order(positionId, leg);
    for (let tries = 0; tries < DISPATCH_TRIES; tries += 1) {
      const started = await startUnlessRunning(orderLifecycle, {
        workflowId,
        args: [{ deployment, account, venue, positionId, symbol, leg, order: wanted }],
        staticSummary: `${leg} of ${symbol} for ${strategy}`,
        typedSearchAttributes: tags({ account, strategy, symbol, side: leg === Leg.Entry ? 'buy' : 'sell' }),
      });
      if (started || (await tell(workflowId, advanceSignal, wanted))) return;
    }
  }
}

const nameOf = ({ leg, sequence }: { readonly leg: Leg; readonly sequence: number }): string =>
  `${leg} ${sequence}`;

/** The receive window plus the visibility lag after the last instant at which the entry could leave our process. */
const LATE_FILL_WINDOW_MS = 8_000;

/** Flat counts only once no entry can still arrive: wall milliseconds until then. A filled entry is complete. */
function settleDelayMs(view: PositionView): number {
  const open = view.orders.filter((order) => order.leg === Leg.Entry && order.state !== OrderState.Filled);
  const deadlines = open.flatMap(({ sendDeadlineMs }) => (sendDeadlineMs === null ? [] : [sendDeadlineMs]));
  return Math.max(0, ...deadlines.map((deadlineMs) => deadlineMs + LATE_FILL_WINDOW_MS - Date.now()));
}

/** When the next order of a leg may be sent after others came to nothing. News do not begin the pause anew. */
class BackOff {
  private order = '';
  private untilMs = 0;

  /** Wall milliseconds that are left of the pause before `order`. */
  restMs(view: PositionView, { leg, sequence }: { readonly leg: Leg; readonly sequence: number }): number {
    const order = nameOf({ leg, sequence });
    if (order !== this.order) {
      this.order = order;
      this.untilMs = Date.now() + pauseMs(view, leg);
    }
    return Math.max(0, this.untilMs - Date.now());
  }
}

/** Runs that began before stops that are taken back counted go on as they began. */
function pauseMs(view: PositionView, leg: Leg): number {
  const [before, now] = [backoffMsWithoutTakenBack(view, leg), backoffMs(view, leg)];
  return before === now || patched('pause-when-stops-are-taken-back') ? now : before;
}

/** Measures, in wall time, how long something sellable was held without a resident stop, and journals each such gap. */
class ProtectionWatch {
  private nakedSinceMs: number | null;
  private isFirst: boolean;
  private gaps = 0;
  /** A stop has rested before, perhaps under an earlier run: what is naked now has not been so since its first fill. */
  private covered = false;

  constructor(private readonly input: PositionInput) {
    this.nakedSinceMs = input.carried?.nakedSinceMs ?? null;
    this.isFirst = input.carried?.isFirst ?? false;
  }

  progress(): PositionProgress {
    return { nakedSinceMs: this.nakedSinceMs, isFirst: this.isFirst };
  }

  async observe({ position: view, clock }: LoadedPosition): Promise<void> {
    const stops = view.orders.filter(({ leg }) => leg === Leg.Stop);
    this.covered ||= stops.some(({ exchangeOrderId }) => exchangeOrderId !== null);
    const guarded = stops.some(({ state }) => state === OrderState.Open);
    const live = view.state !== PositionState.Closed && !isDelisted(view);
    if (!live || guarded || sellable(view).dust !== undefined) return this.endGap();
    if (this.nakedSinceMs !== null) return;
    this.isFirst = !this.covered && view.openedAtMs !== null;
    this.nakedSinceMs =
      this.covered || view.openedAtMs === null ? Date.now() : wallOf(view.openedAtMs, clock);
  }

  private async endGap(): Promise<void> {
    if (this.nakedSinceMs === null) return;
    const durationMs = Math.max(0, Math.round(Date.now() - this.nakedSinceMs));
    this.nakedSinceMs = null;
    const { positionId, venue } = this.input;
    this.gaps += 1;
    const key = this.isFirst ? FIRST_GAP : `${workflowInfo().runId}/${this.gaps}`;
    await orderActivities(venue, `${durationMs} ms without a stop`).recordUnprotected({
      positionId,
      key,
      durationMs,
    });
  }
}

const wallOf = (marketTimeMs: number, clock: ClockReading): number =>
  clock.wallTimeMs + (marketTimeMs - clock.marketTimeMs) / clock.speed;

const resultOf = (view: PositionView): PositionResult => ({
  exitReason: view.exitReason ?? 'unknown',
  realisedPnl: view.ledger.realisedPnl,
});

/** What the Web UI shows without opening a payload. */
function show({ position: view, mode }: LoadedPosition): void {
  const { ledger, orders } = view;
  const lines = orders.map(
    (order) =>
      `| ${order.leg} ${order.sequence} | ${order.state} | ${order.quantity} | ${order.stopPrice ?? order.limitPrice ?? 'market'} | ${order.filledQuantity} |`,
  );
  const leaving = view.exitReason === null ? '' : `, leaving: ${view.exitReason}`;
  const exit = isDelisted(view) ? `${leaving}, **delisted**: the exchange does not know its pair` : leaving;
  setCurrentDetails(
    [
      `**${view.symbol}** holds ${ledger.heldQuantity}, entry ${ledger.averageEntry ?? '–'}, stop ${view.stopPrice}, target ${view.targetPrice}${exit}`,
      `Realised ${ledger.realisedPnl}; account ${mode}; position ${view.state}`,
      '',
      '| order | state | quantity | price | filled |',
      '|---|---|---|---|---|',
      ...lines,
    ].join('\n'),
  );
  if (view.state === PositionState.Closed) {
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.pnl, value: toNumber(ledger.realisedPnl) }]);
  }
}
