import { setTimeout as wait } from 'node:timers/promises';
import type { ExchangeProcess } from '../../test/crash/harness/exchange-process';
import { waitFor } from '../../test/crash/harness/wait';
import type { World } from '../../test/crash/harness/world';
import type { BenchContext, BenchEntry } from '../entry';
import { HALT_LIMIT_MS, haltOnce, openHaltWorld, POSITIONS, type Trouble } from '../halting';
import type { NamedMeasurement } from '../measurement';
import { percentile, ratio } from '../statistics';

/** By what a halt sells: it puts a sale in the place of each stop. */
const SALE = { match: 'POST /api/v3/order/cancelReplace' } as const;
const MAINTENANCE_MS = 2_000;
/** From the request until the exchange is killed: sales are under way. */
const KILL_AFTER_MS = 200;

/** Trouble that has a name. */
interface Named extends Trouble {
  readonly what: string;
}

const LOST = { ...SALE, kind: 'hang-after' };
const LIMITED = { ...SALE, kind: 'rate-limit', times: 3 };
const MAINTAINED = { kind: 'maintenance' };

/** Resolves when one more fault has struck: on a busy machine a halt may take its time to begin. */
function untilStruck(exchange: ExchangeProcess): Promise<true> {
  const before = exchange.faultLog().length;
  const look = (): true | undefined => (exchange.faultLog().length > before ? true : undefined);
  return waitFor('a fault to strike', look, HALT_LIMIT_MS);
}

async function endMaintenance(exchange: ExchangeProcess): Promise<void> {
  await untilStruck(exchange);
  await wait(MAINTENANCE_MS);
  await exchange.callOffFaults();
}

async function restart(exchange: ExchangeProcess): Promise<void> {
  exchange.kill();
  await exchange.restart();
}

const TROUBLES: readonly Named[] = [
  { what: 'a sale of which the answer never comes', plan: () => [LOST] },
  { what: 'three sales answered by 429, to come back after 1 s', plan: () => [LIMITED] },
  {
    what: `maintenance until ${MAINTENANCE_MS / 1000} s after it was met`,
    plan: () => [MAINTAINED],
    act: endMaintenance,
  },
  {
    what: `the exchange killed after ${KILL_AFTER_MS / 1000} s and started again`,
    act: async (exchange) => {
      await wait(KILL_AFTER_MS);
      await restart(exchange);
    },
  },
  {
    what: 'the lost answer and the 429, and once one has struck the exchange killed and started again',
    plan: () => [LOST, LIMITED],
    act: async (exchange) => {
      await untilStruck(exchange);
      await restart(exchange);
    },
  },
];

/** How long an account stays exposed after somebody has said stop, when the exchange is in trouble. */
export const haltFaults: BenchEntry = { name: 'haltFaults', measure };

async function measure(context: BenchContext): Promise<readonly NamedMeasurement[]> {
  const world = await openHaltWorld(await context.servers(), 'bench_halt_faults');
  const calm: number[] = [];
  const troubled: number[] = [];
  try {
    for (const [index, trouble] of TROUBLES.entries()) {
      context.progress(`haltFaults: ${trouble.what}`);
      calm.push(await haltOnce(world, `calm-${index}`));
      troubled.push(await haltInTrouble(world, `troubled-${index}`, trouble));
      context.progress(`haltFaults: ${seconds(troubled.at(-1))}, and ${seconds(calm.at(-1))} without`);
    }
    await world.agreement();
  } catch (error) {
    // Told here, because a world that is broken may not close either.
    context.progress(`haltFaults: ${String(error)}`);
    throw error;
  } finally {
    await world.close();
  }
  const [value, baseline] = [percentile(troubled, 99), percentile(calm, 99)];
  const each = TROUBLES.map(({ what }, index) => `${what}: ${seconds(troubled[index])}`).join('; ');
  return [
    {
      ...{ name: 'haltFaults', value, unit: 'ms', baseline, ratio: ratio(value, baseline), goal: null },
      how: `the slowest of ${TROUBLES.length} halts of ${POSITIONS} open positions while the exchange is in trouble, each flat by its own record and within ${HALT_LIMIT_MS / 1000} s, or there is no figure; against the slowest of as many without, between them. ${each}`,
    },
  ];
}

/** @throws Error also when no fault that was planned has struck: then nothing was measured */
async function haltInTrouble(world: World, name: string, trouble: Named): Promise<number> {
  const before = world.exchange.faultLog().length;
  const tookMs = await haltOnce(world, name, trouble);
  await world.exchange.callOffFaults();
  if (trouble.plan !== undefined && world.exchange.faultLog().length === before)
    throw new Error(`${name}: no fault has struck (${trouble.what}).`);
  return tookMs;
}

const seconds = (ms = Number.NaN): string => `${(ms / 1000).toFixed(2)} s`;
