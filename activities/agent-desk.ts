import { judgeCall, narrowed, ownPositions, type AgentFacts, type AgentVerdict } from '../domain/agent/judge';
import {
  StepOutcome,
  type AgentCall,
  type AgentEffect,
  type AgentKey,
  type AgentStep,
} from '../domain/agent/record';
import { agentDecided, agentReasons, type AgentEnd } from '../domain/agent/told';
import { ToolName } from '../domain/agent/tool-names';
import { isLook, readCall, type ActRequest, type LookRequest } from '../domain/agent/tools';
import { UserError } from '../domain/errors';
import type { Timeframe } from '../domain/bar';
import { fromNumber } from '../domain/decimal';
import { PositionState } from '../domain/position';
import type { Proposal, RiskLimits } from '../domain/risk';
import type { Reason } from '../domain/strategy';
import type { DecisionOutcome } from '../adapters/store/port';
import { look, type LookInput } from './agent-looks';
import type { ActivityDeps } from './deps';
import { entryNote } from './entry-rationale';
import { wakePosition } from './wake';

/** A call of a tool, and all that decides about it. */
export interface AgentToolInput extends LookInput {
  readonly turn: number;
  readonly step: number;
  readonly call: AgentCall;
  /** The tools that this agent was given. */
  readonly tools: readonly ToolName[];
  readonly barred: AgentFacts['barred'];
  readonly proposed: readonly string[];
  /** Wall time after which nothing is done any more. */
  readonly untilMs: number;
}

/** `over`: journaled. `propose`: risk is to be asked, and the answer journaled by `recordProposal`. */
export type AgentToolResult =
  | { readonly kind: 'over'; readonly outcome: StepOutcome }
  | {
      readonly kind: 'propose';
      readonly proposal: Proposal;
      /** The account's, as tight as the agent asked for. */
      readonly limits: RiskLimits;
      readonly instead: string | null;
      readonly text: string;
    };

export interface ProposalOutcome extends Pick<AgentToolInput, 'key' | 'turn' | 'step' | 'call'> {
  readonly symbol: string;
  readonly text: string;
  /** Null when it was not granted. */
  readonly positionId: string | null;
  /** For the model and for people: what was granted, or why not. */
  readonly answer: string;
}

export interface ConcludeInput {
  readonly key: AgentKey;
  readonly timeframe: Timeframe;
  readonly end: AgentEnd;
  /** What was decided before the agent was asked: a target, a time stop, data that cannot be decided on. */
  readonly decisions: readonly {
    readonly symbol: string;
    readonly outcome: DecisionOutcome;
    readonly reasons: readonly Reason[];
  }[];
}

/** Longest result that a model is told. */
const LONGEST_RESULT = 6_000;
/** Digits kept of a price that is a number. */
const PRICE_PLACES = 8;

