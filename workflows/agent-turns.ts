import { CancellationScope, isCancellation, log, sleep } from '@temporalio/workflow';
import type { AgentDeskActivities, AgentToolInput } from '../activities/agent-desk';
import type { SymbolDecision } from '../activities/evaluation';
import type { FetchedCandles } from '../activities/market';
import { timeframeMs } from '../domain/bar';
import { wallDelayUntil } from '../domain/clock';
import type { AgentCall, AgentKey } from '../domain/agent/record';
import { AGENT_ID, boundsOf, placeOf, stepOf, TOOL_NAMES, type ToolName } from '../domain/agent/tool-names';
import type { Proposal, RiskLimits } from '../domain/risk';
import type { TradingCycleInput } from './contract';
import type { Proposed } from './deliberation';
import { agentDesk, intelligenceActivities } from './proxies';

/** Asks risk, and whoever else has a say, about an entry, and starts the position it grants, as for every strategy. */
export type AskRisk = (
  decision: Proposed,
  limits: RiskLimits,
) => Promise<{ readonly positionId: string | null; readonly answer: string }>;

/** What a decision about a pair came to, and why in plain words. */
export interface AgentDecided {
  readonly symbol: string;
  readonly outcome: string;
  readonly text: string;
}

/** Less time than this is not worth a question. */
const LEAST_MS = 250;
/** Between two looks at an order that is taken back. */
const GONE_LOOK_MS = 500;

type End = Parameters<AgentDeskActivities['concludeAgent']>[0]['end'];

export const isAgent = ({ settings }: TradingCycleInput): boolean => settings.strategyId === AGENT_ID;

/**
 * The agent's part of a cycle: turn after turn the model is asked, and what it asks for is run, one activity each. A crash resumes at the
 * next step, since everything that was answered is in this history and everything that was done in the journal. When its time is over,
 * or nobody answers, nothing more is done; what was done stays.
 */
export async function agentTurns(
  input: TradingCycleInput,
  { verdicts, clock }: FetchedCandles,
  decisions: readonly SymbolDecision[],
  askRisk: AskRisk,
): Promise<readonly AgentDecided[]> {
  const { settings, session, barCloseMs } = input;
  const key: AgentKey = { account: settings.account, session, strategy: settings.name, barCloseMs };
  const barred = barredOf(input, verdicts, decisions);
  const untilMs = Date.now() + timeLeft(input, clock);
  const talk = new Talk(input, key, barred, untilMs, askRisk);
  let end: End;
  try {
    end = await talk.run(situationOf(decisions, barred));
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('the agent could not go on', { error });
    // What was being waited for when the time was over ends with it.
    end = untilMs - Date.now() < LEAST_MS ? 'time' : 'unreachable';
  }
  return CancellationScope.nonCancellable(() =>
    agentDesk('journal', settings.venue, 'what the agent came to', 30_000).concludeAgent({
      ...{ key, timeframe: settings.timeframe, end },
      decisions: decisions.map(({ symbol, outcome, reasons }) => ({ symbol, outcome, reasons })),
    }),
  );
}

/** Wall milliseconds for the decision: as configured, and no longer than the bar after the one that is decided on. */
function timeLeft({ settings, barCloseMs }: TradingCycleInput, clock: FetchedCandles['clock']): number {
  const { timeoutMs } = boundsOf(settings.parameters);
  if (clock === null) return timeoutMs;
  const nextCloseMs = barCloseMs + timeframeMs(settings.timeframe);
  return Math.min(timeoutMs, wallDelayUntil(clock, nextCloseMs, Date.now()));
}

/** The same conditions under which no strategy may enter. */
function barredOf(
  { entriesPaused, settings }: TradingCycleInput,
  verdicts: FetchedCandles['verdicts'],
  decisions: readonly SymbolDecision[],
): Readonly<Record<string, string>> {
  const reasonFor = (symbol: string): string | null => {
    if (entriesPaused) return 'entries are paused';
    const verdict = verdicts.find((one) => one.symbol === symbol);
    if (verdict?.ok !== true) return verdict?.problem ?? 'its data is not usable';
    if ((verdict.doubts ?? []).length > 0) return `its data is doubtful: ${verdict.doubts?.[0]?.text ?? ''}`;
    const decided = decisions.find((one) => one.symbol === symbol)?.outcome;
    return decided === 'exit' ? 'its position is being sold' : null;
  };
  return Object.fromEntries(
    settings.symbols.flatMap((symbol) => {
      const reason = reasonFor(symbol);
      return reason === null ? [] : [[symbol, reason]];
    }),
  );
}

