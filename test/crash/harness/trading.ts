import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { lastCloseMs, Timeframe, timeframeMs } from '../../../domain/bar';
import { marketTimeAt, type ClockReading } from '../../../domain/clock';
import { add, decimal, multiply, ZERO, type DecimalString } from '../../../domain/decimal';
import { clientOrderId, positionId as positionIdOf } from '../../../domain/ids';
import { roundLongStop } from '../../../domain/instrument';
import { Leg, OrderState } from '../../../domain/order';
import { PositionState, type ExitReason, type PositionView } from '../../../domain/position';
import {
  pokeSignal,
  startOptions,
  workflowIds,
  type EmergencyStopInput,
  type EmergencyStopResult,
  type PositionInput,
} from '../../../workflows/contract';
import { waitFor } from './wait';
import type { World } from './world';

const TIMEFRAME = Timeframe.M1;
/** Long enough that only a test which moves the market far lets an entry expire. */
const ENTRY_TTL_BARS = 60;
/** The bracket around the price at the grant. */
const STOP_FACTOR = '0.97';
const TARGET_FACTOR = '1.15';

const isProtected = ({ orders }: PositionView): boolean =>
  orders.some(({ leg, state }) => leg === Leg.Stop && state === OrderState.Open);
const isStoppedAt =
  (stopPrice: DecimalString) =>
  ({ orders }: PositionView): boolean =>
    orders.some((order) => order.state === OrderState.Open && order.stopPrice === stopPrice);
const isClosed = ({ state }: PositionView): boolean => state === PositionState.Closed;

/** The exchange's clock. One that has just been killed, or started again, is asked until it answers. */
export const clockOf = ({ port }: World): Promise<ClockReading> =>
  waitFor('the exchange to tell its time', () => port.clock());

/** A position that a test has granted, by the names of its parts. */
export class GrantedPosition {
  constructor(
    private readonly world: World,
    readonly input: PositionInput,
    private readonly session: string,
  ) {}

  /** The client order id of one order of this position, known before it is sent. */
  id(leg: Leg, sequence = 0): string {
    const { deployment, account, positionId } = this.input;
    return clientOrderId({ deployment, account, session: this.session, positionId, leg, sequence });
  }

  async view(): Promise<PositionView> {
    const view = await this.world.store.position(this.input.positionId);
    if (view === undefined) throw new Error(`${this.input.positionId} is not in the journal.`);
    return view;
  }

  /** Gives it its owner, exactly as a trading cycle does. */
  async start(): Promise<void> {
    await this.world.client.workflow.start('position', {
      ...startOptions,
      workflowId: this.input.positionId,
      args: [this.input],
    });
  }

  /** Journals the wish to leave and wakes the owner, as `flatten` does. */
  async leave(reason: ExitReason): Promise<void> {
    await this.world.store.wishExit(this.input.positionId, reason);
    await this.world.client.workflow.getHandle(this.input.positionId).signal(pokeSignal);
  }

  /** Journals the wish for a higher stop and wakes the owner, as the management of a bar does. */
  async trail(stopFactor: string): Promise<DecimalString> {
    const { limitPrice, instrument } = await this.view();
    const stopPrice = roundLongStop(instrument, multiply(limitPrice, decimal(stopFactor)));
    await this.world.store.wishStop(this.input.positionId, stopPrice);
    await this.world.client.workflow.getHandle(this.input.positionId).signal(pokeSignal);
    return stopPrice;
  }

  untilProtected(timeoutMs?: number): Promise<PositionView> {
    return this.until('to be protected', isProtected, timeoutMs);
  }

  untilProtectedOrClosed(): Promise<PositionView> {
    return this.until('to be protected or closed', (view) => isProtected(view) || isClosed(view));
  }

  /** Until a stop rests at this price. */
  untilTrailed(stopPrice: DecimalString): Promise<PositionView> {
    return this.until(`to have its stop at ${stopPrice}`, isStoppedAt(stopPrice));
  }

  untilTrailedOrClosed(stopPrice: DecimalString): Promise<PositionView> {
    const isTrailed = isStoppedAt(stopPrice);
    return this.until(
      `to have its stop at ${stopPrice}, or to be closed`,
      (view) => isTrailed(view) || isClosed(view),
    );
  }

  /** Until the entry rests, unfilled. */
  untilResting(): Promise<PositionView> {
    return this.until('to have its entry rest', ({ orders }) =>
      orders.some(({ leg, state }) => leg === Leg.Entry && state === OrderState.Open),
    );
  }

  untilClosed(): Promise<PositionView> {
    return this.until('to be closed', isClosed);
  }

  private until(
    what: string,
    reached: (view: PositionView) => boolean,
    timeoutMs?: number,
  ): Promise<PositionView> {
    const probe = async (): Promise<PositionView | undefined> => {
      const view = await this.view();
      return reached(view) ? view : undefined;
    };
    return waitFor(`${this.input.positionId} ${what}`, probe, timeoutMs);
  }
}

export interface PositionWish {
  readonly symbol?: string;
  /** Where the stop is to be, as a fraction of the price. */
  readonly stopFactor?: string;
  /** Where it is to be bought, likewise; below 1 its entry rests. */
  readonly entryFactor?: string;
  /** Where its target is to be, likewise. */
  readonly targetFactor?: string;
}

