import { hash32, RandomStream } from '../../domain/random';
import { anyFault, anyOf, whole, type ScheduledFault } from './faults';

/** What can be killed. */
export const Target = {
  Worker: 'worker',
  Temporal: 'temporal',
  Postgres: 'postgres',
  Exchange: 'exchange',
} as const;
export type Target = (typeof Target)[keyof typeof Target];

/** What an operator may do, and takes back after `forMs`. */
export const OperatorAction = {
  Flatten: 'flatten',
  Pause: 'pause',
  EmergencyStop: 'emergency-stop',
} as const;
export type OperatorAction = (typeof OperatorAction)[keyof typeof OperatorAction];

/** One thing that happens, `atMs` wall milliseconds after the beginning. */
export type ScheduledEvent = { readonly atMs: number } & (
  | { readonly do: 'kill'; readonly targets: readonly Target[]; readonly downMs: number }
  | { readonly do: 'fault'; readonly fault: ScheduledFault }
  | {
      readonly do: 'operate';
      readonly action: OperatorAction;
      /** Which of the strategies, by number; of no meaning to an emergency stop. */
      readonly strategy: number;
      readonly forMs: number;
    }
);

const MINUTE_MS = 60_000;
/** Trading begins undisturbed, and the last strike leaves time to be felt. */
const QUIET = { beginMs: 8_000, endMs: 5_000 } as const;
/** Time between two events of a kind: the least, and the mean of what is added to it. */
const GAPS = {
  kill: { leastMs: 4_000, meanMs: 8_000 },
  fault: { leastMs: 500, meanMs: 3_500 },
  operate: { leastMs: 8_000, meanMs: 20_000 },
} as const;

const EVERYTHING: readonly Target[] = Object.values(Target);
/** Single kills in the proportion in which they are listed; several at once beside them. */
const SINGLE_KILLS: readonly Target[] = [
  Target.Worker,
  Target.Worker,
  Target.Worker,
  Target.Temporal,
  Target.Postgres,
  Target.Exchange,
  Target.Exchange,
];
const SEVERAL_FRACTION = 0.2;

/**
 * Everything that is going to happen in a run: a pure function of its arguments, so that a seed tells a run. Each kind of
 * event has a stream of its own, so that one more kind of fault changes no kill.
 * @param strategies how many there are
 * @returns the events, earliest first
 */
export function scheduleOf(seed: number, minutes: number, strategies = 4): readonly ScheduledEvent[] {
  const stream = (kind: string): RandomStream => new RandomStream(hash32('chaos', kind, seed));
  const times = (kind: keyof typeof GAPS, random: RandomStream): readonly number[] =>
    timesOf(random, GAPS[kind], minutes * MINUTE_MS);

  const kills = stream('kill');
  const faults = stream('fault');
  const operator = stream('operate');
  const events: readonly ScheduledEvent[] = [
    ...times('kill', stream('kill-times')).map((atMs): ScheduledEvent => ({
      atMs,
      do: 'kill',
      targets: targetsOf(kills),
      downMs: whole(kills, 0, 2_500),
    })),
    ...times('fault', stream('fault-times')).map((atMs): ScheduledEvent => ({
      atMs,
      do: 'fault',
      fault: anyFault(faults),
    })),
    ...times('operate', stream('operate-times')).map((atMs): ScheduledEvent => ({
      atMs,
      do: 'operate',
      action: anyOf(operator, Object.values(OperatorAction)),
      strategy: whole(operator, 0, strategies - 1),
      forMs: whole(operator, 1_000, 6_000),
    })),
  ];
  return [...events].sort((a, b) => a.atMs - b.atMs);
}

function timesOf(
  random: RandomStream,
  { leastMs, meanMs }: { readonly leastMs: number; readonly meanMs: number },
  lengthMs: number,
): readonly number[] {
  const times: number[] = [];
  for (let atMs: number = QUIET.beginMs; ;) {
    atMs += leastMs + Math.round(random.exponential() * meanMs);
    if (atMs > lengthMs - QUIET.endMs) return times;
    times.push(atMs);
  }
}

function targetsOf(random: RandomStream): readonly Target[] {
  const several = random.uniform() < SEVERAL_FRACTION;
  if (!several) return [anyOf(random, SINGLE_KILLS)];
  const spared = new Set(EVERYTHING.filter(() => random.uniform() < 0.4));
  const struck = EVERYTHING.filter((target) => !spared.has(target));
  return struck.length === 0 ? EVERYTHING : struck;
}

function describeFault({ request, forMs }: ScheduledFault): string {
  const lasting = forMs === undefined ? '' : ` for ${forMs} ms`;
  return `${JSON.stringify(request)}${lasting}`;
}

/** One line for people. */
export function describeEvent(event: ScheduledEvent): string {
  switch (event.do) {
    case 'kill':
      return `SIGKILL ${event.targets.join(' + ')}, down for ${event.downMs} ms`;
    case 'fault':
      return `fault ${describeFault(event.fault)}`;
    case 'operate':
      return `${event.action}${event.action === OperatorAction.EmergencyStop ? '' : ` strategy ${event.strategy}`}, for ${event.forMs} ms`;
  }
}
