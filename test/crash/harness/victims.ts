import { Instant, type Verdict } from './moments';
import type { World } from './world';

export const Victim = {
  Worker: 'the worker',
  Temporal: 'Temporal',
  Postgres: 'PostgreSQL',
  Exchange: 'the exchange',
} as const;
export type Victim = (typeof Victim)[keyof typeof Victim];

/** Who is killed together. */
export type Victims = readonly Victim[];

/** Everything that can be killed, one at a time and all together. */
export const VICTIMS: readonly Victims[] = [
  ...Object.values(Victim).map((victim) => [victim]),
  Object.values(Victim),
];

/** A worker and the one that it was talking to, for where an order is on its way between them. */
export const PAIRS: readonly Victims[] = [
  [Victim.Worker, Victim.Postgres],
  [Victim.Worker, Victim.Exchange],
];

export const namesOf = (victims: Victims): string =>
  victims.length === Object.values(Victim).length ? 'everything' : victims.join(' and ');

/** SIGKILLs them, at once. The worker is started again by itself; the servers when `revive` says so. */
export function kill(world: World, victims: Victims): void {
  for (const victim of victims) {
    if (victim === Victim.Temporal) world.servers.temporal.kill();
    if (victim === Victim.Postgres) world.servers.postgres.kill();
    if (victim === Victim.Exchange) world.exchange.kill();
    if (victim === Victim.Worker) for (const worker of world.workers) worker.kill();
  }
}

/** Starts the servers among them anew, on their old data and ports. */
export async function revive({ servers, exchange }: World, victims: Victims): Promise<void> {
  const restart = async (victim: Victim): Promise<void> => {
    if (victim === Victim.Temporal) await servers.temporal.restart();
    if (victim === Victim.Postgres) await servers.postgres.restart();
    if (victim === Victim.Exchange) await exchange.restart();
  };
  await Promise.all(victims.map(restart));
}

const TO_THE_EXCHANGE: readonly Instant[] = [Instant.Request, Instant.Answer, Instant.Ask, Instant.Asked];

/** A message ends with the one who sent it, or who was to answer it. */
function fateOfMessage(victims: Victims, instant: Instant): Verdict {
  const isLost =
    victims.includes(Victim.Worker) ||
    (victims.includes(Victim.Exchange) && TO_THE_EXCHANGE.includes(instant)) ||
    (victims.includes(Victim.Temporal) && instant === Instant.Continue);
  return isLost ? 'drop' : 'pass';
}

/** Kills them at this instant, of which a trap tells. @returns what becomes of the message that makes it */
export function strike(world: World, victims: Victims, instant: Instant): Verdict {
  kill(world, victims);
  return fateOfMessage(victims, instant);
}
