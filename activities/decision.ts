import { lastCloseMs } from '../domain/bar';
import type { ActivityDeps } from './deps';
import {
  createEvaluation,
  windowKey,
  type EvaluateInput,
  type ReadWindows,
  type SymbolDecision,
} from './evaluation';
import { concludePanel, type ConcludePanelInput } from './panel-verdict';

/** Decisions on the bars that the journal holds. */
export function createDecisionActivities(deps: ActivityDeps) {
  const { exchange, store } = deps;
  const evaluate = createEvaluation(deps);
  const readJournal: ReadWindows = async ({ session, barCloseMs }, needs) => {
    const windows = needs.map(async (need) => {
      const { symbol, timeframe } = need;
      const closeMs = lastCloseMs(barCloseMs, timeframe);
      const key = { venue: exchange.venue, session, symbol, timeframe };
      return [windowKey(need), await store.candles(key, closeMs, need.bars)] as const;
    });
    return new Map(await Promise.all(windows));
  };

  return {
    /** Decides on one closed bar of each symbol and journals every decision with its reasons. */
    async evaluateStrategy(input: EvaluateInput): Promise<readonly SymbolDecision[]> {
      const decisions = await evaluate(input, readJournal);
      return decisions.map(({ symbol, outcome, reasons, proposal }) => ({
        ...{ symbol, outcome, reasons, proposal },
      }));
    },

    /** Journals what a panel made of a proposal: {@link concludePanel}. */
    concludePanel: (input: ConcludePanelInput): Promise<void> => concludePanel(deps, input),
  };
}

export type DecisionActivities = ReturnType<typeof createDecisionActivities>;
