import { ApplicationFailure } from '@temporalio/common';
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setCurrentDetails,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { TradingMode } from '../domain/risk';
import { showMode, startUnlessRunning } from './children';
import {
  assessSignal,
  configureRiskDeskSignal,
  resumeTradingUpdate,
  tags,
  workflowIds,
  type Request,
  type RiskDeskInput,
} from './contract';
import { emergencyStop } from './emergency-stop.workflow';
import { riskActivities } from './proxies';

/** Looks after which the run is continued as new. */
const LOOKS_PER_RUN = 400;

/**
 * The account's modes over time: marks it to market, rolls its day, reduces after a daily loss and stops it at the
 * drawdown limit. Grants are transactions of their own, so trading never waits for this workflow, and neither stops nor
 * exits depend on it.
 */
export async function riskDesk(input: RiskDeskInput): Promise<void> {
  const { account, venue } = input;
  const state = { input, asked: 0 };

  setHandler(assessSignal, () => {
    state.asked += 1;
  });
  setHandler(configureRiskDeskSignal, (wanted) => {
    state.input = wanted;
    state.asked += 1;
  });
  setHandler(
    resumeTradingUpdate,
    async ({ by, reason }: Request) => {
      const mode = await riskActivities(venue, `resume: ${reason}`).resumeTrading({ account, by, reason });
      state.asked += 1;
      return mode;
    },
    { validator: requireReason },
  );

  for (let looks = 0; looks < LOOKS_PER_RUN && !workflowInfo().continueAsNewSuggested; looks += 1) {
    const { asked } = state;
    try {
      const { symbols, limits } = state.input;
      const found = await riskActivities(venue, 'mark to market').assessAccount({ account, symbols, limits });
      setCurrentDetails(`**${found.mode}**: ${found.modeReason}\n\nEquity ${found.equity}`);
      showMode(found.mode);
      if (found.emergency !== null) await stopEverything(state.input, found.emergency, uuid4());
      else if (found.mode === TradingMode.Halted && found.livePositions > 0)
        await stopEverything(state.input, found.modeReason, null);
    } catch (error) {
      log.warn('the account could not be assessed', { account, error });
    }
    await condition(() => state.asked !== asked, state.input.intervalMs, { summary: 'until the next look' });
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof riskDesk>(state.input);
}

/** A halt is one row, and whoever wrote it may have died before the stop began: then it begins here, without a `haltKey`. */
async function stopEverything(input: RiskDeskInput, reason: string, haltKey: string | null): Promise<void> {
  const { deployment, account, venue } = input;
  await startUnlessRunning(emergencyStop, {
    workflowId: workflowIds.emergencyStop(account),
    args: [{ deployment, account, venue, reason, by: 'risk-desk', haltKey }],
    staticSummary: `emergency stop of ${account}: ${reason}`,
    typedSearchAttributes: tags({ account }),
  });
}

function requireReason({ reason }: Request): void {
  if (reason.trim() === '')
    throw ApplicationFailure.nonRetryable('Resuming needs a reason: say why trading is safe again.');
}
