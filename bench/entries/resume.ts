import { Leg } from '../../domain/order';
import { ExitReason } from '../../domain/position';
import { Instant } from '../../test/crash/harness/moments';
import { grantPosition } from '../../test/crash/harness/trading';
import { waitFor } from '../../test/crash/harness/wait';
import { World } from '../../test/crash/harness/world';
import type { BenchContext, BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';
import { median, percentile } from '../statistics';

const KILLS = 12;
const LIMIT_MS = 60_000;
const INSTANTS = [Instant.Commit, Instant.Request, Instant.Answer] as const;

/** How long an order is left alone when the worker that is sending it dies. */
export const resume: BenchEntry = { name: 'resume', measure };

async function measure(context: BenchContext): Promise<readonly NamedMeasurement[]> {
  const world = await World.open(await context.servers(), { name: 'bench_resume' });
  const resumedMs: number[] = [];
  try {
    for (let kill = 0; kill < KILLS; kill += 1) {
      const instant = INSTANTS[kill % INSTANTS.length] ?? Instant.Commit;
      resumedMs.push(await killOnce(world, instant, `resume-${kill}`));
      context.progress(`resume: killed ${instant}, ${Math.round(resumedMs.at(-1) ?? 0)} ms`);
    }
  } finally {
    await world.close();
  }
  const figure = { unit: 'ms', baseline: null, ratio: null } as const;
  return [
    {
      ...figure,
      name: 'resume',
      value: percentile(resumedMs, 99),
      goal: { of: 'value', atMost: 10_000 },
      how: `p99 (of so few: the slowest) of ${KILLS} times SIGKILL of the worker while it sends an entry (in turn before the commit, between commit and send, and before the answer), to the first request of its successor about that order, as the wire saw both; the successor is started 0.25 s after the kill`,
    },
    { ...figure, name: 'resumeP50', value: median(resumedMs), goal: null, how: 'the median of the same' },
  ];
}

/** Kills the worker when the entry of a new position comes to this instant. The position is closed before the next. */
async function killOnce(world: World, instant: Instant, strategy: string): Promise<number> {
  const position = await grantPosition(world, strategy);
  const struck = position.id(Leg.Entry);
  let killedMs = 0;
  const killed = world.at(instant, struck, (worker) => {
    worker.kill();
    killedMs = Date.now();
    return 'drop';
  });
  await Promise.all([killed, position.start()]);
  const look = (): number | undefined => world.askedMs(struck, killedMs);
  const askedMs = await waitFor(`${struck} to be worked on again`, look, LIMIT_MS);
  await position.leave(ExitReason.Flatten);
  await position.untilClosed();
  return askedMs - killedMs;
}
