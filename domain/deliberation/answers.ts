import { z } from 'zod';
import { Advice, Ruling, Seat, SHRINK } from './seats';

const sentence = z.string().trim().min(1).max(600);
const reasons = z.array(sentence).min(1).max(5);
/** Between 0 and 1 exclusive for `shrink`; what it says beside another word is not read. */
const sizeFactor = z.number().min(0).max(1);
/** How sure the model says it is. It is recorded and never computed with: models do not know how sure they are. */
const confidence = z.number().min(0).max(1);

const FACTOR_RULE = `"shrink" needs a sizeFactor from ${SHRINK.least} to ${SHRINK.most}`;
const hasFactor = ({ verdict, sizeFactor: factor }: { verdict: string; sizeFactor: number }): boolean =>
  verdict !== Advice.Shrink || (factor >= SHRINK.least && factor <= SHRINK.most);
const factorFault = { path: ['sizeFactor'], message: FACTOR_RULE };

const advised = { verdict: z.enum(Advice), sizeFactor, confidence, reasons };

/** The form of each seat's answer. Anything else is no answer. */
export const SEAT_ANSWERS = {
  [Seat.Analyst]: z
    .strictObject({
      ...advised,
      /** Where the market goes, in the Analyst's own reading. */
      outlook: z.enum(['up', 'down', 'sideways', 'unclear']),
    })
    .refine(hasFactor, factorFault),
  [Seat.RiskOfficer]: z
    .strictObject({
      ...advised,
      /** What may go wrong, the worst first. */
      risks: z.array(sentence).max(5),
    })
    .refine(hasFactor, factorFault),
  [Seat.DevilsAdvocate]: z
    .strictObject({
      ...advised,
      /** The best case against the entry, whatever the verdict. */
      objection: sentence,
    })
    .refine(hasFactor, factorFault),
  [Seat.Supervisor]: z
    .strictObject({ verdict: z.enum(Ruling), sizeFactor, confidence, reasons })
    .refine(hasFactor, factorFault),
} as const;

export type SeatAnswer = { readonly [S in Seat]: z.infer<(typeof SEAT_ANSWERS)[S]> }[Seat];

/** What a model said in the name of a seat, or null when that is no valid answer: then nobody has spoken. */
export function readSeatAnswer(seat: Seat, value: unknown): SeatAnswer | null {
  const parsed = SEAT_ANSWERS[seat].safeParse(value);
  return parsed.success ? parsed.data : null;
}
