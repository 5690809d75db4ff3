import { createAgentActivities } from '../../activities/intelligence/agent';
import { agentParametersSchema } from '../../domain/agent/strategy';
import { AGENT_ID } from '../../domain/agent/tool-names';
import { workflowIds, type StrategySettings } from '../../workflows/contract';
import { scriptedModels, type Saying, type ScriptedModels } from '../agent/scripted-model';
import type { Harness, World } from './harness';

/** Runs the agent, whose model says these things on its bars, one list for each, and nothing to do on later ones. */
export async function runAgent(
  { harness, world }: { readonly harness: Harness; readonly world: World },
  bars: readonly (readonly (Saying | Error)[])[],
  parameters: Readonly<Record<string, unknown>> = {},
  change: Partial<StrategySettings> = {},
): Promise<ScriptedModels> {
  const closes: string[] = [];
  const scripted = scriptedModels((messages, turn) => {
    const close =
      /closed, at (\S+)/.exec(messages.find(({ role }) => role === 'user')?.content ?? '')?.[1] ?? '';
    if (!closes.includes(close)) closes.push(close);
    const saying = bars[closes.indexOf(close)]?.[turn] ?? 'nothing to do';
    return saying instanceof Error ? Promise.reject(saying) : saying;
  });
  world.script.askAgent = createAgentActivities({ models: scripted.models, agent: world.agent }).askAgent;
  const settings = harness.settings({
    ...{ strategyId: AGENT_ID, parameters: agentParametersSchema.parse(parameters), entryTtlBars: 5 },
    ...change,
  });
  await harness.start('strategy', workflowIds.strategy(world.account, settings.name), { settings });
  return scripted;
}

/** Decisions that the agent has come to. */
export const agentDecisions = ({ store }: World) =>
  store.decisions.filter(({ reasons }) => reasons.some(({ code }) => code.startsWith('agent-ended')));
