import type { PanelSettings } from './settings';
import { turnsOf, type Turn } from './turns';
import { judge, withoutPanel, type PanelVerdict, type Statement } from './verdict';

/** How a deliberation is held; whoever holds it brings the voices and the clock. */
export interface Conduct {
  readonly settings: Pick<PanelSettings, 'seats' | 'rounds' | 'quorum'>;
  /**
   * Lets a seat speak.
   * @param heard what was said so far, in order
   * @param allottedMs wall milliseconds it may take
   * @returns its answer, not checked yet; null for none
   */
  readonly speak: (turn: Turn, heard: readonly Statement[], allottedMs: number) => Promise<unknown>;
  /** Wall milliseconds until the deadline. */
  readonly leftMs: () => number;
}

/** Turns shorter than this are not begun: no model answers in it. */
const SHORTEST_TURN_MS = 50;

/**
 * Lets every seat speak in its turn and judges what was said. The time that is left is shared evenly among those who have yet to speak, so
 * that a voice that hangs costs its own share, and what one does not use is the others'. At the deadline what was said so far counts.
 */
export async function conductPanel({ settings, speak, leftMs }: Conduct): Promise<PanelVerdict> {
  const turns = turnsOf(settings);
  const heard: Statement[] = [];
  for (const [index, turn] of turns.entries()) {
    const allottedMs = Math.floor(leftMs() / (turns.length - index));
    if (allottedMs < SHORTEST_TURN_MS) break;
    const answer = await speak(turn, [...heard], allottedMs);
    heard.push({ seat: turn.seat, round: turn.round, answer });
  }
  return heard.length === 0 ? withoutPanel('no time was left to ask anybody') : judge(settings, heard);
}
