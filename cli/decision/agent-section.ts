import type { DecisionRecord } from '../../adapters/store/decision-record';
import { StepOutcome } from '../../domain/agent/record';
import { Mark, type Section } from './page';

const MARKS: Readonly<Record<StepOutcome, Mark>> = {
  [StepOutcome.Told]: Mark.Plain,
  [StepOutcome.Done]: Mark.Good,
  [StepOutcome.Refused]: Mark.Bad,
  [StepOutcome.Failed]: Mark.Bad,
};

/** What the agent said, and each tool that it called with what came of it; nothing when it was not asked. */
export function agentSections({
  agent: { turns, steps },
}: Pick<DecisionRecord, 'agent'>): readonly Section[] {
  if (turns.length === 0) return [];
  const lines = turns.flatMap(({ turn, said, failure, model }) => [
    {
      label: `turn ${turn + 1}`,
      mark: failure === null ? Mark.Plain : Mark.Missing,
      text: `${failure ?? (said === '' ? 'said nothing beside its calls' : said)}${model === null ? '' : ` (${model})`}`,
    },
    ...steps
      .filter((step) => step.turn === turn)
      .map(({ tool, outcome, summary }) => ({
        ...{ label: tool, mark: MARKS[outcome] },
        text: `${outcome}: ${summary}`,
      })),
  ]);
  return [{ title: 'Agent', gist: 'what it said and did on this bar, over all its pairs', lines }];
}
