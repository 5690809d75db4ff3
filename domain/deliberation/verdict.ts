import { compare, fromNumber, ONE, type DecimalString } from '../decimal';
import type { Reason } from '../strategy';
import { Advice, Ruling, Seat, SEAT_TITLES, SHRINK } from './seats';
import type { PanelSettings } from './settings';

/**
 * What becomes of a proposal after the panel, by a written rule:
 *
 * - Each seat's last valid answer counts. What is not valid, late or missing is no answer.
 * - Fewer seats with an answer than the quorum: the entry is made as the strategy wants it (`without`).
 * - The Supervisor's veto ends it (`veto`); nobody else has one.
 * - Each adviser has a factor: confirm 1, shrink its own, oppose {@link OPPOSED_FACTOR}. The advisers' factor is their mean, all alike.
 * - The size is multiplied by the smaller of the advisers' factor and the Supervisor's (confirm 1, shrink its own), whichever there is:
 *   1 is `confirm`, less is `shrink`.
 *
 * So the factor is above 0 and never above 1, whatever anybody says. Prices, stop and exits are not in it.
 */
export const OPPOSED_FACTOR = 0.25;

export const PanelOutcome = {
  Confirm: 'confirm',
  Shrink: 'shrink',
  Veto: 'veto',
  /** Too few answers: as the strategy wants it. */
  Without: 'without',
  /** Nobody was asked: as the strategy wants it. */
  Off: 'off',
} as const;
export type PanelOutcome = (typeof PanelOutcome)[keyof typeof PanelOutcome];

/** What was said, or not, at one turn. */
export interface Statement {
  readonly seat: Seat;
  readonly round: number;
  /** In the form of `answers.ts`, checked where it came in; what the rule computes with is checked again. Null when there was none. */
  readonly answer: unknown;
}

/** What the entry may still be. */
export interface PanelVerdict {
  readonly outcome: PanelOutcome;
  /** What the size is multiplied by: above 0, at most 1; null when there is to be no entry. */
  readonly sizeFactor: DecimalString | null;
  /** What decided it first, then what each seat said last. */
  readonly reasons: readonly Reason[];
}

/** What the rule computes with, of an answer. */
export interface Opinion {
  readonly verdict: Advice | Ruling;
  readonly sizeFactor: number;
  readonly reasons: readonly string[];
}

interface Heard {
  readonly seat: Seat;
  readonly answer: Opinion;
}

/** Digits of a factor; it is rounded down. */
const FACTOR_PLACES = 4;

/** The verdict by the rule above. */
export function judge(
  { seats, quorum }: Pick<PanelSettings, 'seats' | 'quorum'>,
  statements: readonly Statement[],
): PanelVerdict {
  const heard = seats.flatMap(({ seat }): Heard[] => {
    const answer = lastAnswerOf(seat, statements);
    return answer === null ? [] : [{ seat, answer }];
  });
  const said = heard.map(saidBy);
  if (heard.length < quorum) return withoutPanel(quorumMissed(heard.length, quorum), said);
  const supervisor = heard.find(({ seat }) => seat === Seat.Supervisor)?.answer;
  if (supervisor?.verdict === Ruling.Veto) {
    const reason = { code: 'panel-veto', text: 'The panel’s Supervisor vetoes the entry' };
    return { outcome: PanelOutcome.Veto, sizeFactor: null, reasons: [reason, ...said] };
  }
  const advisers = heard.filter(({ seat }) => seat !== Seat.Supervisor).map(({ answer }) => factorOf(answer));
  const factors = [...meanOf(advisers), ...(supervisor === undefined ? [] : [factorOf(supervisor)])];
  const factor = roundedDown(Math.min(1, ...factors));
  if (compare(factor, ONE) === 0) {
    const reason = { code: 'panel-confirm', text: 'The panel confirms the entry' };
    return { outcome: PanelOutcome.Confirm, sizeFactor: ONE, reasons: [reason, ...said] };
  }
  const text = `The panel makes the entry smaller: ${factor} of its size`;
  const reason = { code: 'panel-shrink', text, values: { sizeFactor: Number(factor) } };
  return { outcome: PanelOutcome.Shrink, sizeFactor: factor, reasons: [reason, ...said] };
}

/** Nobody was asked, and why; the entry is made as the strategy wants it. */
export const panelOff = (why: string): PanelVerdict => ({
  outcome: PanelOutcome.Off,
  sizeFactor: ONE,
  reasons: [{ code: 'panel-off', text: `The panel is off: ${why}` }],
});

/** It could not be done in time, or at all, and why; the entry is made as the strategy wants it. */
export const withoutPanel = (why: string, said: readonly Reason[] = []): PanelVerdict => ({
  outcome: PanelOutcome.Without,
  sizeFactor: ONE,
  reasons: [{ code: 'panel-without', text: `Decided without the panel: ${why}` }, ...said],
});

const quorumMissed = (answered: number, quorum: number): string =>
  `${answered} of its seats answered, and ${quorum} have to`;

/**
 * What bears on the verdict, or null when the answer has no such thing. It runs in workflows, which are spared the schema library: the
 * whole form of an answer is checked before it gets there.
 */
export function opinionOf(seat: Seat, answer: unknown): Opinion | null {
  if (typeof answer !== 'object' || answer === null) return null;
  const { verdict, sizeFactor, reasons } = answer as Readonly<Record<string, unknown>>;
  const words: readonly unknown[] = Object.values(seat === Seat.Supervisor ? Ruling : Advice);
  if (!words.includes(verdict) || typeof sizeFactor !== 'number') return null;
  const { least, most } = verdict === Advice.Shrink ? SHRINK : { least: 0, most: 1 };
  if (!(sizeFactor >= least && sizeFactor <= most) || !Array.isArray(reasons)) return null;
  if (!reasons.every((reason) => typeof reason === 'string')) return null;
  return { verdict: verdict as Advice | Ruling, sizeFactor, reasons };
}

function lastAnswerOf(seat: Seat, statements: readonly Statement[]): Opinion | null {
  const valid = statements
    .filter((statement) => statement.seat === seat)
    .sort((a, b) => a.round - b.round)
    .flatMap(({ answer }) => opinionOf(seat, answer) ?? []);
  return valid.at(-1) ?? null;
}

function factorOf({ verdict, sizeFactor }: Opinion): number {
  switch (verdict) {
    case Advice.Confirm:
      return 1;
    case Advice.Shrink:
      return sizeFactor;
    case Advice.Oppose:
      return OPPOSED_FACTOR;
    case Ruling.Veto:
      return 0;
  }
}

const meanOf = (factors: readonly number[]): readonly number[] =>
  factors.length === 0 ? [] : [factors.reduce((sum, factor) => sum + factor, 0) / factors.length];

/** The rounding forgives a float its last digits: the mean of three ones is one. */
const roundedDown = (factor: number): DecimalString => {
  const scale = 10 ** FACTOR_PLACES;
  return fromNumber(Math.floor(factor * scale + 1e-6) / scale, FACTOR_PLACES);
};

function saidBy({ seat, answer }: Heard): Reason {
  const { verdict, sizeFactor, reasons } = answer;
  const what = verdict === Advice.Shrink ? `shrink to ${sizeFactor}` : verdict;
  return { code: `panel-${seat}`, text: `${SEAT_TITLES[seat]}: ${what}. ${reasons.join(' ')}` };
}
