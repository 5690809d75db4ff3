import {
  CancellationScope,
  setCurrentDetails,
  setWorkflowOptions,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SymbolDecision } from '../activities/decision';
import type { CandleVerdict, FetchedCandles } from '../activities/market';
import { PanelOutcome, type PanelVerdict } from '../domain/deliberation/verdict';
import { SEARCH_ATTRIBUTES, type TradingCycleInput, type TradingCycleResult } from './contract';
import { deliberate } from './deliberation';
import { decisionActivities, marketActivities, riskActivities } from './proxies';
import { startPosition } from './start-position';

/** Bars that the journal is to hold at least; a strategy that looks further back gets what it needs. */
const LOOKBACK_BARS = 500;

/**
 * One decision on one closed bar of every symbol. A quiet bar costs two activities; a proposal adds the panel, where there is one, and
 * the grant, and hands the granted position to its own workflow. A slow or failing step costs the bar, never a position.
 */
export async function tradingCycle(input: TradingCycleInput): Promise<TradingCycleResult> {
  const { settings, session, barCloseMs } = input;
  const { account, venue, name: strategy, symbols, timeframe } = settings;
  const { strategyId, parameters, filters, adviser, strategyVersion } = settings;
  const choice = {
    ...{ strategyId, parameters },
    ...(filters !== undefined && { filters }),
    ...(adviser !== undefined && { adviser }),
    ...(strategyVersion !== undefined && { strategyVersion }),
  };
  const closes = new Date(barCloseMs).toISOString().slice(0, 16);
  const { verdicts, clock } = readFetched(
    await marketActivities(venue, `${symbols.join(', ')} ${timeframe} to ${closes}`).fetchCandles({
      session,
      symbols,
      timeframe,
      barCloseMs,
      lookback: LOOKBACK_BARS,
      ...choice,
    }),
  );
  const decisions = await decisionActivities(`${strategy} on the bar of ${closes}`).evaluateStrategy({
    account,
    session,
    strategy,
    ...choice,
    timeframe,
    barCloseMs,
    previousBarCloseMs: input.previousBarCloseMs,
    maxHoldingBars: settings.maxHoldingBars,
    entriesPaused: input.entriesPaused,
    verdicts,
  });
  const panel = await deliberate(input, decisions, clock);
  const outcomes = [];
  for (const decision of decisions) {
    // Between the grant and the start of its owner nothing may come in between.
    const outcome = await CancellationScope.nonCancellable(() =>
      carryOut(input, decision, panel.get(decision.symbol)),
    );
    outcomes.push({ symbol: decision.symbol, outcome });
  }
  const eventful = outcomes.filter(({ outcome }) => outcome !== 'hold');
  if (eventful.length > 0) {
    const decision = [...new Set(eventful.map(({ outcome }) => outcome))].join(', ');
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.decision, value: decision }]);
  }
  setCurrentDetails(decisions.map((decision) => describe(decision, panel.get(decision.symbol))).join('\n'));
  return { outcomes, ...(clock !== null && { clock }) };
}

/** Histories from before the clock came along hold the verdicts alone. */
const readFetched = (fetched: FetchedCandles | readonly CandleVerdict[]): FetchedCandles =>
  'verdicts' in fetched ? fetched : { verdicts: fetched, clock: null };

/** What a cycle tells of an entry that the panel has vetoed. */
const VETOED = 'panel-veto';

/** Asks risk about a proposal and starts the position it grants. Returns what became of the decision. */
async function carryOut(
  input: TradingCycleInput,
  decision: SymbolDecision,
  verdict?: PanelVerdict,
): Promise<string> {
  const { proposal, symbol } = decision;
  if (proposal === null) return decision.outcome;
  const { settings, session, barCloseMs } = input;
  const { deployment, account, venue, name: strategy, timeframe, limits, entryTtlBars } = settings;
  if (verdict !== undefined && verdict.outcome !== PanelOutcome.Off)
    await decisionActivities(`the panel on ${symbol}: ${verdict.outcome}`).concludePanel({
      ...{ account, session, strategy, symbol, barCloseMs, verdict },
      ...{ reasons: decision.reasons, close: proposal.referencePrice },
    });
  if (verdict?.sizeFactor === null) return VETOED;
  const reasons = [...decision.reasons, ...(verdict?.reasons ?? [])];
  const what = `may ${strategy} buy ${symbol} at ${proposal.referencePrice}, stop ${proposal.stopPrice}?`;
  const grant = await riskActivities(venue, what).sizePosition({
    account,
    session,
    strategy,
    timeframe,
    barCloseMs,
    entryTtlBars,
    proposal,
    ...(verdict !== undefined && { sizeFactor: verdict.sizeFactor }),
    reasons,
    limits,
  });
  if (!grant.granted) return grant.code;
  const why = `Decided by \`${workflowInfo().workflowId}\`

${reasons.map(({ text }) => `- ${text}`).join('\n')}`;
  const { positionId, quantity } = grant;
  await startPosition(
    { deployment, account, venue, positionId, strategy, symbol },
    `${quantity} ${symbol}`,
    why,
  );
  return decision.outcome;
}

// Over within seconds: it ends on the build that began it, where workers are versioned. Elsewhere Temporal refuses to hear of it.
setWorkflowOptions(() => {
  const { deploymentName = '' } = workflowInfo().currentDeploymentVersion ?? {};
  return deploymentName === '' ? {} : { versioningBehavior: 'PINNED' };
}, tradingCycle);

const describe = ({ symbol, outcome, reasons }: SymbolDecision, verdict?: PanelVerdict): string =>
  `- **${symbol}** ${outcome}: ${[...reasons, ...(verdict?.reasons ?? [])].map(({ text }) => text).join('; ')}`;
