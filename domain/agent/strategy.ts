import { z } from 'zod';
import { hold, type Strategy } from '../strategy';
import { erase } from '../strategies/prepare';
import {
  AGENT_ID,
  DEFAULT_BOUNDS,
  GREATEST_BOUNDS,
  TOOL_NAMES,
  ToolName,
  type AgentBounds,
} from './tool-names';

const bound = (name: keyof AgentBounds, least: number) =>
  z.int().min(least).max(GREATEST_BOUNDS[name]).default(DEFAULT_BOUNDS[name]);

export const agentParametersSchema = z.strictObject({
  /** What it is to do, in your own words; it is told beside the rules. */
  mandate: z
    .string()
    .max(2_000)
    .default('Look for entries with a clear reason, and stay out when there is none.'),
  /** The tools that it is given. One that is not here cannot be called. */
  tools: z
    .array(z.enum(ToolName))
    .min(1)
    .default([...TOOL_NAMES]),
  maxTurns: bound('maxTurns', 1),
  maxCallsPerTurn: bound('maxCallsPerTurn', 1),
  maxTokens: bound('maxTokens', 1_000),
  /** Wall milliseconds for all of a decision; what it has not done by then is not done. */
  timeoutMs: bound('timeoutMs', 1_000),
});
export type AgentParameters = z.infer<typeof agentParametersSchema>;

/** Why nothing but trading can run it. */
const LIVE_ONLY =
  'it asks a language model with tools about every bar, and a model that has read about the past knows how it went';

const ASKED = hold<AgentParameters, never>(() => [{ code: 'agent-asked', text: 'The agent is asked' }]);

const strategy: Strategy<AgentParameters, never> = {
  id: AGENT_ID,
  summary:
    'A language model that decides with tools, within risk: docs/agent.md. Needs a model for the role "agent".',
  parameters: agentParametersSchema,
  liveOnly: LIVE_ONLY,
  asksRole: AGENT_ID,
  indicators: () => ({}),
  onBar: () => ASKED,
};

/**
 * The agent as a strategy among the others: its bars are fetched, its positions managed (target, time) and its decisions journaled like
 * everybody's. What it decides itself is asked in `workflows/agent-turns.ts`.
 */
export const agentStrategy = erase(strategy);
