import {
  CancellationScope,
  setCurrentDetails,
  setWorkflowOptions,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { SymbolDecision } from '../activities/evaluation';
import type { CandleVerdict, FetchedCandles } from '../activities/market';
import { LOOKBACK_BARS } from '../domain/bar';
import { PanelOutcome, type PanelVerdict } from '../domain/deliberation/verdict';
import type { RiskLimits } from '../domain/risk';
import type { ClockReading } from '../domain/clock';
import type { Reason } from '../domain/strategy';
import { agentTurns, isAgent, type AgentDecided } from './agent-turns';
import { SEARCH_ATTRIBUTES, type TradingCycleInput, type TradingCycleResult } from './contract';
import { deliberate, type PanelVerdicts, type Proposed } from './deliberation';
import { decisionActivities, marketActivities, riskActivities } from './proxies';
import { startPosition } from './start-position';

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
  const fetched = readFetched(
    await marketActivities(venue, `${symbols.join(', ')} ${timeframe} to ${closes}`).fetchCandles({
      session,
      symbols,
      timeframe,
      barCloseMs,
      lookback: LOOKBACK_BARS,
      ...choice,
    }),
  );
  const { verdicts, clock } = fetched;
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
  const talk = isAgent(input)
    ? await agentTurns(input, fetched, decisions, (...asked) => propose(input, clock, ...asked))
    : null;
  const panel = talk === null ? await deliberate(input, decisions, clock) : NOBODY;
  const outcomes = [];
  for (const { symbol, outcome } of talk ?? []) outcomes.push({ symbol, outcome });
  for (const decision of talk === null ? decisions : []) {
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
  const told = decisions.map((decision) => toldOf(decision, panel.get(decision.symbol)));
  setCurrentDetails((talk ?? told).map(describe).join('\n'));
  return { outcomes, ...(clock !== null && { clock }) };
}

/** Histories from before the clock came along hold the verdicts alone. */
const readFetched = (fetched: FetchedCandles | readonly CandleVerdict[]): FetchedCandles =>
  'verdicts' in fetched ? fetched : { verdicts: fetched, clock: null };

/** What a cycle tells of an entry that the panel has vetoed. */
const VETOED = 'panel-veto';

/** No panel has been held. */
const NOBODY: PanelVerdicts = new Map();

/** Returns what became of the decision. */
async function carryOut(
  input: TradingCycleInput,
  decision: SymbolDecision,
  verdict?: PanelVerdict,
): Promise<string> {
  if (decision.proposal === null) return decision.outcome;
  return (await enter(input, { ...decision, proposal: decision.proposal }, input.settings.limits, verdict))
    .outcome;
}

/** An agent's proposal, which passes the panel where there is one, and risk, as every strategy's. */
async function propose(
  input: TradingCycleInput,
  clock: ClockReading | null,
  decision: Proposed,
  limits: RiskLimits,
): Promise<Entered> {
  const panel = await deliberate(input, [decision], clock);
  return enter(input, decision, limits, panel.get(decision.symbol));
}

/** What became of a proposal. */
interface Entered {
  readonly outcome: string;
  /** Null when it was not granted. */
  readonly positionId: string | null;
  /** What was granted, or why nothing was, in plain words. */
  readonly answer: string;
}

/** Asks risk about a proposal and starts the position it grants. */
async function enter(
  input: TradingCycleInput,
  decision: Proposed,
  limits: RiskLimits,
  verdict?: PanelVerdict,
): Promise<Entered> {
  const { proposal, symbol } = decision;
  const { settings, session, barCloseMs } = input;
  const { deployment, account, venue, name: strategy, timeframe, entryTtlBars } = settings;
  if (verdict !== undefined && verdict.outcome !== PanelOutcome.Off)
    await decisionActivities(`the panel on ${symbol}: ${verdict.outcome}`).concludePanel({
      ...{ account, session, strategy, symbol, barCloseMs, verdict },
      ...{ reasons: decision.reasons, close: proposal.referencePrice },
    });
  if (verdict?.sizeFactor === null)
    return { outcome: VETOED, positionId: null, answer: `vetoed by the panel: ${textOf(verdict.reasons)}` };
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
  if (!grant.granted)
    return { outcome: grant.code, positionId: null, answer: `${grant.code}: ${grant.message}` };
  const why = `Decided by \`${workflowInfo().workflowId}\`

${reasons.map(({ text }) => `- ${text}`).join('\n')}`;
  const { positionId, quantity } = grant;
  await startPosition(
    { deployment, account, venue, positionId, strategy, symbol },
    `${quantity} ${symbol}`,
    why,
  );
  return { outcome: decision.outcome, positionId, answer: `${quantity} ${symbol}` };
}

// Over within seconds: it ends on the build that began it, where workers are versioned. Elsewhere Temporal refuses to hear of it.
setWorkflowOptions(() => {
  const { deploymentName = '' } = workflowInfo().currentDeploymentVersion ?? {};
  return deploymentName === '' ? {} : { versioningBehavior: 'PINNED' };
}, tradingCycle);

const textOf = (reasons: readonly Reason[]): string => reasons.map(({ text }) => text).join('; ');

const toldOf = ({ symbol, outcome, reasons }: SymbolDecision, verdict?: PanelVerdict): AgentDecided => ({
  ...{ symbol, outcome },
  text: textOf([...reasons, ...(verdict?.reasons ?? [])]),
});

const describe = ({ symbol, outcome, text }: AgentDecided): string => `- **${symbol}** ${outcome}: ${text}`;
