import { setTimeout as wait } from 'node:timers/promises';
import type { ExchangeProcess } from '../../test/crash/harness/exchange-process';
import type { World } from '../../test/crash/harness/world';
import type { BenchContext, BenchEntry } from '../entry';
import { HALT_LIMIT_MS, haltOnce, openHaltWorld, POSITIONS, type Trouble } from '../halting';
import type { NamedMeasurement } from '../measurement';
import { percentile, ratio } from '../statistics';

/** By what a halt sells: it puts a sale in the place of each stop. */
const SALE = { match: 'POST /api/v3/order/cancelReplace' } as const;
const MAINTENANCE_MS = 2_000;

/** Trouble that has a name. */
interface Named extends Trouble {
  readonly what: string;
}

const LOST = { ...SALE, kind: 'hang-after' };
const LIMITED = { ...SALE, kind: 'rate-limit', times: 3 };
const maintenance = (): object => ({
  kind: 'maintenance',
  window: { untilMs: Date.now() + MAINTENANCE_MS },
});
/** Kills the exchange so long after the request, and starts it again. */
const restartAfter =
  (ms: number) =>
  async (exchange: ExchangeProcess): Promise<void> => {
    await wait(ms);
    exchange.kill();
    await exchange.restart();
  };

const TROUBLES: readonly Named[] = [
  { what: 'a sale of which the answer never comes', plan: () => [LOST] },
  { what: 'three sales answered by 429, to come back after 1 s', plan: () => [LIMITED] },
  { what: `maintenance for ${MAINTENANCE_MS / 1000} s`, plan: () => [maintenance()] },
  { what: 'the exchange killed after 0.2 s and started again', act: restartAfter(200) },
  // What is planned dies with the exchange: it has a second to strike.
  {
    what: 'the lost answer, the 429, and the exchange killed after 1 s and started again',
    plan: () => [LOST, LIMITED],
    act: restartAfter(1_000),
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
