import { ApplicationFailure } from '@temporalio/common';
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  currentUpdateInfo,
  log,
  setCurrentDetails,
  setHandler,
  uuid4,
} from '@temporalio/workflow';
import type { AccountAssessment } from '../activities/account-look';
import { TradingMode } from '../domain/trading-mode';
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
import { watchRunLength } from './run-length';

/** Looks after which a run is continued as new that began before its events were counted. */
const LOOKS_PER_RUN = 400;

/**
 * The account's modes over time: marks it to market, rolls its day, reduces after a daily loss, and stops it when a trigger
 * is reached (domain/triggers.ts). Grants are transactions of their own, so trading never waits for this workflow, and neither stops nor
 * exits depend on it.
 */
export async function riskDesk(input: RiskDeskInput): Promise<void> {
  const { account, venue } = input;
  const state = { input, asked: 0 };
  const isLong = watchRunLength();

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
      const key = `resume/${currentUpdateInfo()?.id ?? uuid4()}`;
      const mode = await riskActivities(venue, `resume: ${reason}`).resumeTrading({
        account,
        by,
        reason,
        key,
      });
      state.asked += 1;
      return mode;
    },
    { validator: requireReason },
  );

  for (let looks = 0; looks < LOOKS_PER_RUN && !isLong(); looks += 1) {
    const { asked } = state;
    try {
      const { symbols, limits, triggers } = state.input;
      const look = { account, symbols, limits, ...(triggers !== undefined && { triggers }) };
      const found = await riskActivities(venue, 'look at the account').assessAccount(look);
      setCurrentDetails(describe(found));
      showMode(found.mode);
      const unsettled = found.unsettledPositions ?? found.livePositions;
      if (found.mode === TradingMode.Halted && (unsettled > 0 || found.stopUnreported === true))
        await stopEverything(state.input, found.modeReason, null);
      else if (found.mode !== TradingMode.Halted && found.emergency !== null)
        await stopEverything(state.input, found.emergency, uuid4());
    } catch (error) {
      log.warn('the account could not be assessed', { account, error });
      setCurrentDetails(
        `**Nothing is known** since ${new Date().toISOString()}: the account could not be assessed, most likely because the journal does not answer. Without it no order is sent.`,
      );
    }
    await condition(() => state.asked !== asked, state.input.intervalMs, { summary: 'until the next look' });
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof riskDesk>(state.input);
}

function describe({ mode, modeReason, equity, problems = [] }: AccountAssessment): string {
  const unknown = problems.length === 0 ? '' : `\n\nNot learnt in this look: ${problems.join('; ')}`;
  return `**${mode}**: ${modeReason}\n\nEquity ${equity ?? 'unknown'}${unknown}`;
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
