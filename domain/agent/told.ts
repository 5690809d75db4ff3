import { StepOutcome, type AgentStep, type AgentTurn } from './record';
import type { Reason } from '../strategy';

/** Why a decision of the agent ended. */
export const AgentEnd = {
  /** It asked for no more tools. */
  Done: 'done',
  Turns: 'turns',
  Tokens: 'tokens',
  Time: 'time',
  /** The model gave no answer, or none that could be used. */
  NoAnswer: 'no-answer',
  /** The inference process did not answer in time, or a tool's worker did not. */
  Unreachable: 'unreachable',
} as const;
export type AgentEnd = (typeof AgentEnd)[keyof typeof AgentEnd];

const END_TEXTS: Readonly<Record<AgentEnd, string>> = {
  [AgentEnd.Done]: 'It had nothing more to do',
  [AgentEnd.Turns]: 'It had used up its turns; nothing more was done',
  [AgentEnd.Tokens]: 'It had used up its tokens; nothing more was done',
  [AgentEnd.Time]: 'Its time was over; nothing more was done',
  [AgentEnd.NoAnswer]: 'The model gave no answer that could be used; nothing more was done',
  [AgentEnd.Unreachable]: 'It could not be asked any further in time; nothing more was done',
};

/** Longest of the model's own words in a reason. */
const LONGEST_SAYING = 500;

/** What it looked at, did and was refused about a symbol, in plain words. Steps about no symbol belong to all. */
export function agentReasons(
  symbol: string,
  turns: readonly AgentTurn[],
  steps: readonly AgentStep[],
  end: AgentEnd,
): readonly Reason[] {
  const mine = steps.filter((step) => step.symbol === null || step.symbol === symbol);
  const looked = mine.filter(({ outcome }) => outcome === StepOutcome.Told);
  const said = turns.findLast((turn) => turn.said.trim() !== '')?.said.trim();
  const failure = turns.findLast((turn) => turn.failure !== null)?.failure;
  const models = [...new Set(turns.flatMap(({ model }) => model ?? []))];
  const tokens = turns.reduce((sum, turn) => sum + turn.inputTokens + turn.outputTokens, 0);
  return [
    {
      code: 'agent-asked',
      text: `The agent was asked${models.length > 0 ? ` (${models.join(', ')})` : ''}: ${turns.length} turns, ${steps.length} tools`,
      values: { turns: turns.length, tools: steps.length, tokens },
    },
    ...(looked.length > 0
      ? [
          {
            code: 'agent-looked',
            text: `It looked at ${[...new Set(looked.map(({ summary }) => summary))].join(', ')}`,
          },
        ]
      : []),
    ...mine
      .filter(({ outcome }) => outcome !== StepOutcome.Told)
      .map(({ outcome, summary }) => ({ code: `agent-${outcome}`, text: DID[outcome](summary) })),
    ...(said === undefined
      ? []
      : [{ code: 'agent-said', text: `It said: ${said.slice(0, LONGEST_SAYING)}` }]),
    { code: `agent-ended-${end}`, text: failure == null ? END_TEXTS[end] : `${END_TEXTS[end]}: ${failure}` },
  ];
}

const DID: Readonly<Record<StepOutcome, (summary: string) => string>> = {
  [StepOutcome.Told]: (summary) => `It looked at ${summary}`,
  [StepOutcome.Done]: (summary) => `It did: ${summary}`,
  [StepOutcome.Refused]: (summary) => `Refused: ${summary}`,
  [StepOutcome.Failed]: (summary) => `Could not be had: ${summary}`,
};

const WEIGHT: readonly string[] = ['enter', 'exit', 'trail', 'refused'];

/** What the decision about a symbol came to: the weightiest of what the agent did; what was decided without it where it did nothing. */
export function agentDecided(
  symbol: string,
  steps: readonly AgentStep[],
  before: string,
): { readonly outcome: string; readonly positionId: string | null } {
  const about = steps.filter((step) => step.symbol === symbol && step.decided !== null);
  for (const outcome of WEIGHT) {
    if (before === outcome) break;
    const step = about.findLast(({ decided }) => decided === outcome);
    if (step !== undefined) return { outcome, positionId: step.positionId };
  }
  return { outcome: before, positionId: null };
}