/** The agent's tools, and the record of what came of them. Whatever a tool does is journaled in the transaction that does it. */
export function createAgentDesk(deps: ActivityDeps) {
  const { store, agent, exchange } = deps;

  /** What is journaled of a call whatever comes of it. */
  const sketch = ({ turn, step, call }: Pick<AgentToolInput, 'turn' | 'step' | 'call'>) => ({
    ...{ turn, step, callId: call.id.slice(0, 200), tool: call.name.slice(0, 100) },
    arguments: call.arguments.slice(0, LONGEST_RESULT),
  });

  async function record(
    input: Pick<AgentToolInput, 'key' | 'turn' | 'step' | 'call'>,
    came: Pick<AgentStep, 'outcome' | 'summary' | 'result'> & Partial<AgentStep>,
    effects: readonly AgentEffect[] = [],
  ): Promise<AgentToolResult> {
    const blank = { symbol: null, decided: null, positionId: null };
    const result = came.result.slice(0, LONGEST_RESULT);
    const step = await agent.recordStep(input.key, { ...blank, ...sketch(input), ...came, result }, effects);
    return { kind: 'over', outcome: step.outcome };
  }

  const refuse = (input: AgentToolInput, text: string, about: Partial<AgentStep> = {}) =>
    record(input, {
      ...{
        outcome: StepOutcome.Refused,
        summary: `${input.call.name.slice(0, 60)}: ${text}`,
        result: `refused: ${text}`,
      },
      ...about,
    });

  async function runLook(
    input: AgentToolInput,
    request: LookRequest,
    symbol: string | null,
  ): Promise<AgentToolResult> {
    try {
      const looked = await look(deps, input, request);
      const result = JSON.stringify(looked.told);
      return await record(input, { outcome: StepOutcome.Told, summary: looked.at, result, symbol });
    } catch (error) {
      // What an error says may name addresses and requests: the model is told that there is nothing, and no more.
      deps.log.warn({ tool: request.tool, ...input.key, error }, 'a tool of the agent could not look');
      const why = error instanceof UserError ? error.message : 'it cannot be had now';
      return record(input, {
        ...{ outcome: StepOutcome.Failed, summary: request.tool, result: `failed: ${why}`, symbol },
      });
    }
  }

  async function factsFor(input: AgentToolInput, request: ActRequest): Promise<AgentFacts> {
    const { key, symbols, barred, proposed } = input;
    const positions = await store.livePositions(key.account);
    const facts = { ...key, symbols, barred, proposed, positions, quotes: new Map() };
    const wanted =
      'symbol' in request.arguments
        ? [request.arguments.symbol]
        : ownPositions(facts).map(({ symbol }) => symbol);
    const quotes = await Promise.all(
      [...new Set(wanted)].map((symbol) => exchange.quotes([symbol]).catch(() => [])),
    );
    return { ...facts, quotes: new Map(quotes.flat().map((quote) => [quote.symbol, quote])) };
  }

  async function carryOut(
    input: AgentToolInput,
    verdict: Extract<AgentVerdict, { kind: 'wish' }>,
  ): Promise<AgentToolResult> {
    const { symbol, effects, decided, text } = verdict;
    const positionId = effects.length === 1 ? (effects[0]?.positionId ?? null) : null;
    const came = { outcome: StepOutcome.Done, summary: text, result: 'done', symbol, decided, positionId };
    const done = await record(input, came, effects);
    await wake(
      input,
      effects.map((effect) => effect.positionId),
    );
    return done;
  }

  async function wake({ key }: Pick<AgentToolInput, 'key'>, positionIds: readonly string[]): Promise<void> {
    for (const positionId of positionIds) await wakePosition(deps.owners, key.account, positionId);
  }

  async function wakeOwn(input: AgentToolInput): Promise<void> {
    const { key, symbols, barred, proposed } = input;
    const positions = await store.livePositions(key.account);
    const own = ownPositions({ ...key, symbols, barred, proposed, positions, quotes: new Map() });
    await wake(
      input,
      own.map(({ positionId }) => positionId),
    );
  }

  return {
    /**
     * Runs one call of a tool, once: a step that is journaled is not run again, whoever asks. A tool that the agent was not given, arguments
     * that do not fit and wishes that the rules do not allow are journaled as refused.
     */
    async runAgentTool(input: AgentToolInput): Promise<AgentToolResult> {
      const there = (await agent.steps(input.key)).find(({ step }) => step === input.step);
      if (there !== undefined) {
        // Its worker may have died before it woke the owners.
        if (there.outcome === StepOutcome.Done) await wakeOwn(input);
        return { kind: 'over', outcome: there.outcome };
      }
      const read = readCall(input.call, input.tools);
      if (!read.ok) return refuse(input, read.problem);
      const { request } = read;
      const symbol = 'symbol' in request.arguments ? request.arguments.symbol : null;
      if (symbol !== null && !input.symbols.includes(symbol))
        return refuse(input, `${symbol} is not one of your pairs (${input.symbols.join(', ')})`);
      if (isLook(request)) return runLook(input, request, symbol);
      if (deps.wallTimeMs() > input.untilMs)
        return refuse(input, 'the time of this decision is over', { symbol });
      const verdict = judgeCall(request, await factsFor(input, request));
      if (verdict.kind === 'propose') {
        const { kind, proposal, narrowing, instead, text } = verdict;
        return { kind, proposal, limits: narrowed(input.limits, narrowing), instead, text };
      }
      if (verdict.kind === 'wish') return carryOut(input, verdict);
      const isEntry = request.tool === ToolName.MarketOrder || request.tool === ToolName.LimitOrder;
      return refuse(input, verdict.text, { symbol: verdict.symbol, ...(isEntry && { decided: 'refused' }) });
    },

    /** Journals what risk, and whoever else had a say, made of an entry. */
    async recordProposal({ symbol, text, positionId, answer, ...input }: ProposalOutcome): Promise<void> {
      const granted = positionId !== null;
      await record(input, {
        outcome: granted ? StepOutcome.Done : StepOutcome.Refused,
        decided: granted ? 'enter' : 'refused',
        summary: granted ? `${text} (${answer})` : `${text} – ${answer}`,
        result: granted ? `granted: ${answer}` : `refused: ${answer}`,
        ...{ symbol, positionId },
      });
    },

    /** Whether nothing is left of a position whose entry was taken back, so that another may be asked for. */
    isPositionOver: async (positionId: string): Promise<boolean> =>
      (await store.position(positionId))?.state !== PositionState.Live,

    /** Takes the entry of a position back, whose place another is to take. Once, by its step. */
    async withdrawForStep(
      input: Pick<AgentToolInput, 'key' | 'turn' | 'step' | 'call'> & { readonly positionId: string },
    ): Promise<void> {
      const { positionId } = input;
      const position = await store.position(positionId);
      const came = {
        outcome: StepOutcome.Done,
        summary: `take back the entry ${positionId}`,
        result: 'taken back',
      };
      const about = { symbol: position?.symbol ?? null, positionId };
      await record(input, { ...came, ...about }, [{ kind: 'withdraw', positionId }]);
      await wake(input, [positionId]);
    },

    /** Journals the decision about every pair, with what the agent looked at and did. @returns what each came to */
    async concludeAgent({ key, timeframe, end, decisions }: ConcludeInput) {
      const [turns, steps] = await Promise.all([agent.turns(key), agent.steps(key)]);
      const outcomes = [];
      for (const { symbol, outcome: before, reasons } of decisions) {
        const { outcome, positionId } = agentDecided(symbol, steps, before);
        const candles = { venue: exchange.venue, session: key.session, symbol, timeframe };
        const [bar] = await store.candles(candles, key.barCloseMs, 1);
        const told = [
          ...reasons.filter(({ code }) => code !== 'agent-asked'),
          ...agentReasons(symbol, turns, steps, end),
          // An exit that was decided before the agent was asked tells so already.
          ...(outcome === 'exit' && before !== 'exit' ? await whyEntered(positionId) : []),
        ];
        await store.recordDecision({
          ...{ ...key, symbol, reasons: told, outcome: outcome as DecisionOutcome },
          positionId: positionId ?? (await openPositionId(key, symbol)),
          close: bar === undefined ? null : fromNumber(bar.close, PRICE_PLACES),
        });
        outcomes.push({
          symbol,
          outcome,
          text: told
            .map(({ text }) => text)
            .join('; ')
            .slice(0, 1_000),
        });
      }
      return outcomes;
    },
  };

  async function whyEntered(positionId: string | null): Promise<readonly Reason[]> {
    const position = positionId === null ? undefined : await store.position(positionId);
    return position === undefined ? [] : entryNote(store, position);
  }

  async function openPositionId(key: AgentKey, symbol: string): Promise<string | null> {
    const live = await store.livePositions(key.account);
    return live.find((one) => one.strategy === key.strategy && one.symbol === symbol)?.positionId ?? null;
  }
}

export type AgentDeskActivities = ReturnType<typeof createAgentDesk>;