/**
 * Lets risk grant a position near the current price, as a trading cycle does for a proposal. It has no owner yet.
 * @param strategy names the position; unique among those of one world that are open at a time
 * @throws Error with the refusal when risk refuses
 */
export async function grantPosition(
  world: World,
  strategy: string,
  {
    symbol = 'BTC/USDT',
    stopFactor = STOP_FACTOR,
    entryFactor = '1',
    targetFactor = TARGET_FACTOR,
  }: PositionWish = {},
): Promise<GrantedPosition> {
  const { deployment, account, venue } = world.account;
  const reading = await clockOf(world);
  const { session } = reading;
  const marketTimeMs = Math.floor(marketTimeAt(reading, Date.now()));
  const barCloseMs = lastCloseMs(marketTimeMs, TIMEFRAME);
  const [instrument] = await world.port.instruments([symbol]);
  const [quote] = await world.port.quotes([symbol]);
  if (instrument === undefined || quote === undefined)
    throw new Error(`The exchange does not trade ${symbol}.`);
  const cash = (await world.port.balances()).find(({ asset }) => asset === instrument.quote);
  const freeQuote = cash?.free ?? ZERO;
  const positionId = positionIdOf({ account, session, strategy, symbol, barCloseMs });
  const result = await world.store.grant({
    deployment,
    positionId,
    account,
    session,
    strategy,
    timeframe: TIMEFRAME,
    barCloseMs,
    proposal: {
      symbol,
      referencePrice: multiply(quote.ask, decimal(entryFactor)),
      stopPrice: multiply(quote.ask, decimal(stopFactor)),
      targetPrice: multiply(quote.ask, decimal(targetFactor)),
      trailDistance: null,
    },
    limits: world.limits,
    instrument,
    freeQuote,
    equity: add(freeQuote, await heldWorth(world)),
    marketTimeMs,
    expiresAtMs: barCloseMs + ENTRY_TTL_BARS * timeframeMs(TIMEFRAME),
  });
  if (!result.granted) throw new Error(`Risk refuses ${positionId}: ${result.message}`);
  return new GrantedPosition(world, { deployment, account, venue, positionId, strategy, symbol }, session);
}

/** What the account's positions are worth at the bid. */
async function heldWorth(world: World): Promise<DecimalString> {
  const live = await world.store.livePositions(world.account.account);
  const quotes = await world.port.quotes([...new Set(live.map(({ symbol }) => symbol))]);
  const bids = new Map(quotes.map(({ symbol, bid }) => [symbol, bid]));
  return live
    .map(({ symbol, ledger }) => multiply(ledger.heldQuantity, bids.get(symbol) ?? ZERO))
    .reduce(add, ZERO);
}

/** Grants a position and gives it its owner. */
export async function openPosition(
  world: World,
  strategy: string,
  wish?: PositionWish,
): Promise<GrantedPosition> {
  const position = await grantPosition(world, strategy, wish);
  await position.start();
  return position;
}

/** Twenty positions at once are a lot of workflows for a busy machine. */
const OPENING_LIMIT_MS = 120_000;
/** Every pair that the simulated market lists. With at most five resident stops a pair they carry 25 positions. */
export const MANY_SYMBOLS = ['BTC/USDT', 'ETH/USDT', 'SOL/USDT', 'XRP/USDT', 'BNB/USDT'] as const;
/** Limits under which twenty positions are open at a time. */
export const MANY_LIMITS = {
  maxOpenPositions: 20,
  maxPositionFraction: 0.01,
  maxExposureFraction: 1,
} as const;

/**
 * Opens positions all over {@link MANY_SYMBOLS}, in a world of those and of {@link MANY_LIMITS}, and waits until each is
 * guarded by its stop. @param name unique in the world
 */
export async function openPositions(
  world: World,
  count: number,
  name: string,
): Promise<readonly GrantedPosition[]> {
  const positions: GrantedPosition[] = [];
  for (let index = 0; index < count; index += 1)
    positions.push(
      await openPosition(world, `${name}-${index}`, { symbol: MANY_SYMBOLS[index % MANY_SYMBOLS.length] }),
    );
  await Promise.all(positions.map((position) => position.untilProtected(OPENING_LIMIT_MS)));
  return positions;
}

/**
 * Begins an emergency stop of the account, as an operator would.
 * @param haltKey another one for each stop
 * @returns the workflow, whose result comes when it has verified that the account is flat
 */
export async function beginEmergencyStop(
  world: World,
  haltKey: string,
): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const { account } = world.account;
  const input: EmergencyStopInput = {
    ...world.account,
    haltKey,
    by: 'crash-test',
    reason: 'a test of the emergency stop',
  };
  return world.client.workflow.start('emergencyStop', {
    ...startOptions,
    workflowId: workflowIds.emergencyStop(account),
    args: [input],
  });
}

/** Runs an emergency stop to its end. */
export async function stopEverything(world: World, haltKey: string): Promise<EmergencyStopResult> {
  const handle = await beginEmergencyStop(world, haltKey);
  return (await handle.result()) as EmergencyStopResult;
}
