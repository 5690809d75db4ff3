import type { ManagerOptions } from '../../adapters/llm/asker';
import type { ModelManager } from '../../adapters/llm/manager';
import type { ModelMessage, ModelRequest, ToolCall } from '../../adapters/llm/port';
import { managerOver } from '../evaluation/scripted-model';

/** What a scripted model says in a turn: the tools it asks for, or words. */
export type Saying = string | readonly { readonly tool: string; readonly arguments: unknown }[];

/** Decides on what to say by what it has been told. @param turn how many answers it has given in this conversation */
export type Script = (messages: readonly ModelMessage[], turn: number) => Saying | Promise<Saying>;

export interface ScriptedModels {
  readonly models: ModelManager;
  /** Everything that the model was given, in order. */
  readonly requests: ModelRequest[];
}

/** The real manager over a model that says what a test tells it to: calls of tools that it was not given are turned away as always. */
export function scriptedModels(script: Script, change: Partial<ManagerOptions> = {}): ScriptedModels {
  const requests: ModelRequest[] = [];
  const models = managerOver(async (request) => {
    requests.push(request);
    const turn = request.messages.filter(({ role }) => role === 'assistant').length;
    const said = await script(request.messages, turn);
    if (typeof said === 'string') return { text: said, toolCalls: [] };
    const toolCalls = said.map((call, index): ToolCall => ({
      ...{ id: `call-${turn}-${index}`, name: call.tool },
      arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
    }));
    return { text: '', toolCalls };
  }, change);
  return { models, requests };
}
