import { briefValues, type PanelBrief } from '../../domain/deliberation/brief';
import { Seat } from '../../domain/deliberation/seats';
import { SEAT_ANSWERS } from '../../domain/deliberation/answers';
import type { PanelSettings } from '../../domain/deliberation/settings';
import type { Turn } from '../../domain/deliberation/turns';
import type { Statement } from '../../domain/deliberation/verdict';
import { assetOf } from '../../domain/observations';
import { createAnonymiser } from './anonymiser';
import type { Question } from './manager';
import { loadPrompt, type Prompt } from './prompt';

/** Versions of the prompts that the seats speak by. */
const PROMPTS: Readonly<Record<Seat, number>> = {
  [Seat.Analyst]: 1,
  [Seat.RiskOfficer]: 1,
  [Seat.DevilsAdvocate]: 1,
  [Seat.Supervisor]: 1,
};

/** Of the time of a turn, what its models may take; in the rest the answer is journaled. */
export const ANSWER_SHARE = 0.9;

const loaded = new Map<Seat, Prompt>();

/** What a seat is asked with, read once. */
export function seatPrompt(seat: Seat): Prompt {
  const prompt = loaded.get(seat) ?? loadPrompt(seat, PROMPTS[seat]);
  loaded.set(seat, prompt);
  return prompt;
}

/**
 * What a seat is asked in its turn, in live trading and when the panel is evaluated.
 * @param heard what was said before, in order
 */
export function panelQuestion(
  { seat, role }: Turn,
  settings: Pick<PanelSettings, 'maxTokens' | 'anonymise'>,
  brief: PanelBrief,
  heard: readonly Statement[],
): Question<unknown> {
  const { symbol, strategy, proposal } = brief;
  const names = [[assetOf(symbol)], [strategy]];
  return {
    ...{ role, prompt: seatPrompt(seat), maxTokens: settings.maxTokens },
    values: briefValues(brief, heard),
    form: { name: `panel_${seat.replaceAll('-', '_')}`, schema: SEAT_ANSWERS[seat] },
    ...(settings.anonymise && {
      anonymiser: createAnonymiser({ names, referencePrice: Number(proposal.referencePrice) }),
    }),
  };
}
