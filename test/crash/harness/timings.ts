import { Leg } from '../../../domain/order';
import type { GrantedPosition } from './trading';
import type { World } from './world';

/** What a kill cost, in wall milliseconds. Measured for people to read; no test depends on it. */
interface Timing {
  readonly what: string;
  /** From the kill until the order that it struck was worked on again. */
  readonly resumedMs: number | undefined;
  /** From the entry's arrival at the exchange until its stop rested there, as the wire saw both. */
  readonly unprotectedMs: number | undefined;
}

/** Collects the timings of one file's tests and prints them at its end. */
export class Timings {
  private readonly rows: Timing[] = [];

  note(what: string, world: World, position: GrantedPosition, struck: string, killedMs: number): void {
    const [entry] = world.placed(position.id(Leg.Entry));
    const stop = [0, 1, 2]
      .flatMap((sequence) => world.placed(position.id(Leg.Stop, sequence)))
      .find(({ answeredMs }) => answeredMs !== undefined);
    const askedMs = world.askedMs(struck, killedMs);
    this.rows.push({
      what,
      resumedMs: askedMs === undefined ? undefined : askedMs - killedMs,
      unprotectedMs:
        entry === undefined || stop?.answeredMs === undefined ? undefined : stop.answeredMs - entry.sentMs,
    });
  }

  print(): void {
    const cell = (value: number | undefined): string =>
      (value === undefined ? '–' : (value / 1000).toFixed(1)).padStart(12);
    const lines = this.rows.map(
      ({ what, resumedMs, unprotectedMs }) => `${what.padEnd(60)}${cell(resumedMs)}${cell(unprotectedMs)}`,
    );
    const head = `${'seconds of wall time'.padEnd(60)}${'resumed'.padStart(12)}${'unprotected'.padStart(12)}`;
    process.stdout.write(`${[head, ...lines].join('\n')}\n`);
  }
}
