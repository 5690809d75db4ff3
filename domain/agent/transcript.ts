import type { AgentCall, AgentStep, AgentTurn } from './record';
import { stepOf, STEPS_PER_CALL } from './tool-names';

/** A message of the conversation, as a model takes it. */
export type AgentMessage =
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls: readonly AgentCall[] }
  | {
      readonly role: 'tool';
      readonly toolCallId: string;
      readonly toolName: string;
      readonly content: string;
    };

/** What a model is told of a call beyond those that one turn may make, or that the time was not enough for. */
const NOT_RUN = 'not run: too many calls at once, or no time';

/** The conversation so far: each turn with the tools it asked for, and what came of each. */
export const transcriptOf = (
  turns: readonly AgentTurn[],
  steps: readonly AgentStep[],
): readonly AgentMessage[] =>
  turns.flatMap(({ turn, said, calls }): AgentMessage[] => [
    { role: 'assistant', content: said, toolCalls: calls },
    ...calls.map(({ id, name }, index) => {
      const first = stepOf(turn, index);
      const step = steps.findLast((one) => one.step >= first && one.step < first + STEPS_PER_CALL);
      return { role: 'tool', toolCallId: id, toolName: name, content: step?.result ?? NOT_RUN } as const;
    }),
  ]);
