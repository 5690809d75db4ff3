import type { ChatHistoryItem, ChatModelFunctionCall } from 'node-llama-cpp' with {
  'resolution-mode': 'import',
};
import type { ModelMessage, ToolCall } from '../port';

/**
 * A conversation as node-llama-cpp keeps it: a tool's result is part of the call that it answers, and the model's turn, into which it
 * writes, is the last.
 */
export function historyOf(messages: readonly ModelMessage[]): ChatHistoryItem[] {
  const resultOf = (call: ToolCall): string =>
    messages.flatMap((message) =>
      message.role === 'tool' && message.toolCallId === call.id ? [message.content] : [],
    )[0] ?? '';
  const items = messages.flatMap((message): ChatHistoryItem[] => {
    switch (message.role) {
      case 'system':
        return [{ type: 'system', text: message.content }];
      case 'user':
        return [{ type: 'user', text: message.content }];
      case 'tool':
        return [];
      case 'assistant': {
        const calls = (message.toolCalls ?? []).map((call): ChatModelFunctionCall => ({
          ...{ type: 'functionCall', name: call.name, params: JSON.parse(call.arguments) as unknown },
          result: resultOf(call),
        }));
        const texts = message.content === '' ? [] : [message.content];
        return [{ type: 'model', response: [...texts, ...calls] }];
      }
    }
  });
  return messages.at(-1)?.role === 'tool' ? items : [...items, { type: 'model', response: [] }];
}
