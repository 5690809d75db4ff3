import { setTimeout as wait } from 'node:timers/promises';
import { TradingMode } from '../domain/risk';
import type { ExchangeAccount, ExchangeProcess } from '../test/crash/harness/exchange-process';
import type { Servers } from '../test/crash/harness/servers';
import { MANY_SYMBOLS, openPositions, stopEverything } from '../test/crash/harness/trading';
import { within } from '../test/crash/harness/wait';
import { World } from '../test/crash/harness/world';
import { timed } from './entries/submit';
import { NO_LIMITS } from './emulated-exchange';

export const POSITIONS = 20;
/** After the last stop rests: what opening so many at once has left to do is no part of the halt. */
const SETTLE_MS = 3_000;
/** A halt that takes longer has failed, whatever strikes. */
export const HALT_LIMIT_MS = 60_000;
/** Each so small that the book of a market that stands still fills all of them; losses stop nothing here. */
const LIMITS = {
  riskFraction: 0.001,
  maxPositionFraction: 0.0005,
  maxExposureFraction: 1,
  maxOpenPositions: 2 * POSITIONS,
  dailyLossFraction: 1,
  maxDrawdownFraction: 1,
} as const;

/** A world in which {@link haltOnce} can be measured, with further accounts on its exchange. */
export const openHaltWorld = (
  servers: Servers,
  name: string,
  others: readonly ExchangeAccount[] = [],
): Promise<World> =>
  World.open(servers, {
    name,
    balances: { USDT: '1000000' },
    limits: LIMITS,
    symbols: MANY_SYMBOLS,
    exchange: { limits: NO_LIMITS, others },
  });

/** What goes wrong during a halt. */
export interface Trouble {
  /** Faults of the exchange, planned just before the halt is asked for. */
  readonly plan?: () => readonly object[];
  /** Done while it goes on. */
  readonly act?: (exchange: ExchangeProcess) => Promise<void>;
}

/**
 * Opens the positions, on five pairs for the sake of the five stops that may rest on each, then measures the halt of all of
 * them, from the request until the account is verified to be flat. Trading is resumed afterwards.
 * @param name of the round, unique in the world
 * @returns wall milliseconds
 * @throws Error when it is not flat within {@link HALT_LIMIT_MS}, or an order rests all the same
 */
export async function haltOnce(world: World, name: string, { plan, act }: Trouble = {}): Promise<number> {
  const positions = await openPositions(world, POSITIONS, name);
  await wait(SETTLE_MS);
  for (const fault of plan?.() ?? []) await world.exchange.plan(fault);
  let epoch = 0;
  const stop = async (): Promise<void> => {
    const result = await stopEverything(world, name);
    if (result.flatAfterMs === null) throw new Error(`${name}: another stop took its place.`);
    ({ epoch } = result);
  };
  const halted = within(HALT_LIMIT_MS, () => timed(stop));
  const [tookMs] = await Promise.all([halted, act?.(world.exchange)]);
  await Promise.all(positions.map((position) => position.untilClosed()));
  const { account } = world.account;
  const resting = world.exchange
    .record()
    .orders.filter(
      (order) => order.account === account && ['NEW', 'PARTIALLY_FILLED'].includes(order.status),
    );
  if (resting.length > 0) throw new Error(`${name}: ${resting.length} orders rest at the exchange.`);
  await world.store.setMode(account, TradingMode.Active, {
    ...{ reason: 'the next round', by: 'bench', epoch },
    // As a person's word to resume: sales that a maintenance refused many times over are no flood of orders.
    measureAfresh: { wallTimeMs: Date.now(), marketTimeMs: null },
  });
  return tookMs;
}
