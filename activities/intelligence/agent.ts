import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { estimateInputTokens } from '../../adapters/llm/estimate';
import type { ModelMessage } from '../../adapters/llm/port';
import { loadPrompt } from '../../adapters/llm/prompt';
import type { AgentCall, AgentKey, AgentTurn } from '../../domain/agent/record';
import { AGENT_ID, type ToolName } from '../../domain/agent/tool-names';
import { AGENT_TOOLS } from '../../domain/agent/tools';
import { transcriptOf } from '../../domain/agent/transcript';
import { UserError } from '../../domain/errors';
import type { Timeframe } from '../../domain/bar';
import type { IntelligenceDeps } from './deps';

type AgentTurnDeps = Pick<IntelligenceDeps, 'models' | 'agent'>;

export interface AskAgentInput {
  readonly key: AgentKey;
  /** From 0. */
  readonly turn: number;
  readonly mandate: string;
  readonly tools: readonly ToolName[];
  readonly symbols: readonly string[];
  readonly timeframe: Timeframe;
  /** What was decided before, and what is barred, in plain words. */
  readonly situation: string;
  /** Of all turns of the decision together. */
  readonly maxTokens: number;
  /** Wall milliseconds that are left. */
  readonly deadlineMs: number;
}

export interface AgentAnswer {
  /** None: it is done, or has not answered. */
  readonly calls: readonly AgentCall[];
  readonly end: 'done' | 'no-answer' | 'tokens' | null;
}

const PROMPT = loadPrompt('agent', 1);
/** Longest answer of one turn. */
const ANSWER_TOKENS = 1_500;
/** Fewer are not worth a question. */
const LEAST_ANSWER_TOKENS = 100;

/** One turn of the agent: a question to the model of its role, with everything that it has seen and done in this decision. */
export const createAgentActivities = ({ models, agent }: AgentTurnDeps) => ({
  /** Asks once: a turn that is journaled is not asked again, and has the same calls. No answer ends the decision. */
  async askAgent(input: AskAgentInput): Promise<AgentAnswer> {
    const { key, turn } = input;
    const [turns, steps] = await Promise.all([agent.turns(key), agent.steps(key)]);
    const there = turns.find((one) => one.turn === turn);
    if (there !== undefined) return answerOf(there);
    const messages: readonly ModelMessage[] = [
      ...PROMPT.render({
        ...{ mandate: input.mandate, strategy: key.strategy, symbols: input.symbols.join(', ') },
        ...{ timeframe: input.timeframe, situation: input.situation },
        close: new Date(key.barCloseMs).toISOString(),
      }),
      ...transcriptOf(turns, steps),
    ];
    const tools = input.tools.map((name) => AGENT_TOOLS[name]);
    const spent = turns.reduce((sum, one) => sum + one.inputTokens + one.outputTokens, 0);
    const rest = { maxTokens: ANSWER_TOKENS, temperature: 0, seed: 0 };
    const left = input.maxTokens - spent - estimateInputTokens({ messages, tools, ...rest });
    if (left < LEAST_ANSWER_TOKENS) return { calls: [], end: 'tokens' };
    const asked = {
      role: AGENT_ID,
      prompt: PROMPT,
      messages,
      tools,
      maxTokens: Math.min(ANSWER_TOKENS, left),
    };
    const reply = await converse(() =>
      models.converse(asked, { deadlineMs: input.deadlineMs, signal: Context.current().cancellationSignal }),
    );
    const blank = {
      turn,
      said: '',
      calls: [],
      model: null,
      requestHash: null,
      inputTokens: 0,
      outputTokens: 0,
    };
    const said: AgentTurn = reply.answered
      ? {
          ...{ turn, said: reply.value.text, calls: reply.value.toolCalls, failure: null },
          ...{ model: reply.model, requestHash: reply.requestHash, ...reply.value.usage },
        }
      : { ...blank, failure: `${reply.kind}: ${reply.message}` };
    return answerOf(await agent.recordTurn(key, said));
  },
});

function answerOf({ calls, failure }: AgentTurn): AgentAnswer {
  if (failure !== null) return { calls: [], end: 'no-answer' };
  return { calls, end: calls.length === 0 ? 'done' : null };
}

/** Nobody is configured, or a replay lacks the answer: asking again changes nothing. */
async function converse<T>(asking: () => Promise<T>): Promise<T> {
  try {
    return await asking();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw ApplicationFailure.nonRetryable(`${error.message} ${error.hint ?? ''}`.trim(), 'NoModel');
  }
}