const situationOf = (
  decisions: readonly SymbolDecision[],
  barred: Readonly<Record<string, string>>,
): string =>
  [
    ...decisions
      .filter(({ outcome }) => outcome === 'exit' || outcome === 'trail')
      .map(({ symbol, reasons }) => `${symbol}: ${reasons.map(({ text }) => text).join('; ')}.`),
    ...Object.entries(barred).map(([symbol, reason]) => `No entry in ${symbol}: ${reason}.`),
  ].join('\n');

class Talk {
  /** Pairs in which an entry was asked for. */
  private readonly proposed: string[] = [];

  constructor(
    private readonly input: TradingCycleInput,
    private readonly key: AgentKey,
    private readonly barred: Readonly<Record<string, string>>,
    private readonly untilMs: number,
    private readonly askRisk: AskRisk,
  ) {}

  private leftMs(): number {
    return this.untilMs - Date.now();
  }

  async run(situation: string): Promise<End> {
    const { maxTurns, maxCallsPerTurn } = boundsOf(this.input.settings.parameters);
    for (let turn = 0; turn < maxTurns; turn += 1) {
      if (this.leftMs() < LEAST_MS) return 'time';
      const { calls, end } = await this.ask(turn, situation);
      if (end !== null) return end;
      for (const [index, call] of calls.slice(0, maxCallsPerTurn).entries()) {
        if (this.leftMs() < LEAST_MS) return 'time';
        await this.runCall(turn, stepOf(turn, index), call);
      }
    }
    return 'turns';
  }

  private ask(turn: number, situation: string) {
    const { settings } = this.input;
    const { symbols, timeframe, parameters } = settings;
    const deadlineMs = this.leftMs();
    const asking = intelligenceActivities(
      `turn ${turn + 1} of the agent ${settings.name}`,
      deadlineMs + LEAST_MS,
    );
    return asking.askAgent({
      ...{ key: this.key, turn, situation, symbols, timeframe, deadlineMs, tools: this.tools() },
      mandate: typeof parameters.mandate === 'string' ? parameters.mandate : '',
      maxTokens: boundsOf(parameters).maxTokens,
    });
  }

  private tools(): readonly ToolName[] {
    const { tools } = this.input.settings.parameters;
    const given: readonly unknown[] = Array.isArray(tools) ? tools : TOOL_NAMES;
    return TOOL_NAMES.filter((name) => given.includes(name));
  }

  private async runCall(turn: number, step: number, call: AgentCall): Promise<void> {
    const { settings } = this.input;
    const { symbols, timeframe, limits, entryTtlBars, venue } = settings;
    const tool: AgentToolInput = {
      ...{ key: this.key, turn, step, call, tools: this.tools(), symbols, timeframe, limits, entryTtlBars },
      ...{ barred: this.barred, proposed: [...this.proposed], untilMs: this.untilMs },
    };
    const what = call.name.slice(0, 60);
    const result = await agentDesk(placeOf(call.name), venue, what, this.leftMs()).runAgentTool(tool);
    if (result.kind === 'over') return;
    const { proposal, instead, text } = result;
    this.proposed.push(proposal.symbol);
    // Begun in time, it is carried through: between the grant and the start of its owner nothing may come in between.
    await CancellationScope.nonCancellable(async () => {
      const about = { key: this.key, turn, call };
      const free = instead === null || (await this.makeRoom({ ...about, step }, instead));
      const answer = free
        ? await this.askRisk(decisionOf(proposal, text), result.limits)
        : { positionId: null, answer: 'the order was taken back, and was not gone in time to place another' };
      await agentDesk('journal', venue, `${what}: ${answer.answer}`, 30_000).recordProposal({
        ...{ ...about, step: instead === null ? step : step + 1, symbol: proposal.symbol, text },
        ...answer,
      });
    });
  }

  /** Takes a resting entry back and waits until it is gone; false when it is not gone in time, or has bought something. */
  private async makeRoom(
    step: Pick<AgentToolInput, 'key' | 'turn' | 'step' | 'call'>,
    positionId: string,
  ): Promise<boolean> {
    const { venue } = this.input.settings;
    await agentDesk('journal', venue, `take back ${positionId}`, 30_000).withdrawForStep({
      ...step,
      positionId,
    });
    while (this.leftMs() >= LEAST_MS) {
      await sleep(GONE_LOOK_MS, { summary: 'until the order is gone' });
      if (await agentDesk('journal', venue, `is ${positionId} gone?`, 8_000).isPositionOver(positionId))
        return true;
    }
    return false;
  }
}

const decisionOf = (proposal: Proposal, text: string): Proposed => ({
  symbol: proposal.symbol,
  outcome: 'enter',
  reasons: [{ code: 'agent-proposes', text: `The agent proposes: ${text}` }],
  proposal,
});
