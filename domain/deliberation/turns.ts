import { Seat } from './seats';
import type { PanelSettings } from './settings';

/** One turn to speak. */
export interface Turn {
  readonly round: number;
  readonly seat: Seat;
  readonly role: string;
}

/** All turns of a deliberation in their order: the advisers round by round, then the Supervisor. */
export function turnsOf({ seats, rounds }: Pick<PanelSettings, 'seats' | 'rounds'>): readonly Turn[] {
  const advisers = seats.filter(({ seat }) => seat !== Seat.Supervisor);
  const supervisors = seats.filter(({ seat }) => seat === Seat.Supervisor);
  const inRound = (round: number): readonly Turn[] => advisers.map((entry) => ({ round, ...entry }));
  return [
    ...(advisers.length === 0 ? [] : Array.from({ length: rounds }, (_, index) => inRound(index + 1)).flat()),
    ...supervisors.map((entry) => ({ round: rounds, ...entry })),
  ];
}
