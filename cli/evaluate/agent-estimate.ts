import type { BacktestInput } from '../../backtest/backtest';
import type { Sitting } from '../../backtest/evaluation/conduct';
import { openQuestions } from '../../backtest/evaluation/rounds';
import { greatestSittingCost, SpendingLimit } from './agent-cost';
import type { AskablePanel } from './agent-models';
import type { PanelRoom } from './agent-panel';

/** What a run may cost, told before anybody is asked. */
export interface CostEstimate {
  /** Proposals about which nothing is recorded, as far as can be seen before the first answer, over all seeds. */
  readonly proposals: number;
  readonly perProposalUsd: number;
  readonly atMostUsd: number;
  readonly limitUsd: number;
}

/** One seed: what is traded, and the panel that sits on it. */
export interface PanelSeed {
  readonly seed: number;
  readonly input: BacktestInput;
  readonly room: PanelRoom;
  /** What has been said, by its key; it grows. */
  readonly known: Map<string, Sitting>;
}

/** Follows what is recorded as far as it goes, and says what the rest may cost. Nobody is asked. */
export async function settleRecorded(
  { settings, chainOf, leftUsd }: AskablePanel,
  seeds: readonly PanelSeed[],
  budgetUsd = Number.POSITIVE_INFINITY,
): Promise<{ readonly estimate: CostEstimate; readonly limit: SpendingLimit }> {
  let proposals = 0;
  let perProposalUsd = 0;
  for (const { input, room, known } of seeds) {
    for (;;) {
      const open = openQuestions({ input, known, keyOf: (entry) => room.keyOf(entry) });
      const questions = open.flat();
      const said = await room.recorded(questions);
      for (const [key, sitting] of said) known.set(key, sitting);
      if (said.size > 0) continue;
      proposals += questions.length;
      const [question] = questions;
      if (question !== undefined)
        perProposalUsd = Math.max(
          perProposalUsd,
          greatestSittingCost(settings, room.briefOf(question.entry), chainOf),
        );
      break;
    }
  }
  const limitUsd = Math.min(budgetUsd, leftUsd);
  const limit = new SpendingLimit(perProposalUsd, limitUsd);
  for (const { room } of seeds) room.limit = limit;
  return { estimate: { proposals, perProposalUsd, atMostUsd: proposals * perProposalUsd, limitUsd }, limit };
}
